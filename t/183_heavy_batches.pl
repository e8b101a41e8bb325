# Batches that are much work to check, or are compressed anew: others do not wait for them, and their order is kept.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Compress::Zlib ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Codec qw(put_varint);
use Test::More;

my $mib    = 2**20;
my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'looks at the memory of our own server';
my $topic  = $broker->create_topic('heavy');
my $other  = $broker->create_topic('light');
my $wide   = $broker->create_topic('wide', configs => { 'max.message.bytes' => 300 * $mib });

# A batch of one record with that value, under gzip.
sub gzipped {
    my ($value, %header) = @_;
    my $fields  = "\0\0\0\1" . put_varint(2 * length $value);
    my $payload = put_varint(2 * (length($fields) + length($value) + 1)) . $fields . $value . "\0";
    return build_batch([{ timestamp => time * 1000 }], attributes => 1, payload => Compress::Zlib::memGzip($payload), %header);
}

sub zeros {
    my ($count, %header) = @_;
    return gzipped("\0" x $count, %header);
}

sub send_batch {
    my ($client, $to, $records) = @_;
    return $client->send_request('Produce', 9, { topic_data => [{ name => $to->{name}, partition_data => [{ index => 0, records => $records }] }] });
}

sub answer { return $_[0]->receive->{responses}[0]{partition_responses}[0] }

# --- Others do not wait ----------------------------------------------------------------------------

my $heavy = zeros(200 * $mib);
my ($client, $bystander) = map { $broker->connect } 1 .. 2;
send_batch($client, $topic, $_) for $heavy, batch_of('small'), $heavy, batch_of('small');
is(produce_values($bystander, $other, "light $_"), $_, "another producer's record $_ is stored") for 0 .. 4;
ok(!$client->readable, 'while 200 MiB are still being unpacked');
my @answers = map { answer($client) } 1 .. 4;
is_deeply([map { $_->{error_code} } @answers], [0, 0, 0, 0], 'and then accepted');
is_deeply([map { $_->{base_offset} } @answers], [0, 1, 2, 3], 'small batches of that connection do not overtake them');
is((records_of(fetch($bystander, 12, $topic, 1, ask => { partition_max_bytes => 1 })))[0]{value}, 'small', 'records are where the answers say');

# --- Compressed anew -------------------------------------------------------------------------------

my $packed = $broker->create_topic('packed', configs => { 'compression.type' => 'gzip' });
send_batch($client, $packed, batch_of(map { "value $_" x 20 } 10 * $_ .. 10 * $_ + 9)) for 0 .. 49;
is_deeply([map { answer($client)->{base_offset} } 0 .. 49], [map { 10 * $_ } 0 .. 49], 'fifty batches at once have offsets in their order');
my $fetched = fetch($bystander, 12, $packed, 0);
is(scalar(grep { ($_->{attributes} & 7) == 1 } @{ $fetched->{batches} }), 50, 'all are stored as gzip');
is_deeply([map { $_->{value} } records_of($fetched)], [map { "value $_" x 20 } 0 .. 499], 'and hold what was sent');

# A heavy one is being checked meanwhile, and more of them wait.
my $end = list_offset($bystander, 7, $topic, -1)->{offset};
send_batch($client, $topic, $heavy) for 1 .. 8;
is(produce_values($bystander, $packed, 'light'), 500, 'a small batch that is compressed anew is stored');
is(produce_values($bystander, $wide, 'x' x (3 * $mib / 2)), 0, 'and one that is large, but not compressed');
cmp_ok(list_offset($bystander, 7, $topic, -1)->{offset}, '<', $end + 8, 'before eight that unpack to much');
is_deeply([map { answer($client)->{base_offset} } 1 .. 8], [$end .. $end + 7], 'which are then accepted');

# --- What is wrong with them -----------------------------------------------------------------------

my $late = zeros(2 * $mib, base_timestamp => 4e12, max_timestamp => 4e12);
send_batch($client, $topic, $late);
my $refused = answer($client);
error_is($refused->{error_code}, 'INVALID_TIMESTAMP', 'a time far in the future, in a batch that unpacks to much');
is_deeply($refused->{record_errors}, [], 'whose records are not searched for the one at fault');
send_batch($client, $topic, substr($heavy, 0, -8) . 'x' x 8);
error_is(answer($client)->{error_code}, 'CORRUPT_MESSAGE', 'a damaged one');
send_batch($client, $topic, zeros(300 * $mib));
error_is(answer($client)->{error_code}, 'MESSAGE_TOO_LARGE', 'one that unpacks to more than pg_kafka.max_decompressed_bytes');
send_batch($client, $topic, batch_of('next'));
is(answer($client)->{base_offset}, $end + 8, 'the next is accepted');
my $unpacked = $broker->create_topic('unpacked', configs => { 'compression.type' => 'uncompressed', 'max.message.bytes' => 300 * $mib });
send_batch($client, $unpacked, $_) for zeros(120 * $mib), zeros(20 * $mib);
error_is(answer($client)->{error_code}, 'MESSAGE_TOO_LARGE', 'one that its topic would make larger than a request may be');
is(answer($client)->{base_offset}, 0, 'but not one that a client could have sent');

# --- Clients that do not wait for the answer -------------------------------------------------------

for (1 .. 3) {
    my $leaving = $broker->connect;
    send_batch($leaving, $topic, $heavy) for 1 .. 2;
    $leaving->close(reset => 1);
}
is(produce_values($bystander, $other, 'still there'), 5, 'clients have left their heavy batches behind');
$server->wait_for('all memory for requests', sub { $server->sql('SELECT request_memory FROM kafka.status') eq '0' });
is((records_of(fetch($bystander, 12, $other, 5)))[0]{value}, 'still there', 'which are then done with');

# A server that is stopped meanwhile does not wait for all of them, nor for one that takes long.
my $slow = $broker->create_topic('slow', configs => { 'compression.type' => 'zstd', 'compression.zstd.level' => 22, 'max.message.bytes' => 300 * $mib });
open my $random, '<', '/dev/urandom' or die $!;
read $random, my $noise, 2 * $mib;
my $patient = $broker->connect;
send_batch($patient, $slow, gzipped(unpack 'H*', $noise));
$end = list_offset($bystander, 7, $topic, -1)->{offset};
send_batch($client, $topic, $heavy) for 1 .. 20;
produce_values($bystander, $other, 'stop');
$server->node->restart;
$server->wait_for_port;
my $again = $broker->connect;
cmp_ok(list_offset($again, 7, $topic, -1)->{offset}, '<', $end + 20, 'a stop does not wait for twenty of them');
is(list_offset($again, 7, $slow, -1)->{offset}, 0, 'nor for one that is compressed for many seconds');
is(list_offset($again, 7, $other, -1)->{offset}, 7, 'what was acknowledged is there');
$broker->finish;
