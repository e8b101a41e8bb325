# ListOffsets 1-11: the ends of the log, offsets by time, and the special timestamps of later versions.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $start  = int(time) * 1000 - 100_000;
my ($latest, $earliest, $max_timestamp, $earliest_local, $latest_tiered, $earliest_pending) =
    map { -$_ } 1 .. 6;

# Times of the records at offsets 0 to 6, in three batches. The largest is at offset 3, in the middle of a
# batch.
my @times  = ([0, 10, 20], [50, 40], [30, 45]);
my $topic  = $broker->create_topic('timed', num_partitions => 2);
my $empty  = $broker->create_topic('empty');
my @codecs = ('none', 'gzip', 'none');
for my $i (0 .. 2) {
    my $batch = build_batch([map { { value => "at $_", timestamp => $start + $_ } } @{ $times[$i] }],
        codec => $codecs[$i]);
    error_is(produce($client, 9, $topic, { 0 => $batch })->{0}{error_code}, 'NONE', "batch $i is stored");
}

sub answer_is {
    my ($answer, $offset, $timestamp, $version, $test) = @_;
    error_is($answer->{error_code}, 'NONE', "$test: no error");
    is($answer->{offset},       $offset,              "$test: the offset");
    is($answer->{timestamp},    $timestamp,           "$test: the timestamp");
    is($answer->{leader_epoch}, $offset < 0 ? -1 : 0, "$test: the leader epoch") if $version >= 4;
    return;
}

# --- Every version ---------------------------------------------------------------------------------

for my $version (1 .. 11) {
    my $name = "v$version";
    answer_is(list_offset($client, $version, $topic, $latest),   7, -1, $version, "$name: latest");
    answer_is(list_offset($client, $version, $topic, $earliest), 0, -1, $version, "$name: earliest");
    answer_is(list_offset($client, $version, $topic, $start + 15), 2, $start + 20, $version,
        "$name: by time");
    answer_is(list_offset($client, $version, $topic, $start + 51),
        -1, -1, $version, "$name: after all records");
    answer_is(list_offset($client, $version, $topic, $latest, isolation_level => 1),
        7, -1, $version, "$name: latest committed")
        if $version >= 2;
}

# --- By time: the first record, by offset, that is not older ---------------------------------------

my %first = (
    0     => [0, 0],
    1     => [1, 10],
    10    => [1, 10],
    20    => [2, 20],
    21    => [3, 50],
    41    => [3, 50],
    50    => [3, 50],
    -5000 => [0, 0]
);
for my $time (sort { $a <=> $b } keys %first) {
    my ($offset, $found) = @{ $first{$time} };
    answer_is(list_offset($client, 7, $topic, $start + $time), $offset, $start + $found, 7, "time $time");
}
answer_is(list_offset($client, 7, $topic, 0),     0,  $start, 7, 'time 0 is before all records');
answer_is(list_offset($client, 7, $topic, 2**62), -1, -1,     7, 'a time in the far future');

# --- An empty partition ----------------------------------------------------------------------------

answer_is(list_offset($client, 7, $empty, $latest),        0,  -1, 7, 'empty: latest');
answer_is(list_offset($client, 7, $empty, $earliest),      0,  -1, 7, 'empty: earliest');
answer_is(list_offset($client, 7, $empty, 0),              -1, -1, 7, 'empty: by time');
answer_is(list_offset($client, 7, $empty, $max_timestamp), -1, -1, 7, 'empty: largest timestamp');

# --- Special timestamps and the versions that know them --------------------------------------------

