# DescribeQuorum 0-2: a cluster of one broker, which is its own quorum.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;
use Time::HiRes 'time';

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $cluster = metadata($client, 9, []);
my $node    = $cluster->{brokers}[0]{node_id};
my $name    = $broker->create_topic('orders')->{name};

# describe($version, topic => [partitions], ...)
sub describe {
    my ($version, @topics) = @_;
    my @asked;
    while (my ($topic, $partitions) = splice @topics, 0, 2) {
        push @asked, { topic_name => $topic, partitions => [map { { partition_index => $_ } } @$partitions] };
    }
    return $client->call('DescribeQuorum', $version, { topics => \@asked });
}

for my $version (0 .. 2) {
    my $earliest = int(time * 1000) - 1000;
    my $answer = describe($version, '__cluster_metadata' => [0]);
    error_is($answer->{error_code}, 'NONE', "v$version: the quorum is described");
    is_deeply([map { $_->{topic_name} } @{ $answer->{topics} }], ['__cluster_metadata'], "v$version: of one topic");
    is(scalar @{ $answer->{topics}[0]{partitions} }, 1, "v$version: with one partition");
    my $partition = $answer->{topics}[0]{partitions}[0];
    is_deeply([@$partition{qw(partition_index error_code leader_id observers)}], [0, 0, $node, []], "v$version: the broker leads, nobody observes");
    is_deeply([map { $_->{replica_id} } @{ $partition->{current_voters} }], [$node], "v$version: and is the only voter");
    my $voter = $partition->{current_voters}[0];
    is($voter->{log_end_offset}, $partition->{high_watermark}, "v$version: which has all that there is");
    cmp_ok($voter->{$_}, '>=', $earliest, "v$version: $_ is now") for $version ? qw(last_fetch_timestamp last_caught_up_timestamp) : ();
    if ($version == 2) {
        is($_->{error_message}, '', 'v2: there is no error to be told') for $answer, $partition;
        is_deeply([map { $_->{node_id} } @{ $answer->{nodes} }], [$node], 'v2: the broker is the only node');
        is(scalar @{ $answer->{nodes}[0]{listeners} }, 1, 'v2: with one address');
    }
    if ($broker->is_ours) {    # where the epoch is that of the partitions, and broker and controller are the same
        is($partition->{leader_epoch}, metadata($client, 9, [$name])->{topics}[0]{partitions}[0]{leader_epoch}, "v$version: the epoch is that of the partitions");
        is_deeply($answer->{nodes}[0]{listeners}[0], { name => 'PLAINTEXT', map { $_ => $cluster->{brokers}[0]{$_} } qw(host port) }, 'v2: the one that clients use') if $version == 2;
    }
}

# What can be asked for is that one partition, once; otherwise nothing is told of it either.
for my $version (0 .. 2) {
    for my $case (
        ['another topic', $name => [0]],
        ['another partition', '__cluster_metadata' => [1]],
        ['two partitions', '__cluster_metadata' => [0, 1]],
        ['the partition twice', '__cluster_metadata' => [0, 0]],
        ['two topics', '__cluster_metadata' => [0], $name => [0, 3]],
        ['the topic twice', '__cluster_metadata' => [0], '__cluster_metadata' => [0]],
        ['no partition', '__cluster_metadata' => []],
        ['no topic'],
      )
    {
        my ($what, @asked) = @$case;
        my $answer = describe($version, @asked);
        error_is($answer->{error_code}, 'NONE', "v$version: $what: no error as a whole");
        my @expected;
        while (my ($topic, $partitions) = splice @asked, 0, 2) {
            push @expected, [$topic, map { [$_, 'UNKNOWN_TOPIC_OR_PARTITION', 0, 0, 0, [], []] } @$partitions];
        }
        my @told = map {
            [$_->{topic_name}, map { [$_->{partition_index}, KafkaTest::error_name($_->{error_code}), @$_{qw(leader_id leader_epoch high_watermark current_voters observers)}] } @{ $_->{partitions} }]
        } @{ $answer->{topics} };
        is_deeply(\@told, \@expected, "v$version: $what: is not there");
        is_deeply($answer->{nodes} // [], [], "v$version: $what: and no node is told");
        ok($_->{error_message}, "v$version: $what: a message says so") for map { $version == 2 ? @{ $_->{partitions} } : () } @{ $answer->{topics} };
    }
}
$broker->finish;
