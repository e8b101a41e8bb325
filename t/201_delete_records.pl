# DeleteRecords 0-2: the log of a partition begins later, for every client, after a restart too; tables that nobody can read any
# more are dropped.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;

# delete_records($version, $topic, { partition => offset, ... }): the answers by partition, "error low_watermark".
sub delete_records {
    my ($version, $topic, $offsets) = @_;
    my $answer = $client->call('DeleteRecords', $version, {
        topics => [{ name => $topic->{name},
            partitions => [map { { partition_index => $_, offset => $offsets->{$_} } } sort keys %$offsets] }],
        timeout_ms => 30_000,
    });
    return { map { $_->{partition_index} => KafkaTest::error_name($_->{error_code}) . " $_->{low_watermark}" }
            @{ $answer->{topics}[0]{partitions} } };
}

sub earliest { return list_offset($client, 7, $_[0], -2)->{offset}; }

for my $version (0 .. 2) {
    my $topic = $broker->create_topic("v$version", num_partitions => 2);
    produce_values($client, $topic, map { "value-$_" } 0 .. 9);
    is_deeply(delete_records($version, $topic, { 0 => 4 }), { 0 => 'NONE 4' }, "v$version: the start moves");
    is(earliest($topic), 4, "v$version: the earliest offset is there");
    is_deeply([map { "$_->{offset} $_->{value}" } grep { $_->{offset} >= 4 } records_of(fetch($client, 12, $topic, 4))],
        [map { "$_ value-$_" } 4 .. 9], "v$version: and what is from there on can be read");
    my $early = fetch($client, 12, $topic, 3);
    error_is($early->{error_code}, 'OFFSET_OUT_OF_RANGE', "v$version: what is before cannot");
    is($early->{log_start_offset}, -1, "v$version: as Kafka says it");
    is_deeply(delete_records($version, $topic, { 0 => 2 }), { 0 => 'NONE 4' }, "v$version: it does not move back");
    is_deeply(
        delete_records($version, $topic, { 0 => 11, 1 => 1, 2 => 0 }),
        { 0 => 'OFFSET_OUT_OF_RANGE -1', 1 => 'OFFSET_OUT_OF_RANGE -1', 2 => 'UNKNOWN_TOPIC_OR_PARTITION -1' },
        "v$version: past the end, and in partitions that are not there");
    is_deeply(delete_records($version, $topic, { 0 => -2 }), { 0 => 'OFFSET_OUT_OF_RANGE -1' }, "v$version: no such offset");
    is_deeply(delete_records($version, $topic, { 0 => -1, 1 => -1 }), { 0 => 'NONE 10', 1 => 'NONE 0' }, "v$version: to the end");
    is_deeply([records_of(fetch($client, 12, $topic, 10))], [], "v$version: nothing is left");
    produce_values($client, $topic, 'after');
    values_are(fetch($client, 12, $topic, 10), ['after'], "v$version: offsets go on");
    is_deeply(delete_records($version, $broker->missing_topic, { 0 => 0 }),
        { 0 => 'UNKNOWN_TOPIC_OR_PARTITION -1' }, "v$version: a topic that is not there");
}

my $compacted = $broker->create_topic('compacted', configs => { 'cleanup.policy' => 'compact' });
my $both = $broker->create_topic('both', configs => { 'cleanup.policy' => 'compact,delete' });
is_deeply(delete_records(2, $compacted, { 0 => 0 }), { 0 => 'POLICY_VIOLATION -1' }, 'a topic that is only compacted is left alone');
is_deeply(delete_records(2, $both, { 0 => 0 }), { 0 => 'NONE 0' }, 'one that is deleted from too is not');

if ($broker->is_ours) {
    my $server = $broker->server;
    my $topic = $broker->create_topic('sized', num_partitions => 2, configs => { 'segment.bytes' => 1048576 });
    my $tables = sub {
        return $server->sql("SELECT count(*) || ' ' || count(to_regclass('kafka.segment_' || s.id))"
                . " FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$topic->{name}'");
    };
    # Four batches in each of three segments; the last one has one batch of the other partition, too.
    produce_values($client, $topic, $_ . 'x' x 250_000) for 0 .. 11;
    produce($client, 9, $topic, { 1 => batch_of('other') });
    is($tables->(), '3 3', 'a topic of three segments');
    is_deeply(delete_records(2, $topic, { 0 => 4 }), { 0 => 'NONE 4' }, 'the first has no record that can be read');
    $server->wait_for('the drop of its table', sub { $tables->() eq '2 2' });
    is_deeply(delete_records(2, $topic, { 0 => 11 }), { 0 => 'NONE 11' }, 'the second neither');
    $server->wait_for('the drop of its table', sub { $tables->() eq '1 1' });
    is_deeply(delete_records(2, $topic, { 0 => -1, 1 => -1 }), { 0 => 'NONE 12', 1 => 'NONE 1' }, 'nor the last');
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    is($tables->(), '1 1', 'which stays, since it says where the partitions end');
    is(earliest($topic), 12, 'after a restart the log begins where it did');
    is(produce($client, 9, $topic, { 0 => batch_of('next') })->{0}{base_offset}, 12, 'and goes on where it ended');
    is($server->sql("SELECT count(*) FROM kafka.messages WHERE topic = '$topic->{name}'"), 1, 'SQL sees what clients see');

    # A session that deletes is as good as a client.
    produce_values($client, $topic, $_ . 'x' x 250_000) for 0 .. 11;
    is($tables->(), '4 4', 'the topic grows again');
    $server->sql("UPDATE kafka.partition p SET log_start_offset = 20 FROM kafka.topic t"
            . " WHERE t.id = p.topic_id AND t.name = '$topic->{name}' AND p.partition = 0");
    $server->wait_for('the drop of two tables', sub { $tables->() eq '2 2' });
    is(earliest($topic), 20, 'a start that SQL has moved');

    is($server->sql("SELECT kafka.delete_records('$topic->{name}', 0, 20)"), 20, 'the same by a function');
    is($server->sql("SELECT kafka.delete_records('$topic->{name}', 0, 21)"), 21, 'which tells where the log begins');
    $server->wait_for('the new start', sub { earliest($topic) == 21 });
    is_deeply([map { $_->{offset} } grep { $_->{offset} >= 21 } records_of(fetch($client, 12, $topic, 21, ask => { partition_max_bytes => 10_000_000 }))], [21 .. 24], 'from which clients read on');

    # A lock that somebody holds.
    my $session = $server->node->background_psql('postgres');
    $session->query_safe('BEGIN; LOCK TABLE kafka.partition');
    is_deeply(delete_records(2, $topic, { 0 => 22 }), { 0 => 'KAFKA_STORAGE_ERROR -1' }, 'nobody waits for a lock on the tables');
    is(earliest($topic), 21, 'and nothing has moved');
    $session->query_safe('ROLLBACK');
    $session->quit;
    is_deeply(delete_records(2, $topic, { 0 => 22 }), { 0 => 'NONE 22' }, 'once it is released it moves');
}
$broker->finish;
