# ListOffsets by time through batches that decompress to much: it holds up nobody, and finds what is stored whatever the settings are now.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IO::Select;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my ($partitions, $size, $time) = (20, 60 << 20, 1_700_000_000_000);
my $broker = KafkaTest->start;
my $server = $broker->server;
my ($client, $other) = ($broker->connect, $broker->connect);
my $topic = $broker->create_topic('large', num_partitions => $partitions);

# The record that is looked for is the last one.
my $batch = build_batch([
        { value => "\0" x $size, timestamp => $time },
        { value => 'small', timestamp => $time + 1 },
        { value => 'found', timestamp => $time + 2 }], codec => 'gzip');
cmp_ok(length $batch, '<', 1 << 20, 'a batch that is small until it is decompressed');
is((grep { produce($client, 9, $topic, { $_ => $batch })->{$_}{error_code} == 0 } 0 .. $partitions - 1), $partitions, 'is stored in every partition');

sub search_all {
    return { topics => [{ name => $topic->{name}, partitions => [map { { partition_index => $_, timestamp => $time + 2 } } 0 .. $partitions - 1] }] };
}
sub found {
    my ($answer) = @_;
    return join ' ', map { "$_->{partition_index}:$_->{offset}" } @{ $answer->{topics}[0]{partitions} };
}
my $expected = join ' ', map { "$_:2" } 0 .. $partitions - 1;

$client->send_request('ListOffsets', 7, search_all());
is(scalar @{ metadata($other, 9, [$topic->{name}])->{topics}[0]{partitions} }, $partitions, 'another client is answered');
ok(!IO::Select->new($client->{socket})->can_read(0), 'while the search goes on');
is(found($client->receive), $expected, 'which finds its record in every partition');

# Who leaves is not searched for any further.
my $leaving = $broker->connect;
$leaving->send_request('ListOffsets', 7, search_all());
undef $leaving;
is(produce_values($other, $broker->create_topic('small'), 'x'), 0, 'a client that leaves in the middle disturbs nobody');

# What has been stored can be read, whatever may be stored from now on.
$server->set('pg_kafka.max_decompressed_bytes' => 1 << 20);
wait_until('the setting takes effect', sub { produce($client, 9, $topic, { 0 => $batch })->{0}{error_code} != 0 });
is(list_offset($client, 7, $topic, $time + 1, partition_index => 1)->{offset}, 1, 'a lower limit for new batches: a search goes through the old ones');
is($server->sql(q{SELECT string_agg(length(value)::text, ' ' ORDER BY "offset") FROM kafka.messages WHERE topic = 'large' AND partition = 1}),
    "$size 5 5", 'and SQL reads them');
$broker->finish;