answer_is(
    list_offset($client, 7, $topic, $max_timestamp),
    3, $start + 50,
    7, 'v7: the record with the largest timestamp'
);
answer_is(
    list_offset($client, 11, $topic, $max_timestamp),
    3,  $start + 50,
    11, 'v11: the record with the largest timestamp'
);
answer_is(list_offset($client, 8, $topic, $earliest_local), 0, -1, 8, 'v8: earliest local is earliest');
for my $version (9, 11) {
    my $tiered = list_offset($client, $version, $topic, $latest_tiered);
    error_is($tiered->{error_code}, 'NONE', "v$version: latest tiered");
    is($tiered->{offset}, -1, "v$version: nothing is tiered");
}
my $pending = list_offset($client, 11, $topic, $earliest_pending);
error_is($pending->{error_code}, 'NONE', 'v11: earliest pending upload');
is($pending->{offset}, -1, 'v11: nothing is to be uploaded');
my %since = (-3 => 7, -4 => 8, -5 => 9, -6 => 11);
for my $special (sort keys %since) {
    my $answer = list_offset($client, $since{$special} - 1, $topic, $special);
    error_is($answer->{error_code}, 'UNSUPPORTED_VERSION', "timestamp $special before v$since{$special}");
    is($answer->{offset}, -1, "timestamp $special before v$since{$special}: no offset");
}
error_is(list_offset($client, 11, $topic, -7)->{error_code},
    'UNSUPPORTED_VERSION', 'a special timestamp that nobody knows');

# --- Errors ----------------------------------------------------------------------------------------

my $missing = $broker->missing_topic;
for my $version (1, 5, 6, 11) {
    my $answer = list_offset($client, $version, $missing, $latest);
    error_is($answer->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', "v$version: a missing topic");
    is($answer->{offset},    -1, "v$version: a missing topic has no offset");
    is($answer->{timestamp}, -1, "v$version: a missing topic has no timestamp");
    for my $partition (2, -1) {
        $answer = list_offset($client, $version, $topic, $latest, partition_index => $partition);
        error_is($answer->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION',
            "v$version: partition $partition does not exist");
    }
}
for my $version (4, 11) {
    my %error = (-1 => 'NONE', 0 => 'NONE', 1 => 'UNKNOWN_LEADER_EPOCH', 99 => 'UNKNOWN_LEADER_EPOCH');
    for my $epoch (sort { $a <=> $b } keys %error) {
        my $answer = list_offset($client, $version, $topic, $latest, current_leader_epoch => $epoch);
        error_is($answer->{error_code}, $error{$epoch},
            "v$version: the client believes in leader epoch $epoch");
    }
}

# --- Several partitions and topics in one request --------------------------------------------------

for my $version (1, 6, 11) {
    my $answer = $client->call(
        'ListOffsets',
        $version,
        {
            topics => [
                {
                    name       => $topic->{name},
                    partitions => [map { { partition_index => $_, timestamp => $latest } } 0, 1, 9]
                },
                { name => $empty->{name}, partitions => [{ partition_index => 0, timestamp => $earliest }] }
            ]
        }
    );
    my %found = map {
        my $name = $_->{name};
        map { ("$name-$_->{partition_index}" => "$_->{error_code} $_->{offset}") } @{ $_->{partitions} }
    } @{ $answer->{topics} };
    is_deeply(
        \%found,
        {
            "$topic->{name}-0" => '0 7',
            "$topic->{name}-1" => '0 0',
            "$topic->{name}-9" => '3 -1',
            "$empty->{name}-0" => '0 0'
        },
        "v$version: each partition gets its own answer"
    );
}
my $twice = $client->call(
    'ListOffsets',
    7,
    {
        topics => [
            {
                name       => $topic->{name},
                partitions => [map { { partition_index => 0, timestamp => $latest } } 1, 2]
            }
        ]
    }
);
my @errors = map { $_->{error_code} } @{ $twice->{topics}[0]{partitions} };
is_deeply([grep { $_ != 42 } @errors], [], 'the same partition twice is an invalid request');
is_deeply($client->call('ListOffsets', $_, {})->{topics}, [], "v$_: a request without topics") for 1, 6, 11;

my ($code, $output) = kcat(['-b', $broker->address, '-Q', '-t', "$topic->{name}:0:" . ($start + 15)]);
is($code, 0, 'kcat asks for an offset by time');
like($output, qr/\[0\] offset 2$/m, 'and gets it');

$broker->finish;
