# Fetch 4-18 without sessions: which records come back, within which limits, and each error of a partition.
# The waiting of Fetch is in 131, its sessions in 105.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker  = KafkaTest->start;
my $client  = $broker->connect;
my $now     = int(time) * 1000;
my $forever = 2**31 - 1;

# Three batches of two records: offsets 0-1, 2-3, 4-5.
my $topic  = $broker->create_topic('fetched');
my @values = map { "value $_" } 0 .. 5;
produce_values($client, $topic, @values[$_, $_ + 1]) for 0, 2, 4;

# --- Every version, and what a partition's answer says ---------------------------------------------

for my $version (4 .. 18) {
    my $fetched = fetch($client, $version, $topic, 0, request => { rack_id => 'some-rack' });
    error_is($fetched->{error_code}, 'NONE', "v$version: a fetch from the beginning");
    values_are($fetched, \@values, "v$version: gives all values in order");
    is_deeply([map { $_->{offset} } records_of($fetched)], [0 .. 5], "v$version: at offsets without a gap");
    is($fetched->{high_watermark},         6,  "v$version: the high watermark is after the last record");
    is($fetched->{last_stable_offset},     6,  "v$version: as is the last stable offset");
    is($fetched->{log_start_offset},       0,  "v$version: the log begins at 0") if $version >= 5;
    is($fetched->{preferred_read_replica}, -1, "v$version: there is no other replica to read")
        if $version >= 11;
    is($fetched->{aborted_transactions}, undef, "v$version: read_uncommitted lists no aborted transactions");
    is($fetched->{diverging_epoch},      undef, "v$version: nothing diverges");
    my $committed = fetch($client, $version, $topic, 4, request => { isolation_level => 1 });
    values_are($committed, [@values[4, 5]], "v$version: read_committed gives what is committed");
    is_deeply($committed->{aborted_transactions}, [], "v$version: with a list of aborted transactions");
}

# --- Offsets ---------------------------------------------------------------------------------------

for my $offset (0 .. 5) {
    my $first = (records_of(fetch($client, 12, $topic, $offset)))[0];
    is($first->{offset}, $offset - $offset % 2, "offset $offset: the batch that holds it comes whole");
}
my $at_end = fetch($client, 12, $topic, 6);
error_is($at_end->{error_code}, 'NONE', 'a fetch at the end of the log succeeds');
is($at_end->{records},        '', 'without records');
is($at_end->{high_watermark}, 6,  'and with the high watermark');

for my $version (4, 11, 12, 18) {
    for my $offset (7, 1e12, -1, -2) {
        my $beyond =
            fetch($client, $version, $topic, $offset, request => { max_wait_ms => $forever, min_bytes => 1 });
        error_is($beyond->{error_code}, 'OFFSET_OUT_OF_RANGE',
            "v$version: offset $offset is outside of the log");
        is($beyond->{high_watermark},     -1, "v$version: offset $offset: no high watermark");
        is($beyond->{last_stable_offset}, -1, "v$version: offset $offset: no last stable offset");
        is($beyond->{records},            '', "v$version: offset $offset: records are empty, never null");
    }
}
my $empty = $broker->create_topic('empty');
error_is(fetch($client, 12, $empty, 0)->{error_code},
    'NONE', 'the beginning of an empty partition can be fetched');
error_is(fetch($client, 12, $empty, 1)->{error_code},
    'OFFSET_OUT_OF_RANGE', 'an empty partition has no offset 1');

# --- Limits ----------------------------------------------------------------------------------------

my $wide = $broker->create_topic('wide', num_partitions => 3);
for my $partition (0 .. 2) {
    produce($client, 9, $wide, { $partition => batch_of($_ x 1000) }) for 'a' .. 'd';
}
my $size = length batch_of('a' x 1000);

sub sizes {
    my ($request, $ask) = @_;
    my $answer = $client->call(
        'Fetch', 12,
        {
            topics => [fetch_partitions($wide, { map { $_ => { fetch_offset => 0, %$ask } } 0 .. 2 })],
            %$request
        }
    );
    my %batches = map { $_->{partition_index} => scalar batch_bytes($_->{records}) }
        @{ $answer->{responses}[0]{partitions} };
    return [@batches{ 0 .. 2 }];
}
is_deeply(sizes({}, {}), [4, 4, 4], 'without limits every batch comes');
is_deeply(
    sizes({}, { partition_max_bytes => 2.5 * $size }),
    [2, 2, 2],
    'partition_max_bytes holds for each partition'
);
is_deeply(
    sizes({ max_bytes => 1 }, {}),
    [1, 0, 0],
    'max_bytes 1: the first batch of the first partition still comes'
);
is_deeply(
    sizes({}, { partition_max_bytes => 1 }),
    [1, 0, 0],
    'partition_max_bytes 1: one batch of the first partition'
);
is_deeply(
    sizes({ max_bytes => 0 }, { partition_max_bytes => 0 }),
    [1, 0, 0],
    'limits of 0 still give one batch'
);
is_deeply(sizes({ max_bytes => 6.2 * $size }, {}), [4, 2, 0], 'max_bytes holds for all partitions together');
for my $version (4, 12, 18) {
    my $fetched = fetch(
        $client, $version, $wide, 2,
        ask     => { partition_max_bytes => 1 },
        request => { max_bytes           => 1 }
    );
    is_deeply([map { $_->{offset} } records_of($fetched)], [2], "v$version: tiny limits still make progress");
}
my $answer = $client->call(
    'Fetch', 12,
    {
        max_bytes => 1,
        topics    => [
            fetch_partitions($topic, { 0 => { fetch_offset => 6 } }),
            fetch_partitions($wide,  { 1 => { fetch_offset => 0 } })
        ]
    }
);
is(scalar batch_bytes($answer->{responses}[1]{partitions}[0]{records}),
    1, 'an empty partition does not use up the first batch');

