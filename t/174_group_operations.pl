# What a client may do with a group, where it asks (KIP-430): without an authorizer everything.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
$broker->wait_for_coordinators;
my $topic   = $broker->create_topic('orders');
my $client  = $broker->connect;
my %group   = map { $_ => $broker->name($_) } qw(classic consumer nobody);
my $nothing = -2147483648;

# READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, a bit each.
my $everything = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

$client->call('JoinGroup', 3, { group_id => $group{classic}, protocols => [{ name => 'range', metadata => '' }] });
$client->call('ConsumerGroupHeartbeat', 1, {
    group_id => $group{consumer}, member_id => 'm', member_epoch => 0, rebalance_timeout_ms => 30000,
    subscribed_topic_names => [$topic->{name}], topic_partitions => []
});

# { name => what may be done with it }
sub operations {
    my ($api, $version, $field, $asked) = @_;
    my $answer = $client->call($api, $version, { $field => [values %group], include_authorized_operations => $asked });
    my %shown  = map { $_->{group_id} => $_->{authorized_operations} } @{ $answer->{groups} };
    return { map { $_ => $shown{ $group{$_} } } keys %group };
}

my %none = map { $_ => $nothing } keys %group;
for my $version (3 .. 6) {
    my $known = { %none, classic => $everything };
    $known->{$_} = $everything for $version < 6 ? qw(consumer nobody) : ();    # which are Dead there, without an error
    is_deeply(operations('DescribeGroups', $version, 'groups', 1), $known, "DescribeGroups v$version");
    is_deeply(operations('DescribeGroups', $version, 'groups', 0), \%none, 'if it is asked');
}
for my $version (0, 1) {
    is_deeply(operations('ConsumerGroupDescribe', $version, 'group_ids', 1), { %none, consumer => $everything }, "ConsumerGroupDescribe v$version");
    is_deeply(operations('ConsumerGroupDescribe', $version, 'group_ids', 0), \%none, 'if it is asked');
}
$broker->finish;
