# DescribeTopicPartitions 0: topics in the order of their names, in pages of so many partitions.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $node   = metadata($client, 9, [])->{brokers}[0]{node_id};
my %topic  = map { $_ => $broker->create_topic($_, num_partitions => 3) } qw(a b c);
my ($a, $b, $c) = map { $topic{$_}{name} } qw(a b c);

sub describe {
    my ($names, %request) = @_;
    return $client->call('DescribeTopicPartitions', 0, { topics => [map { { name => $_ } } @$names], %request });
}

# "topic:partition" of all that is told, and after a bar where the next page begins.
sub page {
    my ($answer) = @_;
    my $next = $answer->{next_cursor};
    my @told = map { my $name = $_->{name}; map { "$name:$_->{partition_index}" } @{ $_->{partitions} } } @{ $answer->{topics} };
    return "@told |" . ($next ? " $next->{topic_name}:$next->{partition_index}" : '');
}

my $answer = describe([$b]);
is($answer->{next_cursor}, undef, 'one page');
is(scalar @{ $answer->{topics} }, 1, 'of one topic');
my $told = $answer->{topics}[0];
is_deeply([@$told{qw(error_code name topic_id is_internal)}], [0, $b, $topic{b}{id}, 0], 'which is told of');
cmp_ok($told->{topic_authorized_operations}, '>', 0, 'with what may be done to it');
my $epoch = $told->{partitions}[1]{leader_epoch};
is_deeply($told->{partitions}[1],
    { error_code => 0, partition_index => 1, leader_id => $node, leader_epoch => $epoch, replica_nodes => [$node], isr_nodes => [$node],
        eligible_leader_replicas => [], last_known_elr => [], offline_replicas => [] }, 'and its partitions');

is(page(describe([$c, $a, $b, $a])), "$a:0 $a:1 $a:2 $b:0 $b:1 $b:2 $c:0 $c:1 $c:2 |", 'topics are sorted, and told of once');
is(page(describe([$a, $b, $c], response_partition_limit => 4)), "$a:0 $a:1 $a:2 $b:0 | $b:1", 'a page that ends within a topic');
is(page(describe([$a, $b, $c], response_partition_limit => 4, cursor => { topic_name => $b, partition_index => 1 })), "$b:1 $b:2 $c:0 $c:1 | $c:2", 'the next page');
is(page(describe([$a, $b, $c], response_partition_limit => 4, cursor => { topic_name => $c, partition_index => 2 })), "$c:2 |", 'the last page');
is(page(describe([$a, $b, $c], response_partition_limit => 3)), "$a:0 $a:1 $a:2 | $b:0", 'a page that ends with a topic');
is(page(describe([$a, $b, $c], response_partition_limit => 0)), "$a:0 | $a:1", 'a page has one partition at the least');
my $elsewhere = describe([$a, $c], cursor => { topic_name => $b, partition_index => 1 });
is_deeply([map { KafkaTest::error_name($_->{error_code}) } @{ $elsewhere->{topics} }], [('INVALID_REQUEST') x 2], 'a cursor at a topic that is not asked for');
is(page(describe([], cursor => { topic_name => $b, partition_index => 2 })) =~ s/ \Q$c\E:2\K.*//sr, "$b:2 $c:0 $c:1 $c:2", 'unless all are');
is(page(describe([$a], cursor => { topic_name => $a, partition_index => 9 })), ' |', 'from a partition on that is not there');
my $all = page(describe([]));
like($all, qr/\Q$a:0 $a:1 $a:2 $b:0\E/, 'all topics, if none is asked for');

my $missing = $broker->missing_topic->{name};
my @errors = map { "$_->{name} " . KafkaTest::error_name($_->{error_code}) } @{ describe([$missing, 'no/topic', $a])->{topics} };
is_deeply([sort @errors], [sort "$missing UNKNOWN_TOPIC_OR_PARTITION", 'no/topic INVALID_TOPIC_EXCEPTION', "$a NONE"], 'topics that are not there');
my $odd = describe([$a], cursor => { topic_name => $a, partition_index => -1 });
is(KafkaTest::error_name($odd->{topics}[0]{error_code}), 'INVALID_REQUEST', 'a cursor that cannot be');
$broker->finish;