my $large = $broker->create_topic('large');
my $value = join '', map { chr(32 + $_ % 90) } 1 .. 900_000;
produce_values($client, $large, $value);
values_are(fetch($client, 12, $large, 0, ask => { partition_max_bytes => 1024 }),
    [$value], 'a value of 900 KB comes back whole');

# --- Unknown topics, several topics ----------------------------------------------------------------

my $missing = $broker->missing_topic;
for my $version (4, 12, 13, 18) {
    my $unknown = $version >= 13 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
    my $none = fetch($client, $version, $missing, 0, request => { max_wait_ms => $forever, min_bytes => 1 });
    error_is($none->{error_code}, $unknown, "v$version: a topic that does not exist");
    is($none->{high_watermark}, -1, "v$version: a topic that does not exist has no high watermark");
    is($none->{records},        '', "v$version: its records are empty, never null");
    for my $partition (1, -1, $forever) {
        my $absent = fetch($client, $version, $topic, 0, partition => $partition);
        error_is($absent->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION',
            "v$version: partition $partition does not exist");
    }
    my $mixed = $client->call(
        'Fetch', $version,
        {
            topics => [
                fetch_partitions($missing, { 0 => { fetch_offset => 0 } }),
                fetch_partitions($topic,   { 0 => { fetch_offset => 0 } })
            ]
        }
    );
    my ($good) = grep { ($_->{topic} // $_->{topic_id}) eq ($version >= 13 ? $topic->{id} : $topic->{name}) }
        @{ $mixed->{responses} };
    is(scalar batch_bytes($good->{partitions}[0]{records}),
        3, "v$version: other topics of the request are served");
}
error_is(metadata($client, 9, [$missing->{name}], allow_auto_topic_creation => 0)->{topics}[0]{error_code},
    'UNKNOWN_TOPIC_OR_PARTITION', 'Fetch creates no topic');
my $reborn = $broker->create_topic('reborn');
delete_topics($client, 5, [$reborn->{name}]);
wait_until('it is gone', sub { fetch($client, 12, $reborn, 0)->{error_code} == 3 });
$broker->create_topic('reborn');
error_is(fetch($client, 13, $reborn, 0)->{error_code},
    'UNKNOWN_TOPIC_ID', 'the id of a topic before it was created again');

# --- Leader epochs ---------------------------------------------------------------------------------

for my $version (9, 12, 18) {
    my %error =
        (-1 => 'NONE', 0 => 'NONE', -2 => 'NONE', 1 => 'UNKNOWN_LEADER_EPOCH', 99 => 'UNKNOWN_LEADER_EPOCH');
    for my $epoch (sort { $a <=> $b } keys %error) {
        my $fetched = fetch($client, $version, $topic, 0, ask => { current_leader_epoch => $epoch });
        error_is($fetched->{error_code},
            $error{$epoch}, "v$version: the client believes in leader epoch $epoch");
    }
}
my $fetched = fetch($client, 12, $topic, 4, ask => { last_fetched_epoch => 0 });
values_are($fetched, [@values[4, 5]], 'the last fetched epoch is still ours: records');
is($fetched->{diverging_epoch}, undef, 'and no divergence');
$fetched = fetch(
    $client, 12, $topic, 100,
    ask     => { last_fetched_epoch => 0 },
    request => { max_wait_ms        => $forever, min_bytes => 1 }
);
error_is($fetched->{error_code}, 'NONE', 'the client is ahead of the epoch that it fetched last');
is_deeply($fetched->{diverging_epoch}, { epoch => 0, end_offset => 6 }, 'and is told where that epoch ended');
is($fetched->{records}, '', 'without records');

# --- Answers that do not wait ----------------------------------------------------------------------

is_deeply($client->call('Fetch', $_, { max_wait_ms => $forever, min_bytes => 1 })->{responses},
    [], "v$_: no partitions, no waiting")
    for 4, 12, 18;
sub waiting_beside {
    my ($other, $offset) = @_;
    my $answer = $client->call(
        'Fetch', 12,
        {
            max_wait_ms => $forever,
            min_bytes   => 1,
            topics      => [
                fetch_partitions($topic, { 0 => { fetch_offset => 6 } }),
                fetch_partitions($other, { 0 => { fetch_offset => $offset } })
            ]
        }
    );
    my ($partition) = grep { $_->{error_code} != 0 } map { @{ $_->{partitions} } } @{ $answer->{responses} };
    return $partition->{error_code};
}
error_is(waiting_beside($empty, 5),
    'OFFSET_OUT_OF_RANGE', 'an offset out of range is answered without waiting');
error_is(waiting_beside($missing, 0),
    'UNKNOWN_TOPIC_OR_PARTITION', 'a missing topic is answered without waiting')
    if $broker->is_ours;    # Kafka waits for the other partitions
$fetched = fetch($client, 12, $topic, 0, request => { max_wait_ms => $forever, min_bytes => 1 });
values_are($fetched, \@values, 'min_bytes that are there are answered without waiting');
error_is(fetch($client, 12, $topic, 6, request => { max_wait_ms => 0, min_bytes => $forever })->{error_code},
    'NONE', 'max_wait_ms 0 does not wait for min_bytes');

$broker->finish;
