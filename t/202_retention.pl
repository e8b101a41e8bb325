# retention.ms and retention.bytes: old segments go by themselves, for clients first, then their tables; producers that wrote to them
# are still known, and offsets go on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.retention_check_interval_ms' => 10);
my $server = $broker->server;
my $client = $broker->connect;
my $old    = 1_700_000_000_000;

sub topic {
    my ($name, %configs) = @_;
    return $broker->create_topic($name, num_partitions => 2, configs => { 'segment.bytes' => 1048576, %configs });
}

# A batch of a quarter of a segment.
sub quarter {
    my ($timestamp, %batch) = @_;
    return build_batch([{ value => 'x' x 250_000, timestamp => $timestamp }], %batch);
}
sub segments { return $server->sql("SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$_[0]{name}'"); }
sub starts { return join ' ', map { list_offset($client, 7, $_[0], -2, partition_index => $_)->{offset} } 0, 1; }
sub ends   { return join ' ', map { list_offset($client, 7, $_[0], -1, partition_index => $_)->{offset} } 0, 1; }
sub wait_for_start {
    my ($topic, $expected, $what) = @_;
    $server->wait_for($what, sub { starts($topic) eq $expected });
    return pass($what);
}

# --- By size -------------------------------------------------------------------------------------------

my $sized = topic('sized', 'retention.bytes' => 600_000);
produce($client, 9, $sized, { 0 => quarter(time * 1000), 1 => batch_of('little') }) for 1 .. 12;
wait_for_start($sized, '8 0', 'retention.bytes: as much of the oldest goes as leaves it to a partition, whatever another has');
is(ends($sized), '12 12', 'the end stays');
is(segments($sized), 3, 'so do segments, as long as one of the partitions needs them');
$client->call('DeleteRecords', 2, { topics => [{ name => $sized->{name}, partitions => [{ partition_index => 1, offset => 8 }] }] });
$server->wait_for('the drop of the oldest segments', sub { segments($sized) == 1 });
is($server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\d+$' AND relkind = 'r'}), 1, 'with their tables');

# --- By time -------------------------------------------------------------------------------------------

my $timed = topic('timed', 'retention.ms' => 3_600_000, 'message.timestamp.type' => 'CreateTime');
produce($client, 9, $timed, { 0 => quarter($old) }) for 1 .. 4;
produce($client, 9, $timed, { 1 => quarter(time * 1000) });
wait_for_start($timed, '4 0', 'retention.ms: what is older goes, of all partitions');
produce($client, 9, $timed, { 0 => quarter(time * 1000) });
is(starts($timed), '4 0', 'and what is not stays');

# --- The open segment, and what is remembered ------------------------------------------------------------

my $id = $client->call('InitProducerId', 4, { transaction_timeout_ms => 60_000 })->{producer_id};
my $forgotten = topic('forgotten', 'retention.ms' => -1);
my @sent = map { quarter($old, producer_id => $id, producer_epoch => 0, base_sequence => $_) } 0 .. 4;
produce($client, 9, $forgotten, { 0 => $_ }) for @sent;
is(starts($forgotten) . ' ' . ends($forgotten), '0 0 5 0', 'retention.ms = -1: all records stay');
$server->sql("UPDATE kafka.topic_config SET value = '1000' WHERE name = 'retention.ms'"
        . " AND topic_id = (SELECT id FROM kafka.topic WHERE name = '$forgotten->{name}')");
wait_for_start($forgotten, '5 0', 'all that is too old goes, also from the open segment');
$server->wait_for('one empty segment', sub { segments($forgotten) == 1 });
is($server->sql("SELECT count(*) FROM kafka.messages WHERE topic = '$forgotten->{name}'"), 0, 'SQL sees none of it');
for my $when ('', ' after a restart') {
    if ($when) {
        $server->node->restart;
        $server->wait_for_port;
        $client = $broker->connect;
    }
    is(ends($forgotten), '5 0', "the end stays$when");
    is(produce($client, 9, $forgotten, { 0 => $sent[4] })->{0}{base_offset}, 4, "a batch that is gone is still known as a duplicate$when");
}
is(produce($client, 9, $forgotten, { 0 => build_batch([{ value => 'next', timestamp => time * 1000 }],
                producer_id => $id, producer_epoch => 0, base_sequence => 5) })->{0}{base_offset}, 5, 'and offsets go on');

# What DeleteRecords leaves nothing of.
my $purged = topic('purged');
produce($client, 9, $purged, { 0 => quarter(time * 1000), 1 => quarter(time * 1000) });
my ($table) = $server->sql("SELECT \"table\" FROM kafka.segments WHERE topic = '$purged->{name}'");
$client->call('DeleteRecords', 2, { topics => [{ name => $purged->{name}, partitions => [map { { partition_index => $_, offset => -1 } } 0, 1] }] });
$server->wait_for('the drop of a table without a record that can be read', sub { $server->sql("SELECT to_regclass('$table')") eq '' });
is(ends($purged), '1 1', 'a topic of which all was deleted takes no room');

# --- Policies and the setting ------------------------------------------------------------------------------

my $compacted = topic('compacted', 'cleanup.policy' => 'compact', 'retention.ms' => 1000);
produce($client, 9, $compacted, { 0 => build_batch([{ key => 'k', value => 'kept', timestamp => $old }]) });
my $default = topic('default', 'segment.bytes' => 1048576);
produce($client, 9, $default, { 0 => quarter(time * 1000 - 86_400_000) });
$server->set('pg_kafka.retention_ms' => '1h');
wait_for_start($default, '1 0', 'pg_kafka.retention_ms holds for topics without a config of their own');
is(starts($compacted), '0 0', 'a topic that is only compacted keeps what is old');

# --- An aborted transaction in what goes ---------------------------------------------------------------------

my $aborted = topic('aborted', 'retention.ms' => -1);
my $tid = $broker->name('tid');
my $producer = $client->call('InitProducerId', 4, { transactional_id => $tid, transaction_timeout_ms => 60_000 });
my %of = (producer_id => $producer->{producer_id}, producer_epoch => $producer->{producer_epoch});
$client->call('AddPartitionsToTxn', 3, { v3_and_below_transactional_id => $tid, v3_and_below_producer_id => $of{producer_id},
        v3_and_below_producer_epoch => $of{producer_epoch}, v3_and_below_topics => [{ name => $aborted->{name}, partitions => [0] }] });
produce($client, 9, $aborted, { 0 => quarter($old, %of, base_sequence => 0, attributes => 0x10) }, transactional_id => $tid);
$server->sql("UPDATE kafka.topic_config SET value = '1000' WHERE name = 'retention.ms'"
        . " AND topic_id = (SELECT id FROM kafka.topic WHERE name = '$aborted->{name}')");
wait_for_start($aborted, '1 0', 'the records of an open transaction go like others');
my $end = $client->call('EndTxn', 3, { transactional_id => $tid, %of, committed => 0 });
error_is($end->{error_code}, 'NONE', 'it can be ended');
is(ends($aborted), '2 0', 'its marker is in the log');
is($server->sql('SELECT count(*) FROM kafka.aborted_transaction'), 1, 'and readers would be told');
$server->sql("SELECT kafka.delete_topic('$_->{name}')") for $sized, $timed;
$client->call('DeleteRecords', 2, { topics => [{ name => $aborted->{name}, partitions => [{ partition_index => 0, offset => -1 }] }] });
produce($client, 9, $aborted, { 0 => quarter($old) }) for 1 .. 4;
$server->wait_for('what is stored of the aborted transaction to go', sub { $server->sql('SELECT count(*) FROM kafka.aborted_transaction') == 0 });
pass('what is told of aborted transactions goes with their records');

# --- What cannot be deleted now ------------------------------------------------------------------------------

my $locked = topic('locked', 'retention.bytes' => 0);
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.partition IN SHARE MODE');
produce($client, 9, $locked, { 0 => quarter(time * 1000) }) for 1 .. 5;
is(starts($locked), '0 0', 'while somebody holds the table, records stay');
is(ends($locked), '5 0', 'and others are stored');
$session->query_safe('ROLLBACK');
$session->quit;
wait_for_start($locked, '4 0', 'then they go');
$broker->finish;
