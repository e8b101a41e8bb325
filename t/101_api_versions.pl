# ApiVersions 0-4: what a client learns first, and how a too new client is told what to speak.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaWire::Codec 'decode';
use KafkaWire::Messages;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;

# What is served: key => [lowest, highest]. Produce is advertised from 0, because librdkafka up to 2.11.0
# sends uncompressed batches otherwise (KAFKA-18659).
my %served = (
    0  => [0, 13],
    1  => [4, 18],
    2  => [1, 11],
    3  => [0, 13],
    8  => [2, 10],
    9  => [1, 10],
    10 => [0, 6],
    11 => [0, 9],
    12 => [0, 4],
    13 => [0, 5],
    14 => [0, 5],
    15 => [0, 6],
    16 => [0, 5],
    17 => [0, 1],
    18 => [0, 4],
    19 => [2, 7],
    20 => [1, 6],
    21 => [0, 2],
    22 => [0, 5],
    23 => [2, 4],
    24 => [0, 5],
    25 => [0, 4],
    26 => [0, 5],
    27 => [1, 2],
    28 => [0, 5],
    29 => [1, 3],
    30 => [1, 3],
    31 => [1, 3],
    32 => [1, 4],
    33 => [0, 2],
    34 => [1, 2],
    35 => [1, 4],
    36 => [0, 2],
    37 => [0, 3],
    38 => [1, 3],
    39 => [1, 2],
    40 => [1, 2],
    41 => [1, 3],
    42 => [0, 2],
    43 => [0, 2],
    44 => [0, 1],
    45 => [0, 1],
    46 => [0, 0],
    47 => [0, 0],
    48 => [0, 1],
    49 => [0, 1],
    50 => [0, 0],
    51 => [0, 0],
    55 => [0, 2],
    57 => [0, 2],
    60 => [0, 2],
    61 => [0, 0],
    64 => [0, 0],
    65 => [0, 0],
    66 => [0, 2],
    68 => [0, 1],
    69 => [0, 1],
    74 => [0, 1],
    75 => [0, 0]
);

sub ranges {
    my ($answer) = @_;
    return { map { $_->{api_key} => [$_->{min_version}, $_->{max_version}] } @{ $answer->{api_keys} } };
}

for my $version (0 .. 4) {
    my $answer = $client->call('ApiVersions', $version, {});
    error_is($answer->{error_code}, 'NONE', "v$version is answered in its own layout");
    my $ranges = ranges($answer);
    is_deeply({ map { $_ => $ranges->{$_} } keys %served },
        \%served, "v$version advertises the ranges of Kafka 4.2");
    is($answer->{throttle_time_ms} // 0, 0, "v$version does not throttle");
    cmp_ok(scalar @{ $answer->{api_keys} }, '<=', 1000, "v$version lists no more APIs than librdkafka reads");
}

if ($broker->is_ours) {    # a whole Kafka serves more
    my $answer = $client->call('ApiVersions', 4, {});
    is_deeply(
        [sort { $a <=> $b } keys %{ ranges($answer) }],
        [sort { $a <=> $b } keys %served],
        'only APIs that work are advertised'
    );
    is_deeply(
        { map { $_->{name} => $_->{max_version_level} } @{ $answer->{finalized_features} // [] } },
        { 'group.version' => 1, 'transaction.version' => 2 },
        'the features that clients use only if they are told to'
    );
    cmp_ok($answer->{finalized_features_epoch} // 0,
        '>=', 0, 'the features epoch is not negative if it is given');
}

for my $version (5, 99, 32767) {
    my $header = $client->request_header(18, $version, 77, 1);
    $client->send_raw(KafkaWire::frame($header . "\x01\x02\x03 what version $version may look like"));
    my $frame = $client->receive_frame;
    is(unpack('l>', $frame), 77, "v$version: the answer carries the request's correlation id");
    pos($frame) = 4;
    my $answer = decode(KafkaWire::Messages::api('ApiVersions')->{response}, \$frame, 0, 0);
    is(pos($frame), length $frame, "v$version is answered in the layout of v0");
    error_is($answer->{error_code}, 'UNSUPPORTED_VERSION', "v$version is not supported");
    is_deeply(
        ranges($answer),
        { 18 => [0, 4] },
        "v$version: the answer names the versions of ApiVersions alone"
    );
}

for my $bad (['', '1.0'], ['librdkafka', ''], ['two words', '1.0'], ['-x', '1.0'], ['x', '1.'], ["\xff", '1'])
{
    my ($name, $version) = @$bad;
    my $answer = $client->call('ApiVersions', 3,
        { client_software_name => $name, client_software_version => $version });
    error_is($answer->{error_code}, 'INVALID_REQUEST', "client software '$name' '$version' is refused");
    is_deeply($answer->{api_keys}, [], "and gets no ranges");
}
my $answer = $client->call('ApiVersions', 3,
    { client_software_name => 'apache-kafka.java_2', client_software_version => '4.2.0-rc.1' });
error_is($answer->{error_code}, 'INVALID_REQUEST', 'an underscore is refused too');
$answer = $client->call('ApiVersions', 3,
    { client_software_name => 'apache-kafka.java', client_software_version => '4.2.0-rc.1' });
error_is($answer->{error_code}, 'NONE', 'inner dots and dashes are allowed');

$answer = $client->call('ApiVersions', 3, { _tags => { 0 => 'unknown', 9999 => "\0" x 300 } });
error_is($answer->{error_code}, 'NONE', 'unknown tagged fields of a request are skipped');

my $header = $client->request_header(18, 3, 78, 0) . "\x01\x05\x03abc";  # one tagged field: number 5, 3 bytes
$client->send_raw(KafkaWire::frame($header . "\x02a\x021\x00"));
my $frame = $client->receive_frame;
is(unpack('l> s>', $frame) // -1, 78, 'unknown tagged fields of a request header are skipped');

my $anonymous = $broker->connect(client_id => undef);
error_is($anonymous->call('ApiVersions', 3, {})->{error_code}, 'NONE', 'a client needs no client id');
my $named = $broker->connect(client_id => "na\xc3\xafve " . 'x' x 2000);
error_is($named->call('ApiVersions', 0, {})->{error_code}, 'NONE', 'a client id may be long and not ASCII');

$broker->finish;
