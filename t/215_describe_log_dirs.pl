# DescribeLogDirs 1-4: how much of the log each partition takes, to the byte, whatever has happened to it.
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
my $server = $broker->server;

# describe($version, [topic, [partitions]], ...); undef asks for all.
sub describe {
    my ($version, @asked) = @_;
    my $topics = @asked && !defined $asked[0] ? undef : [map { { topic => $_->[0], partitions => $_->[1] } } @asked];
    return $client->call('DescribeLogDirs', $version, { topics => $topics });
}

# "topic-partition:size", sorted.
sub sizes {
    my ($answer) = @_;
    my @sizes;
    for my $topic (@{ $answer->{results}[0]{topics} }) {
        push @sizes, map { "$topic->{name}-$_->{partition_index}:$_->{partition_size}" } @{ $topic->{partitions} };
    }
    return join ' ', sort @sizes;
}

my ($orders, $other) = map { $broker->create_topic($_, num_partitions => 2, configs => { 'segment.bytes' => 1_048_576 })->{name} } qw(orders other);
sub topic { return { name => $_[0] }; }
my %written;
sub write_one {
    my ($topic, $partition, $value) = @_;
    my $batch = batch_of($value);
    produce($client, 9, topic($topic), { $partition => $batch });
    $written{$topic}[$partition] += length $batch;
    return;
}
sub expected { my ($topic) = @_; return join ' ', map { "$topic-$_:" . ($written{$topic}[$_] // 0) } 0, 1; }

write_one($orders, 0, 'x' x $_) for 10, 20, 30;
write_one($orders, 1, 'x');
write_one($other, 1, 'y' x 1000);

for my $version (1 .. 4) {
    my $answer = describe($version, [$orders, [0, 1]]);
    error_is($answer->{error_code}, 'NONE', "v$version: no error") if $version >= 3;
    is(scalar @{ $answer->{results} }, 1, "v$version: one directory");
    my $dir = $answer->{results}[0];
    error_is($dir->{error_code}, 'NONE', "v$version: without an error");
    like($dir->{log_dir}, qr{^/.}, "v$version: its path is absolute");
    is(sizes($answer), expected($orders), "v$version: each partition has the bytes of its batches");
    my @partitions = map { @{ $_->{partitions} } } @{ $dir->{topics} };
    is(join(' ', map { "$_->{offset_lag} $_->{is_future_key}" } @partitions), '0 0 0 0', "v$version: no partition moves");
    if ($version == 4) {
        cmp_ok($dir->{total_bytes}, '>', 1 << 20, 'v4: the volume has a size');
        cmp_ok($dir->{usable_bytes}, '>', 0, 'v4: and room');
        cmp_ok($dir->{usable_bytes}, '<=', $dir->{total_bytes}, 'v4: less than that');
    }
    like(sizes(describe($version, undef)), qr/\Q${\expected($orders)}\E.*\Q${\expected($other)}\E/, "v$version: null asks for all topics");
    is(sizes(describe($version)), '', "v$version: an empty list for none");
}
is(sizes(describe(4, [$orders, [1]])), "$orders-1:$written{$orders}[1]", 'one partition only');
is(sizes(describe(4, [$orders, [1, 7, -1, 1]], ['missing', [0]], [$orders, [1]])), "$orders-1:$written{$orders}[1]", 'once each; what does not exist is left out');
is(sizes(describe(4, [$orders, []])), '', 'no partition of a topic');

# Several segments, and more partitions.
write_one($orders, $_ % 2, 'z' x 300_000) for 1 .. 7;
is(sizes(describe(4, [$orders, [0, 1]])), expected($orders), 'over several segments');
$client->call('CreatePartitions', 3, { topics => [{ name => $orders, count => 3, assignments => undef }] });
write_one($orders, 2, 'w' x 300_000) for 1 .. 3;
my $three = expected($orders) . " $orders-2:$written{$orders}[2]";
is(sizes(describe(4, [$orders, [0 .. 2]])), $three, 'a partition that was added');

if (!$server) {
    $broker->finish;
    exit;
}
is($client->call('DescribeConfigs', 4, { resources => [{ resource_type => 4, resource_name => '1', configuration_keys => ['log.dirs'] }] })->{results}[0]{configs}[0]{value},
    describe(4)->{results}[0]{log_dir}, 'the directory is that of the broker\'s config');
for my $how ('a restart', 'a crash') {
    $how eq 'a crash' ? $server->node->stop('immediate') : $server->node->stop;
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    is(sizes(describe(4, [$orders, [0 .. 2]])), $three, "the same after $how");
    write_one($orders, 2, 'after it');
    $three = expected($orders) . " $orders-2:$written{$orders}[2]";
    is(sizes(describe(4, [$orders, [0 .. 2]])), $three, 'and goes on from there');
}
is($server->sql("SELECT sum(bytes) FROM kafka.segments WHERE topic = '$orders' AND closed")
      + $server->sql("SELECT sum(bytes) FROM (SELECT partition, max(bytes) AS bytes FROM kafka.segment_" . $server->sql("SELECT max(segment) FROM kafka.segments WHERE topic = '$orders'") . ' GROUP BY partition) AS p'),
    $written{$orders}[0] + $written{$orders}[1] + $written{$orders}[2], 'SQL tells as much');

# What retention and compaction take away.
$server->sql("SELECT kafka.alter_topic('$orders', '{\"retention.bytes\": 0}')");
$server->set('pg_kafka.retention_check_interval_ms' => 10);
wait_until('retention', sub { $server->sql("SELECT count(*) FROM kafka.segments WHERE topic = '$orders'") == 1 });
my $left = join ' ', map { "$orders-$_:" . $server->sql("SELECT coalesce(max(bytes), 0) FROM kafka.segment_" . $server->sql("SELECT max(segment) FROM kafka.segments WHERE topic = '$orders'") . " WHERE partition = $_") } 0 .. 2;
is(sizes(describe(4, [$orders, [0 .. 2]])), $left, 'without what retention has deleted');
$broker->finish;
