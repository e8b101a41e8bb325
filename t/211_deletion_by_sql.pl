# Log start offsets that SQL moves, rows that it takes away, sessions that read on: the same holds as when a client deletes, and nobody
# loses what is not deleted.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'changes the tables of our own server';
my $client = $broker->connect;

sub topic { return $broker->create_topic($_[0], num_partitions => 1, configs => { 'segment.bytes' => 1_048_576, 'retention.ms' => -1 }); }

# Two of them fill a segment.
sub half { my (%batch) = @_; return build_batch([{ value => 'x' x 500_000 }], %batch); }
sub fill { my ($topic, $halves) = @_; return produce($client, 9, $topic, { 0 => half() })->{0}{base_offset} if $halves == 1; fill($topic, 1) for 1 .. $halves; return; }
sub id_of  { return "(SELECT id FROM kafka.topic WHERE name = '$_[0]{name}')"; }
sub tables { my ($topic) = @_; return $server->sql("SELECT count(*) FROM kafka.segment s WHERE to_regclass('kafka.segment_' || id) IS NOT NULL AND topic_id = " . id_of($topic)); }
sub crash {
    $server->node->stop('immediate');
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    return;
}

# --- Producers ------------------------------------------------------------------------------------------------

for my $opened ('a topic in use', 'a topic that nobody has asked for since a crash') {
    my $topic = topic($opened =~ s/\W/_/gr);
    my $id    = $client->call('InitProducerId', 4, { transaction_timeout_ms => 60_000 })->{producer_id};
    my @sent  = map { build_batch([{ value => "v$_" }], producer_id => $id, producer_epoch => 0, base_sequence => $_) } 0 .. 4;
    produce($client, 9, $topic, { 0 => $_ }) for @sent;
    fill($topic, 6);
    crash() if $opened =~ /crash/;
    is($server->sql("SELECT kafka.delete_records('$topic->{name}', 0, 10)"), 10, "$opened: SQL deletes what a producer has written");
    $server->wait_for('the drop of its tables', sub { tables($topic) < 3 });
    crash();
    is(produce($client, 9, $topic, { 0 => $sent[4] })->{0}{base_offset}, 4, 'which is known when it is sent again, after a crash');
}

# --- Readers --------------------------------------------------------------------------------------------------

my $read = topic('read');
fill($read, 10);
my $tables = tables($read);
my $reader = $server->node->background_psql('postgres');
$reader->query_safe(qq{BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c CURSOR FOR SELECT "offset" FROM kafka.messages WHERE topic = '$read->{name}' AND partition = 0});
is($reader->query_safe('FETCH 1 FROM c'), 0, 'a session reads');
$client->call('DeleteRecords', 2, { topics => [{ name => $read->{name}, partitions => [{ partition_index => 0, offset => 9 }] }] });
$server->wait_for_log(qr/pg_kafka janitor: table .* is in use/);
is(tables($read), $tables, 'while it reads the oldest segment no other goes');
is($reader->query_safe('FETCH ALL FROM c'), join("\n", 1 .. 9), 'and it reads on to the end');
$reader->query_safe('COMMIT');
$reader->quit;
fill(topic('wakes'), 1);
$server->sql("SELECT kafka.delete_topic('wakes')");
$server->wait_for('the drop', sub { tables($read) < $tables });

# --- Rows of partitions ---------------------------------------------------------------------------------------

my $rows = topic('rows');
fill($rows, 6);
$server->sql('CREATE TABLE kept AS SELECT * FROM kafka.partition WHERE topic_id = ' . id_of($rows));
$server->sql('DELETE FROM kafka.partition WHERE topic_id = ' . id_of($rows));
my $sign = topic('sign');
fill($sign, 1);
$server->sql("SELECT kafka.delete_topic('$sign->{name}')");
$server->wait_for('a round of the janitor', sub { $server->sql("SELECT count(*) FROM kafka.segment s WHERE NOT EXISTS (SELECT FROM kafka.topic t WHERE t.id = s.topic_id)") == 0 });
$server->sql('INSERT INTO kafka.partition SELECT * FROM kept');
wait_until('the partition to be back', sub { list_offset($client, 7, $rows, -1)->{offset} == 6 });
is($server->sql(qq{SELECT count(*) FROM kafka.messages WHERE topic = '$rows->{name}'}), 6, 'who takes partitions away and puts them back finds their records');

# --- What dies later ------------------------------------------------------------------------------------------

my $rolled = topic('rolled');
fill($rolled, 2);
$client->call('DeleteRecords', 2, { topics => [{ name => $rolled->{name}, partitions => [{ partition_index => 0, offset => -1 }] }] });
is(tables($rolled), 1, 'the last segment stays, though all of it is deleted');
fill($rolled, 2);
$server->wait_for('its drop once there is another', sub { tables($rolled) == 1 });

# --- What the broker has in mind --------------------------------------------------------------------------------

my $moved = topic('moved');
fill($moved, 8);
$server->sql("UPDATE kafka.cluster SET timeline = 0");
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
fill($moved, 1);
is($server->sql("SELECT kafka.delete_records('$moved->{name}', 0, 6)"), 6, 'SQL deletes');
$server->wait_for('the drop', sub { tables($moved) < 4 });
is(epoch_end($client, 3, $moved, 0)->{error_code}, 0, 'no client comes upon the tables that are gone');
is(list_offset($client, 7, $moved, -2)->{offset}, 6, 'and the log begins where it was said');

my $compacted = $broker->create_topic('compacted', num_partitions => 1, configs => { 'cleanup.policy' => 'compact' });
my (undef, undef, $error) = $server->node->psql('postgres', "SELECT kafka.delete_records('$compacted->{name}', 0)");
$server->expect_in_log(qr/cannot be deleted/);
like($error, qr/records of topic "\Q$compacted->{name}\E" cannot be deleted.*cleanup.policy is compact/s, 'what clients may not, SQL may not');
$broker->finish;
