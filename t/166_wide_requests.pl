# Requests that name thousands of topics are served in parts: they take no more locks than there are, and hold up nobody.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my ($count, $broker) = (2500, KafkaTest->start);
my ($server, $client, $other) = ($broker->server, $broker->connect, $broker->connect);
my @names   = map { sprintf 'topic-%04d', $_ } 1 .. $count;
my $created = create_topics($client, 7, [map { { name => $_, num_partitions => 1, replication_factor => 1 } } @names]);
is((grep { $_->{error_code} == 0 } values %$created), $count, "$count topics are created");
my $bystander = $broker->create_topic('bystander');

sub produce_request {
    my ($batch, @topics) = @_;
    return { acks => -1, topic_data => [map { { name => $_, partition_data => [{ index => 0, records => $batch }] } } @topics] };
}
# How often each answer of a Produce or ListOffsets to all topics was given.
sub answers {
    my ($topics, $partitions, $field) = @_;
    my %times;
    for my $topic (@$topics) {
        $times{"error $_->{error_code}, offset $_->{$field}"}++ for @{ $topic->{$partitions} };
    }
    return \%times;
}
sub list_offsets_request {
    return { topics => [map { { name => $_, partitions => [{ partition_index => 0, timestamp => -1 }] } } @names] };
}

# The bystander is answered while the large request is worked on; SQL sessions find locks to take.
$client->send_request('Produce', 9, produce_request(batch_of('wide'), @names));
my $served = 0;
for (1 .. 3) {
    $served++ if produce_values($other, $bystander, 'meanwhile') == $_ - 1;
    $server->sql('CREATE TEMPORARY TABLE scratch (a int PRIMARY KEY, b text)');
}
is($served, 3, 'another client is served meanwhile');
cmp_ok($server->sql('SELECT count(*) FROM kafka.segment'), '<', $count, 'before the large request is done');
is_deeply(answers($client->receive->{responses}, 'partition_responses', 'base_offset'), { 'error 0, offset 0' => $count },
    "a Produce to $count topics without segments succeeds");
is_deeply(answers($client->call('Produce', 9, produce_request(batch_of('wide'), @names))->{responses}, 'partition_responses', 'base_offset'),
    { 'error 0, offset 1' => $count }, 'and one to those with segments');
is($server->sql(q{SELECT count(*) FROM kafka.partitions WHERE topic LIKE 'topic-%' AND high_watermark = 2}), $count, 'SQL agrees');

# One that fails in part tells which part.
$server->expect_in_log(qr/pg_kafka could not store records/, qr/violates check constraint/);
my $table = $server->sql(q{SELECT 'kafka.segment_' || s.id FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = 'topic-1000'});
$server->sql("ALTER TABLE $table ADD CONSTRAINT full_disk CHECK (false) NOT VALID");
my $answer = $client->call('Produce', 9, produce_request(batch_of('wide'), @names))->{responses};
$server->sql("ALTER TABLE $table DROP CONSTRAINT full_disk");
my %stored = map { $_->{name} => $_->{partition_responses}[0]{error_code} == 0 ? 1 : 0 } @$answer;
is($stored{'topic-1000'}, 0, 'what cannot be stored is refused');
cmp_ok((grep { $_ } values %stored), '>', $count / 2, 'the rest is not');
my %ends = map { split /\|/ } split /\n/, $server->sql(q{SELECT topic, high_watermark - 2 FROM kafka.partitions WHERE topic LIKE 'topic-%'});
is_deeply(\%stored, \%ends, 'exactly those batches are there that the answer says');

# After a restart every topic has to be opened.
$server->node->restart;
$server->wait_for_port;
($client, $other) = ($broker->connect, $broker->connect);
my @pending = ([@names[2, 0 .. 1, 3 .. $count - 1]], [$names[2]], [@names[2, 3]]);
$client->send_request('Produce', 9, produce_request(batch_of('ordered'), @$_)) for @pending;
is(produce_values($other, $bystander, 'meanwhile'), 3, 'another client is served');
my $next = 2 + $stored{ $names[2] };
is($client->receive->{responses}[0]{partition_responses}[0]{base_offset}, $next + $_, "request $_ of several in flight is stored in its turn")
    for 0 .. $#pending;

$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
my $found = $client->call('ListOffsets', 7, list_offsets_request())->{topics};
my %expected = map { $_ => 3 + $stored{$_} } @names;
$expected{ $names[$_] } += { 2 => 2, 3 => 1 }->{$_} for 2, 3;
is_deeply({ map { $_->{name} => $_->{partitions}[0]{offset} } @$found }, \%expected, 'ListOffsets finds the end of every topic');

# Where locks are short, the broker makes do with fewer.
$server->expect_in_log(qr/out of shared memory/);
my @late = map { "late-$_" } 1 .. 150;
create_topics($client, 7, [map { { name => $_, num_partitions => 1, replication_factor => 1 } } @late]);
# What others hold now they will give back.
$server->wait_for('others to hold few locks', sub { $server->sql('SELECT count(*) FROM pg_locks') < 50 });
my $hoarder = $server->node->background_psql('postgres');
$hoarder->query_safe(q{DO $$
DECLARE n int := 0;
BEGIN
    BEGIN
        LOOP
            PERFORM pg_advisory_lock(n + 1);
            n := n + 1;
        END LOOP;
    EXCEPTION WHEN out_of_memory THEN NULL;
    END;
    PERFORM pg_advisory_unlock(i) FROM generate_series(1, 60) AS i;
END $$});
my @left = @late;
for my $try (1 .. 20) {
    my $answer = $client->call('Produce', 9, produce_request(batch_of('short'), @left))->{responses};
    @left = map { $_->{name} } grep { $_->{partition_responses}[0]{error_code} != 0 } @$answer;
    last if !@left;
}
$hoarder->quit;
is(scalar @left, 0, 'a producer that tries again what was refused gets everything stored');
cmp_ok($server->log_count(qr/pg_kafka could not store records: out of shared memory/), '>', 0, 'although locks had run out');
is($server->sql(q{SELECT count(*) FROM kafka.partitions WHERE topic LIKE 'late-%' AND high_watermark = 1}), scalar @late, 'once');
$broker->finish;
