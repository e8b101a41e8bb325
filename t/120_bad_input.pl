# Bad input: whatever a client sends, it gets an error in the API's own shape or a closed connection with one
# line in the log, and another connection is still served.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Compress::Zlib ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Codec qw(encode put_varint);
use KafkaWire::Messages;
use Test::More;

my $broker       = KafkaTest->start('pg_kafka.max_decompressed_bytes' => '1MB');
my $bystander    = $broker->connect;
my $topic        = $broker->create_topic('bystander');
my $disconnected = 0;    # clients that the broker had to disconnect
my @disconnected_ports;
srand 20240229;

sub still_served {
    my ($test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return error_is(list_offset($bystander, 7, $topic, -1)->{error_code}, 'NONE', "$test: others are served");
}

# A new client sends these bytes, and is disconnected without an answer.
sub disconnects {
    my ($bytes, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $client = $broker->connect;
    push @disconnected_ports, $client->local_port;
    $disconnected++;
    $client->send_raw($bytes);
    ok($client->closed_by_peer, "$test: the connection is closed");
    still_served($test);
    return;
}

# A whole frame with a header and this body.
sub request {
    my ($key, $version, $body, $flexible) = @_;
    return KafkaWire::frame($bystander->request_header($key, $version, 1, $flexible // 0) . $body);
}

sub random_bytes {
    my ($count) = @_;
    return join '', map { chr int rand 256 } 1 .. $count;
}

# --- Frames ----------------------------------------------------------------------------------------

disconnects("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",                        'a web browser');
disconnects("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . random_bytes(500), 'a TLS handshake');
disconnects(pack('l>', $_), "a frame of $_ bytes") for -1, -2**31, 2**31 - 1, 100 * 1024 * 1024 + 1;
disconnects(KafkaWire::frame(substr(pack('s> s> l>', 3, 0, 1), 0, $_)),
    "a frame of $_ bytes, no whole header")
    for 1 .. 7;
disconnects(KafkaWire::frame(''), 'an empty frame') if $broker->is_ours;    # Kafka reads on
for my $round (1 .. 40) {
    disconnects(KafkaWire::frame(chr(128 + int rand 128) . random_bytes(1 + int rand 300)),
        "random frame $round");
}

# --- Versions and keys -----------------------------------------------------------------------------

disconnects(request($_, 0, ''), "API key $_") for 999, -1, 32767, -32768;
for my $name (grep { $_ ne 'ApiVersions' } KafkaWire::Messages::names()) {
    my $api      = KafkaWire::Messages::api($name);
    my @unserved = ($api->{highest} + 1, 32767, -1, $api->{lowest} > 0 ? 0 .. $api->{lowest} - 1 : ());
    for my $version (@unserved) {
        my $flexible = $version >= $api->{flexible};
        disconnects(request($api->{key}, $version, "\0" x 64, $flexible), "$name version $version");
    }
}

# --- Truncated and lying bodies --------------------------------------------------------------------

my %sample = (
    Metadata    => { topics => [{ name => 'abc' }] },
    ListOffsets => { topics => [{ name => 'abc', partitions => [{ timestamp => -1 }] }] },
    Produce => { topic_data => [{ name  => 'abc', partition_data => [{ index     => 0, records => 'x' }] }] },
    Fetch   => { topics     => [{ topic => 'abc', partitions     => [{ partition => 0 }] }] }
);
for my $case (['Metadata', 8], ['Metadata', 12], ['ListOffsets', 1], ['Produce', 9], ['Fetch', 11]) {
    my ($name, $version) = @$case;
    my $api      = KafkaWire::Messages::api($name);
    my $flexible = $version >= $api->{flexible};
    my $body     = encode($api->{request}, $sample{$name}, $version, $flexible);
    for my $length (map { int($_ * (length($body) - 1) / 6) } 0 .. 6) {
        disconnects(request($api->{key}, $version, substr($body, 0, $length), $flexible),
            "$name v$version cut off after $length bytes");
    }
}

my $many = pack('l>', 2**31 - 1);
disconnects(request(3, 1, $many), 'Metadata: two thousand million topics');
disconnects(request(3, 1, pack('l>', 1000) . "\0\1a"), 'Metadata: fewer topics than the count');
disconnects(request(3, 1, pack('l> s>', 1, 32767) . 'a'), 'Metadata: a name longer than the frame');
disconnects(request(3, 0, pack('l>', -1)),                'Metadata v0: null topics');
disconnects(request(3, 9, put_varint(2**32 - 1), 1), 'Metadata v9: a compact count of four thousand million');
disconnects(request(3, 9, "\xff" x 11, 1),           'Metadata v9: a varint without end');
disconnects(
    request(3, 9, "\x02" . put_varint(100_000) . 'a', 1),
    'Metadata v9: a compact name longer than the frame'
);
disconnects(request(3, 9, "\x02\x00\x00\x01\x00\x00\x00", 1), 'Metadata v9: a topic without a name');
disconnects(
    request(3, 9, "\x01\x01\x00\x00" . put_varint(2**31 - 1), 1),
    'Metadata v9: two thousand million tagged fields'
);
disconnects(request(3, 9, "\x01\x01\x00\x00\x01\x05" . put_varint(1000) . 'abc', 1),
    'Metadata v9: a tagged field longer than the frame');
disconnects(request(0, 3, pack('s> s> l>', -1, 1, 1000) . $many), 'Produce: two thousand million topics');
disconnects(request(0, 3, pack('s> s> l> l> s> a l> l> l>', -1, 1, 1000, 1, 1, 'a', 1, 0, 2**31 - 1) . 'x'),
    'Produce: records longer than the frame');
disconnects(request(1, 4, pack('l> l> l> l> c', -1, 0, 0, 1000, 0) . $many),
    'Fetch: two thousand million topics');
disconnects(request(19, 2, $many), 'CreateTopics: two thousand million topics');
disconnects(request(2,  1, pack('l>', -1) . pack('l> s> a l>', 1, 1, 'a', 2**31 - 1)),
    'ListOffsets: two thousand million partitions');

# --- Too much at once ------------------------------------------------------------------------------

# Kafka goes through all of them, however long that takes.
if ($broker->is_ours) {
    my $entries = 1_000_000;
    my %start = (    # to the count of partitions, and one of them
        Fetch                => [1, 4, pack('l> l> l> l> c l> s> a', -1, 0, 0, 1000, 0, 1, 1, 'a'), pack('l> q> l>', 0, 0, 1)],
        Produce              => [0, 3, pack('s> s> l> l> s> a',      -1, 1, 1000, 1, 1, 'a'), pack('l> l>', 0, -1)],
        ListOffsets          => [2, 1, pack('l> l> s> a',            -1, 1, 1, 'a'), pack('l> q>', 0, -1)],
        OffsetForLeaderEpoch => [23, 2, pack('l> s> a',              1, 1, 'a'), pack('l> l> l>', 0, -1, 0)]
    );
    for my $name (sort keys %start) {
        my ($key, $version, $head, $partition) = @{ $start{$name} };
        my $body = $head . pack('l>', $entries);
        disconnects(request($key, $version, $body . $partition x $entries), "$name: a million partitions");
    }
    disconnects(request(3, 1, pack('l>', $entries) . "\0\1a" x $entries), 'Metadata: a million topics');
}

# --- Clients that vanish ---------------------------------------------------------------------------

for my $reset (0, 1) {
    my $how = $reset ? 'a reset' : 'an orderly close';
    for my $size (1000, $broker->is_ours ? 100 * 1024 * 1024 : ()) {    # Kafka reserves what is announced
        for (1 .. 10) {
            my $client = $broker->connect;
            $client->send_raw(pack('l>', $size) . 'x' x 500);
            $client->close(reset => $reset);
        }
        still_served("$how in the middle of frames of $size bytes");
    }
    my @waiting = map { $broker->connect } 1 .. 10;
    for my $client (@waiting) {
        $client->send_request(
            'Fetch', 12,
            {
                max_wait_ms => 2**31 - 1,
                min_bytes   => 1,
                topics      => [
                    fetch_partitions(
                        $topic, { 0 => { fetch_offset => list_offset($bystander, 7, $topic, -1)->{offset} } }
                    )
                ]
            }
        );
    }
    $_->close(reset => $reset) for @waiting;
    still_served("$how in a long poll");
    produce_values($bystander, $topic, "after $how");
    still_served("a record for pollers that are gone by $how");
}
my @held = map { $broker->connect } $broker->is_ours ? 1 .. 20 : ();
$_->send_raw(pack('l>', 100 * 1024 * 1024) . 'x' x 100) for @held;
still_served('twenty clients that announced 100 MB each and send nothing');
$_->close for @held;

# --- Errors in the API's own shape, on a connection that stays usable ------------------------------

my $client = $broker->connect;
my @record = ({ key => 'k', value => 'v' });

sub produce_error {
    my ($records, %request) = @_;
    return produce($client, 9, $topic, { 0 => $records }, %request)->{0}{error_code};
}
error_is(produce_error(build_batch(\@record, crc_xor => 1)), 'CORRUPT_MESSAGE', 'a bad CRC');
error_is(produce_error(build_batch(\@record, codec => 'gzip', payload => random_bytes(100))),
    'UNKNOWN_SERVER_ERROR', 'a bad compressed payload');
error_is(produce_error(build_batch(\@record, attributes => $_, payload => random_bytes(100))),
    'UNKNOWN_SERVER_ERROR', "a bad payload in codec $_")
    for 2 .. 4;
error_is(produce_error(build_batch(\@record), acks => 7), 'INVALID_REQUIRED_ACKS', 'wrong acks');
error_is(produce_error(random_bytes(61)), $_, 'random bytes for a batch') for 'CORRUPT_MESSAGE';
error_is(produce_error(build_batch(\@record, count => 2**31 - 1, last_offset_delta => 2**31 - 2)),
    'INVALID_RECORD', 'a count of records that lies');
error_is(produce_error(build_batch(\@record, length => 2**30)),
    'INVALID_RECORD', 'a length of the batch that lies');
error_is(
    produce_error(build_batch(\@record, length => 2**31 - 1)),
    $broker->expected(ours => 'INVALID_RECORD', kafka => 'UNKNOWN_SERVER_ERROR'),
    'a length of the batch that overflows'
);
error_is(produce_error(build_batch(\@record, length => $_)), 'CORRUPT_MESSAGE', "a batch of length $_")
    for -1, 0, 13;

for my $flip (map { int rand 70 } 1 .. 60) {
    my $batch = build_batch(\@record);
    substr($batch, $flip % length $batch, 1) ^= chr(1 << int rand 8);
    my $error = produce_error($batch);
    ok(defined $error, "a batch with a flipped bit in byte $flip is answered");
}
if ($broker->is_ours) {
    my $bomb = put_record({ value => "\0" x 3_000_000 }, 0, 0);
    error_is(produce_error(build_batch(\@record, codec => 'gzip', payload => Compress::Zlib::memGzip($bomb))),
        'MESSAGE_TOO_LARGE', 'a batch that unpacks to more than pg_kafka.max_decompressed_bytes');
    my $half = build_batch([{ value => "\0" x 600_000 }], codec => 'gzip');
    my $two  = $broker->create_topic('two', num_partitions => 2);
    my $told = produce($client, 9, $two, { 0 => $half, 1 => $half });
    is_deeply([map { $told->{$_}{error_code} } 0, 1], [0, 10], 'batches of one request that only together unpack to more');
}
error_is(fetch($client, 12, $broker->missing_topic, 0)->{error_code},
    'UNKNOWN_TOPIC_OR_PARTITION', 'an unknown topic');
error_is(metadata($client, 9, ["\0"])->{topics}[0]{error_code}, 'INVALID_TOPIC_EXCEPTION', 'an illegal name');
my $zero = create_topics($client, 7, [{ name => $broker->name('zero'), num_partitions => 0 }])
    ->{ $broker->name('zero') };
error_is($zero->{error_code}, 'INVALID_PARTITIONS', 'no partitions');
my $million =
    create_topics($client, 7, [{ name => 'million', num_partitions => 1_000_000 }])->{million};
error_is($million->{error_code}, 'POLICY_VIOLATION', 'a million partitions');
my $twice = create_topics($client, 7, [({ name => $broker->name('twice') }) x 2])->{ $broker->name('twice') };
error_is($twice->{error_code}, 'INVALID_REQUEST', 'a name twice in a request');
still_served('after all errors');

# --- The log ---------------------------------------------------------------------------------------

# One line for each of them; in a flood the rest are counted.
if ($broker->is_ours) {
    my ($lines, $suppressed);
    wait_until(
        'every disconnected client is in the log',
        sub {
            my $log = $broker->server->log_text;
            $lines      = () = $log =~ /closing the connection of Kafka client/g;
            $suppressed = 0;
            $suppressed += $1 while $log =~ /(\d+) more messages about Kafka clients were suppressed/g;
            return $lines + $suppressed >= $disconnected;
        }
    );
    is($lines + $suppressed, $disconnected, 'each client that was disconnected made one line in the log');
    my $log   = $broker->server->log_text;
    my $first = () = $log =~ /Kafka client \S*\b$disconnected_ports[0]\b/g;
    is($first, 1, 'which names its address');
}

$broker->finish;
