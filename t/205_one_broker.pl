# What a cluster of one broker has to say of elections, of partitions on their way to others, of directories, of brokers that leave,
# and of ACLs.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker  = KafkaTest->start;
my $client  = $broker->connect;
my $node    = metadata($client, 9, [])->{brokers}[0]{node_id};
my $topic   = $broker->create_topic('orders', num_partitions => 2);
my $name    = $topic->{name};
my $missing = $broker->missing_topic->{name};
sub error_name { return KafkaTest::error_name(@_); }

# --- ElectLeaders ----------------------------------------------------------------------------------------

# By "topic:partition" the error.
sub elect {
    my ($version, $partitions, %request) = @_;
    my $answer = $client->call('ElectLeaders', $version, { topic_partitions => $partitions, timeout_ms => 10_000, %request });
    my %told = map { my $of = $_; map { ("$of->{topic}:$_->{partition_id}" => error_name($_->{error_code})) } @{ $of->{partition_result} } } @{ $answer->{replica_election_results} };
    return (\%told, error_name($answer->{error_code} // 0));
}
is_deeply([elect(2, [{ topic => $name, partitions => [0] }], election_type => 2)], [{ "$name:0" => 'INVALID_REQUEST' }, 'INVALID_REQUEST'], 'a kind of election that there is not');
for my $version (0 .. 2) {
    for my $type ($version ? (0, 1) : 0) {
        my %type = $version ? (election_type => $type) : ();
        is_deeply([elect($version, [{ topic => $name, partitions => [0, 1] }], %type)],
            [{ "$name:0" => 'ELECTION_NOT_NEEDED', "$name:1" => 'ELECTION_NOT_NEEDED' }, 'NONE'], "v$version, type $type: every partition has its leader");
        is_deeply([elect($version, undef, %type)], [{}, 'NONE'], "v$version, type $type: nothing is told of all partitions");
        is_deeply((elect($version, [{ topic => $name, partitions => [2] }, { topic => $missing, partitions => [0] }], %type))[0],
            { "$name:2" => 'UNKNOWN_TOPIC_OR_PARTITION', "$missing:0" => 'UNKNOWN_TOPIC_OR_PARTITION' }, "v$version, type $type: what is not there");
    }
}

# --- Reassignments -----------------------------------------------------------------------------------------

# By partition the error.
sub reassign {
    my ($version, $of, %replicas) = @_;
    my $answer = $client->call('AlterPartitionReassignments', $version, {
        topics => [{ name => $of, partitions => [map { { partition_index => $_, replicas => $replicas{$_} } } sort keys %replicas] }] });
    return { map { $_->{partition_index} => error_name($_->{error_code}) } @{ $answer->{responses}[0]{partitions} } };
}
for my $version (0, 1) {
    is_deeply(reassign($version, $name, 0 => [$node], 1 => undef), { 0 => 'NONE', 1 => 'NO_REASSIGNMENT_IN_PROGRESS' },
        "v$version: to where it is, and no end of what is not going on");
    is_deeply(reassign($version, $name, 0 => [$node + 7], 1 => [], 2 => [$node]),
        { 0 => 'INVALID_REPLICA_ASSIGNMENT', 1 => 'INVALID_REPLICA_ASSIGNMENT', 2 => 'UNKNOWN_TOPIC_OR_PARTITION' }, "v$version: to where it cannot be");
    is_deeply(reassign($version, $missing, 0 => [$node]), { 0 => 'UNKNOWN_TOPIC_OR_PARTITION' }, "v$version: of a topic that is not there");
}
for my $topics (undef, [{ name => $name, partition_indexes => [0, 1] }], [{ name => $missing, partition_indexes => [0] }]) {
    my $answer = $client->call('ListPartitionReassignments', 0, { topics => $topics });
    is_deeply([@$answer{qw(error_code error_message topics)}], [0, undef, []], 'no reassignment is going on');
}
my $described = metadata($client, 9, [$name])->{topics}[0]{partitions};
is_deeply([map { $_->{leader_id} } @$described], [$node, $node], 'all that has changed nothing');

# --- Directories -----------------------------------------------------------------------------------------------

# move([path, { topic => partitions }], ...): by "topic:partition" the error.
sub move {
    my ($version, @dirs) = @_;
    my $answer = $client->call('AlterReplicaLogDirs', $version, {
        dirs => [map { my ($path, $topics) = @$_; { path => $path, topics => [map { { name => $_, partitions => $topics->{$_} } } sort keys %$topics] } } @dirs] });
    return { map { my $of = $_; map { ("$of->{topic_name}:$_->{partition_index}" => error_name($_->{error_code})) } @{ $of->{partitions} } } @{ $answer->{results} } };
}
my $dir = $client->call('DescribeLogDirs', 4, { topics => [] })->{results}[0]{log_dir};
for my $version (1, 2) {
    is_deeply(move($version), {}, "v$version: nothing");
    is_deeply(move($version, [$dir, {}], ['/nowhere', { $name => [] }]), {}, "v$version: no partition");
    is_deeply(move($version, [$dir, { $name => [0, 1, 0] }]), { "$name:0" => 'NONE', "$name:1" => 'NONE' }, "v$version: to where it is");
    is_deeply(move($version, [$dir, { $name => [2, -1], $missing => [0] }]), { map { $_ => 'UNKNOWN_TOPIC_OR_PARTITION' } "$name:2", "$name:-1", "$missing:0" }, "v$version: what is not there");
    is_deeply(move($version, [$_, { $name => [0, 7], $missing => [0] }]), { map { $_ => 'LOG_DIR_NOT_FOUND' } "$name:0", "$name:7", "$missing:0" }, "v$version: to '$_'")
        for '/nowhere', '', "$dir/", "$dir/base", 'relative';
    is_deeply(move($version, [$dir, { $name => [0, 1] }], ['/nowhere', { $name => [1] }]), { "$name:0" => 'NONE', "$name:1" => 'LOG_DIR_NOT_FOUND' }, "v$version: the last directory holds");
    is_deeply(move($version, ['/nowhere', { $name => [0, 1] }], [$dir, { $name => [1] }]), { "$name:0" => 'LOG_DIR_NOT_FOUND', "$name:1" => 'NONE' }, "v$version: whichever that is");
}

# --- Brokers that leave --------------------------------------------------------------------------------------

for my $other ($node + 1, -1, 2**31 - 1) {
    my $answer = $client->call('UnregisterBroker', 0, { broker_id => $other });
    is(error_name($answer->{error_code}), 'BROKER_ID_NOT_REGISTERED', "broker $other is none");
    like($answer->{error_message}, qr/\Q$other\E/, 'as the message says');
}
if ($broker->is_ours) {    # Kafka lets its last broker go, and has none from then on
    my $answer = $client->call('UnregisterBroker', 0, { broker_id => $node });
    is(error_name($answer->{error_code}), 'INVALID_REQUEST', 'the only broker stays');
    like($answer->{error_message}, qr/only one/, 'as the message says');
    is_deeply([map { $_->{node_id} } @{ metadata($client, 9, [])->{brokers} }], [$node], 'and is told of as before');
}

# --- ACLs ----------------------------------------------------------------------------------------------------

for my $version (1 .. 3) {
    my $answer = $client->call('DescribeAcls', $version, { resource_type_filter => 1, resource_name_filter => undef, pattern_type_filter => 1,
            principal_filter => undef, host_filter => undef, operation => 1, permission_type => 1 });
    is(error_name($answer->{error_code}), 'SECURITY_DISABLED', "v$version: there are no ACLs");
    ok($answer->{error_message}, "v$version: as the message says");
    is_deeply($answer->{resources}, [], "v$version: and none is told");
}
$broker->finish;
