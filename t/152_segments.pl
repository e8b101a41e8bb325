# Segments roll by size and age, are read as one log, found without a scan after a restart, and dropped with their topic.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server;
my $client = $broker->connect;
my ($batches, $batch_bytes, $start_time) = (30, 200_000, 1_700_000_000_000);
my $topic = $broker->create_topic('sized', num_partitions => 2, configs => { 'segment.bytes' => 1048576 });

sub segments {
    my ($of) = @_;
    return $server->sql("SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$of->{name}'");
}
sub batch_at { return KafkaWire::Batch::build_batch([{ value => "$_[0]-" . 'x' x $batch_bytes, timestamp => $start_time + 1000 * $_[0] }]); }

is(segments($topic), 0, 'a topic has no segment before its first record');
for my $number (0 .. $batches - 1) {
    is(produce($client, 9, $topic, { 0 => batch_at($number) })->{0}{base_offset}, $number, "batch $number is appended");
}
is(segments($topic), 6, 'segments of 1 MiB hold five batches of 200 kB each');

sub read_all {
    my ($offset, @values) = (0);
    while ($offset < $batches) {
        my @records = records_of(fetch($client, 12, $topic, $offset, request => { max_bytes => 500_000 }));
        push @values, map { $_->{value} =~ /^(\d+)-/ } @records;
        last if !@records;
        $offset = $records[-1]{offset} + 1;
    }
    return \@values;
}
is_deeply(read_all(), [0 .. $batches - 1], 'they are read as one log');

$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
$server->sql('SELECT pg_stat_reset()');
is(list_offset($client, 7, $topic, -1)->{offset}, $batches, 'after a restart the end is where it was');
is(list_offset($client, 7, $topic, -1, partition_index => 1)->{offset}, 0, 'also of a partition without records');
is(produce($client, 9, $topic, { 1 => batch_at(7) })->{1}{base_offset}, 0, 'which then gets its first');
values_are(fetch($client, 12, $topic, 17, ask => { partition_max_bytes => 1 }), ["17-" . 'x' x $batch_bytes], 'a batch in the middle is found');
my $read = $server->sql("SELECT coalesce(sum(seq_scan), 0), coalesce(sum(idx_tup_fetch), 0) < 20 FROM pg_stat_all_tables"
        . " WHERE schemaname = 'kafka' AND relname LIKE 'segment\\_%'");
is($read, '0|t', 'for all of that no segment was scanned');
is_deeply(read_all(), [0 .. $batches - 1], 'and the log is read from the tables as it was from memory');

for my $number (0, 1, 4, 5, 13, 29) {
    my $answer = list_offset($client, 7, $topic, $start_time + 1000 * $number - 1);
    is_deeply([@$answer{qw(offset timestamp)}], [$number, $start_time + 1000 * $number], "the record at time $number is found in its segment");
}
is(list_offset($client, 7, $topic, $start_time + 1000 * $batches)->{offset}, -1, 'no record is as late as that');
my $newest = list_offset($client, 7, $topic, -3);
is_deeply([@$newest{qw(offset timestamp)}], [29, $start_time + 29_000], 'the largest timestamp is found over all segments');

# A batch that does not fit into a response any more ends it; what lies behind it in the next segment is not sent before it.
my $tight = $broker->create_topic('tight', num_partitions => 2, configs => { 'segment.bytes' => 1048576 });
my %sized = (big => [{ value => 'b' x 900_000 }], small => [{ value => 's' x 200_000 }]);
produce($client, 9, $tight, { 0 => KafkaWire::Batch::build_batch($sized{small}), 1 => KafkaWire::Batch::build_batch($sized{big}) });
produce($client, 9, $tight, { 1 => KafkaWire::Batch::build_batch($sized{small}) });
is(segments($tight), 3, 'batches of 200, 900 and 200 kB take three segments');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
my $both = $client->call('Fetch', 12, { max_bytes => 50_000_000, topics => [fetch_partitions($tight, { 0 => { fetch_offset => 0, partition_max_bytes => 500_000 }, 1 => { fetch_offset => 0, partition_max_bytes => 500_000 } })] });
my %found = map { $_->{partition_index} => $_->{records} } @{ $both->{responses}[0]{partitions} };
ok(length $found{0}, 'the first partition gets its batch');
ok(!length($found{1} // ''), 'the second gets nothing rather than what comes after the batch that does not fit');

my $aged = $broker->create_topic('aged', configs => { 'segment.ms' => 1 });
produce_values($client, $aged, $_) for 1 .. 3;
cmp_ok(segments($aged), '>=', 2, 'segments roll by age');
values_are(fetch($client, 12, $aged, 0), [1 .. 3], 'and are read as one log too');

delete_topics($client, 5, [map { $_->{name} } $topic, $tight, $aged]);
$server->wait_for('the janitor to drop the tables', sub {
    $server->sql("SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\\d+\$' AND relkind = 'r'") == 0;
});
is($server->sql('SELECT count(*) FROM kafka.segment'), 0, 'a deleted topic leaves no segment behind');

my $held = $broker->create_topic('held');
produce_values($client, $held, 'x');
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; SELECT count(*) FROM kafka.segment_' . $server->sql('SELECT max(id) FROM kafka.segment'));
error_is(delete_topics($client, 5, [$held->{name}])->{ $held->{name} }{error_code}, 'NONE', 'a topic somebody reads by SQL is deleted at once');
is($broker->create_topic('held')->{name}, $held->{name}, 'and can be made again');
$session->query_safe('COMMIT');
$session->quit;
$server->sql("SELECT kafka.delete_topic('held')");
$server->wait_for('the janitor to come back for the table', sub {
    $server->sql("SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\\d+\$' AND relkind = 'r'") == 0;
});
pass('its table is dropped when the reader is done');
$broker->finish;
