# Produce 3-13: what is stored, what is answered, and every check of a batch before it is stored.
use strict;
use warnings;
use Compress::Zlib ();
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $now    = int(time) * 1000;

# The answer for one batch (or any bytes) produced to partition 0.
sub answer_to {
    my ($topic, $records, $version, %request) = @_;
    return produce($client, $version // 9, $topic, { 0 => $records }, %request)->{0};
}

# A batch that has to be refused, and to leave the log as it was.
my $guarded = $broker->create_topic('guarded');

sub refused {
    my ($records, $error, $test, %with) = @_;
    my $topic  = $with{topic} // $guarded;
    my $before = list_offset($client, 7, $topic, -1)->{offset};
    my $answer = answer_to($topic, $records, $with{version}, %{ $with{request} // {} });
    error_is($answer->{error_code}, $error, $test);
    is($answer->{base_offset},                        -1,      "$test: no offset was given");
    is(list_offset($client, 7, $topic, -1)->{offset}, $before, "$test: nothing was stored");
    return $answer;
}

# --- Every version stores the same -----------------------------------------------------------------

my $all     = $broker->create_topic('all-versions');
my @records = (
    {
        key       => 'k1',
        value     => 'v1',
        timestamp => $now - 5,
        headers   => [['h', 'x'], ['h', 'y'], ['empty', ''], ['null', undef]]
    },
    { key => undef, value => '',    timestamp => $now - 7, headers => [] },
    { key => '',    value => undef, timestamp => $now,     headers => [] }
);
for my $version (3 .. 13) {
    my $answer = answer_to($all, build_batch(\@records), $version);
    my $base   = ($version - 3) * @records;
    error_is($answer->{error_code}, 'NONE', "v$version: a batch is stored");
    is($answer->{base_offset},        $base, "v$version: at the next offset");
    is($answer->{log_append_time_ms}, -1,    "v$version: with the producer's time");
    is($answer->{log_start_offset}, 0, "v$version: the log begins at 0")        if $version >= 5;
    is_deeply($answer->{record_errors}, [], "v$version: no record is at fault") if $version >= 8;
    is($answer->{error_message}, undef, "v$version: no error message")          if $version >= 8;
    is($answer->{current_leader}, undef, "v$version: the leader is only told when it is another")
        if $version >= 10;
    my $fetched = fetch($client, 12, $all, $base);
    is_deeply(
        [records_of($fetched)],
        [map { { %{ $records[$_] }, offset => $base + $_ } } 0 .. 2],
        "v$version: keys, values, headers and times come back as they went in"
    );
}

my $sent = build_batch(\@records, codec => 'gzip', partition_leader_epoch => 77);
my $kept = fetch($client, 12, $all, answer_to($all, $sent)->{base_offset})->{batches}[0];
is(
    substr($kept->{bytes}, 16),
    substr($sent,          16),
    'the bytes of a batch are kept, but for its offset and leader epoch'
);
is($kept->{partition_leader_epoch}, 0, 'the leader epoch in a batch is the partition\'s');
ok($kept->{crc_ok}, 'the CRC still holds');

# --- Acknowledgements and partitions ---------------------------------------------------------------

my $spread = $broker->create_topic('spread', num_partitions => 3);
for my $acks (1, -1) {
    my $answers = produce($client, 9, $spread, { map { $_ => batch_of("p$_") } 0 .. 2 }, acks => $acks);
    is_deeply(
        [map { $answers->{$_}{base_offset} } 0 .. 2],
        [($acks == 1 ? 0 : 1) x 3],
        "acks=$acks: every partition counts its own offsets"
    );
}
refused(batch_of('x'), 'INVALID_REQUIRED_ACKS', "acks=$_", request => { acks => $_ }) for 2, -2, 100;
is_deeply($client->call('Produce', 9, { topic_data => [] })->{responses},
    [], 'a request without topics is answered');

my $missing = $broker->missing_topic;
for my $version (3, 9, 12) {
    my $answer = answer_to($missing, batch_of('x'), $version);
    error_is($answer->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', "v$version: a missing topic");
    is($answer->{base_offset}, -1, "v$version: a missing topic gives no offset");
}
error_is(metadata($client, 9, [$missing->{name}], allow_auto_topic_creation => 0)->{topics}[0]{error_code},
    'UNKNOWN_TOPIC_OR_PARTITION', 'Produce creates no topic');
error_is(answer_to($missing, batch_of('x'), 13)->{error_code}, 'UNKNOWN_TOPIC_ID',
    'v13: an unknown topic id');

my $answers =
    produce($client, 9, $spread, { 0 => batch_of('good'), 3 => batch_of('bad'), -1 => batch_of('bad') });
error_is($answers->{3}{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', 'a partition that the topic does not have');
error_is($answers->{-1}{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', 'a negative partition');
error_is($answers->{0}{error_code},  'NONE', 'the other partitions of the request are stored');
is($answers->{0}{base_offset}, 2, 'and get their offsets');

$answers = produce($client, 9, $spread,
    { 0 => batch_of('good'), 1 => build_batch([{ value => 'x' }], crc_xor => 1) });
is_deeply(
    [map { error_name($answers->{$_}{error_code}) } 0, 1],
    [qw(NONE CORRUPT_MESSAGE)],
    'a bad batch does not spoil the other partitions of its request'
);

my $reborn = $broker->create_topic('reborn');
produce_values($client, $reborn, 'old');
delete_topics($client, 5, [$reborn->{name}]);
wait_until(
    'it is gone',
    sub {
        metadata($client, 12, [$reborn->{name}], allow_auto_topic_creation => 0)->{topics}[0]{error_code} ==
            3;
    }
);
error_is(answer_to($reborn, batch_of('x'), 9)->{error_code},
    'UNKNOWN_TOPIC_OR_PARTITION', 'a topic that was deleted');
my $again = $broker->create_topic('reborn');
error_is(answer_to($reborn, batch_of('x'), 13)->{error_code},
    'UNKNOWN_TOPIC_ID', 'the id of a topic before it was created again');
is(answer_to($again, batch_of('new'), 13)->{base_offset},
    0, 'a topic that was created again begins at offset 0');
values_are(fetch($client, 13, $again, 0), ['new'], 'and holds no record of the former one');

# --- Batches that are refused ----------------------------------------------------------------------

my @one  = ({ key => 'k', value => 'v', timestamp => $now });
my $good = build_batch(\@one);
refused($good . $good, 'INVALID_RECORD', 'two batches in one partition');
refused('',            'INVALID_RECORD', 'no batch at all');
refused(undef, 'INVALID_RECORD', 'null instead of a batch') if $broker->is_ours;    # Kafka 4.2 never answers
refused(build_batch(\@one, magic   => $_),   'INVALID_RECORD',  "a batch of format $_") for 0, 1;
refused(build_batch(\@one, crc_xor => 0x80), 'CORRUPT_MESSAGE', 'a wrong CRC');
refused(build_batch(\@one, last_offset_delta => 1),
    'INVALID_RECORD', 'a last offset that does not match the count');
refused(build_batch([], count => 0, last_offset_delta => 0), 'INVALID_RECORD', 'a batch without records');
refused(build_batch(\@one, base_offset => 5),    'INVALID_RECORD', 'a base offset that is not 0');
refused(build_batch(\@one, attributes  => 0x20), 'INVALID_RECORD', 'a control batch from a client');
refused(build_batch(\@one, producer_id => 7, producer_epoch => 0),
    'INVALID_RECORD', 'a producer id without a sequence');
refused(build_batch(\@one, attributes => 8), 'INVALID_TIMESTAMP', 'a batch that claims log append time')
    if $broker->is_ours;    # Kafka 4.2 stores it and clears the bit
refused(
    build_batch(\@one, attributes => 0x10, producer_id => 7, producer_epoch => 0, base_sequence => 0),
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'a transactional batch without a transactional id'
);
refused(build_batch(\@one, attributes => 4), 'UNSUPPORTED_COMPRESSION_TYPE', "zstd in v$_", version => $_)
    for 3, 6;

my $record = put_record($one[0], 0, 0);
my %two    = (count => 2, last_offset_delta => 1, base_timestamp => $now, max_timestamp => $now);

sub refused_payload {
    my ($payload, $error, $test, %header) = @_;
    refused(build_batch(\@one, %header, payload => $payload), $error, "plain: $test");
    refused(build_batch(\@one, %header, codec => 'gzip', payload => Compress::Zlib::memGzip($payload)),
        $error, "compressed: $test");
    return;
}
refused_payload($record,                'INVALID_RECORD', 'fewer records than the count', %two);
refused_payload($record x 2,            'INVALID_RECORD', 'more records than the count');
refused_payload(substr($record, 0, -1), 'INVALID_RECORD', 'a record cut short');
if ($broker->is_ours) { # Kafka does not look at everything, and stores batches that its consumers cannot read
    refused_payload("\x7f" . substr($record, 1), 'INVALID_RECORD', 'a record with a negative length');
    refused_payload($record . put_record($one[0], 5, 0), 'INVALID_RECORD', 'a gap between offsets', %two);
}
refused(build_batch(\@one, codec => 'gzip', payload => 'this is no gzip'),
    'UNKNOWN_SERVER_ERROR', 'a payload that is no gzip');
for my $codec (2 .. 4) {
    refused(build_batch(\@one, attributes => $codec, payload => 'garbage' x 3),
        'UNKNOWN_SERVER_ERROR', "codec $codec with a bad payload");
}
refused(build_batch(\@one, attributes => $_), 'UNKNOWN_SERVER_ERROR', "codec $_ does not exist") for 5, 7;

# --- Sizes -----------------------------------------------------------------------------------------

my $small    = $broker->create_topic('small-messages', configs => { 'max.message.bytes' => 1000 });
my $overhead = length build_batch([{ value => 'x' x 900, timestamp => $now }]);
my $exact    = build_batch([{ value => 'x' x (900 + 1000 - $overhead), timestamp => $now }]);
is(length $exact, 1000, 'a batch as large as max.message.bytes');
error_is(answer_to($small, $exact)->{error_code}, 'NONE', 'is stored');
refused(
    build_batch([{ value => 'x' x (901 + 1000 - $overhead), timestamp => $now }]),
    'MESSAGE_TOO_LARGE',
    'one byte more',
    topic => $small
);
my $squeezed = build_batch([{ value => 'x' x 5000, timestamp => $now }], codec => 'gzip');
error_is(answer_to($small, $squeezed)->{error_code}, 'NONE', 'a compressed batch counts as it was sent');
refused(build_batch([{ value => 'x' x 1_100_000, timestamp => $now }]),
    'MESSAGE_TOO_LARGE', 'a batch above the broker\'s limit');
my $tight = $broker->create_topic('tight',
    configs => { 'segment.bytes' => 1048576, 'max.message.bytes' => 3_000_000 });
refused(
    build_batch([{ value => 'x' x 1_100_000, timestamp => $now }]),
    'RECORD_LIST_TOO_LARGE',
    'a batch larger than a segment',
    topic => $tight
);

# --- Keys and times --------------------------------------------------------------------------------

my $compacted = $broker->create_topic('compacted', configs => { 'cleanup.policy' => 'compact' });
my @mixed     = map { { key => $_, value => 'v', timestamp => $now } } 'a', undef, 'b', undef;
for my $codec ('none', 'gzip') {
    my $answer = refused(
        build_batch(\@mixed, codec => $codec),
        'INVALID_RECORD',
        "$codec: a null key in a compacted topic",
        topic => $compacted
    );
    is_deeply([map { $_->{batch_index} } @{ $answer->{record_errors} }],
        [1, 3], "$codec: the records without a key are named");
    ok(length $answer->{error_message}, "$codec: with a message");
}
error_is(answer_to($compacted, build_batch([{ key => '', value => 'v', timestamp => $now }]))->{error_code},
    'NONE', 'an empty key is a key');

my $far   = $now + 2 * 3600 * 1000;
my @times = map { { value => 'v', timestamp => $_ } } $now, $far;
my $late  = refused(build_batch(\@times), 'INVALID_TIMESTAMP', 'a time more than an hour ahead');
is_deeply([map { $_->{batch_index} } @{ $late->{record_errors} }], [1],
    'the record from the future is named');
my $recent = $broker->create_topic('recent',
    configs => { 'message.timestamp.before.max.ms' => 60000, 'message.timestamp.after.max.ms' => 9e6 });
refused(
    build_batch([{ value => 'v', timestamp => $now - 120000 }]),
    'INVALID_TIMESTAMP',
    'a time before message.timestamp.before.max.ms',
    topic => $recent
);
error_is(answer_to($recent, build_batch([{ value => 'v', timestamp => $far }]))->{error_code},
    'NONE', 'message.timestamp.after.max.ms can be wider');
error_is(answer_to($recent, build_batch([{ value => 'v', timestamp => -1 }]))->{error_code},
    'NONE', 'a record without a time is stored');

my $stamped = $broker->create_topic('stamped', configs => { 'message.timestamp.type' => 'LogAppendTime' });
for my $codec ('none', 'gzip') {
    my $answer = answer_to($stamped,
        build_batch([map { { value => $_, timestamp => 1000 } } 'a', 'b'], codec => $codec));
    cmp_ok($answer->{log_append_time_ms}, '>=', $now - 60000, "$codec: the answer tells the log append time");
    my $batch = fetch($client, 12, $stamped, $answer->{base_offset})->{batches}[0];
    ok($batch->{attributes} & 8, "$codec: the batch says log append time");
    ok($batch->{crc_ok},         "$codec: its CRC was renewed");
    is_deeply(
        [map { $_->{timestamp} } @{ $batch->{records} }],
        [($answer->{log_append_time_ms}) x 2],
        "$codec: and its records have that time"
    );
}

# --- Compression by the broker ---------------------------------------------------------------------

for my $case (
    ['gzip',         'none', 'gzip'],
    ['uncompressed', 'gzip', 'none'],
    ['gzip',         'gzip', 'gzip'],
    ['producer',     'gzip', 'gzip'],
    ['zstd',         'none', 'zstd'],
    ['lz4',          'gzip', 'lz4'],
    ['snappy',       'none', 'snappy']
    )
{
    my ($configured, $sent, $stored) = @$case;
    my $topic =
        $broker->create_topic("$configured-of-$sent", configs => { 'compression.type' => $configured });
    my $base  = answer_to($topic, build_batch(\@records, codec => $sent))->{base_offset};
    my $batch = fetch($client, 12, $topic, $base)->{batches}[0];
    is($batch->{codec}, $stored, "compression.type=$configured: a batch in $sent is stored in $stored");
    ok($batch->{crc_ok}, "compression.type=$configured: with a good CRC");
    is($batch->{count}, 3, "compression.type=$configured: and all records");
    is_deeply(
        [map { [@$_{qw(key value timestamp headers)}] } @{ $batch->{records} }],
        [map { [@$_{qw(key value timestamp headers)}] } @records],
        "compression.type=$configured: which read the same"
    ) if $batch->{records};
}

# --- Producer ids ----------------------------------------------------------------------------------

my $ids = $broker->create_topic('producer-ids', num_partitions => 2);
$answers = produce(
    $client, 9, $ids,
    {
        0 => build_batch(\@one, producer_id => 4000, producer_epoch => 0, base_sequence => 0),
        1 => build_batch(\@one, producer_id => 4001, producer_epoch => 3, base_sequence => 0)
    }
);
is_deeply([map { error_name($answers->{$_}{error_code}) } 0, 1],
    [qw(NONE NONE)], 'batches with producer ids are stored');
my $batch = fetch($client, 12, $ids, 0, partition => 1)->{batches}[0];
is_deeply(
    [@$batch{qw(producer_id producer_epoch base_sequence)}],
    [4001, 3, 0],
    'and keep them, each partition its own'
);

# --- Kafka's own topics ----------------------------------------------------------------------------

if ($broker->is_ours) {    # a real Kafka has them already
    my $internal = $broker->create_topic('__consumer_offsets');
    error_is(produce($client, 9, $internal, { 0 => batch_of('x') })->{0}{error_code},
        'INVALID_TOPIC_EXCEPTION', 'internal topics are not for ordinary clients');
    my $admin = $broker->connect(client_id => '__admin_client');
    error_is(produce($admin, 9, $internal, { 0 => batch_of('x') })->{0}{error_code}, 'NONE', 'but for the admin client');
}

$broker->finish;
