# SyncGroup 0-5: the leader hands out the assignments of a generation, and every member gets its own.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupMember;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;

sub state_of { return describe_group($client, 5, $_[0])->{group_state} }

sub sync_with {
    my ($version, %fields) = @_;
    my $answer = $client->call('SyncGroup', $version, { protocol_type => 'consumer', protocol_name => 'range', %fields });
    return { %$answer, error_code => error_name($answer->{error_code}) };
}

for my $version (0 .. 5) {
    my $group = $broker->name("synced-$version");
    my ($leader, $follower, $forgotten) = my @members = map { GroupMember->new($broker, $group, version => $version) } 1 .. 3;
    $leader->join;
    gather(@members);
    $follower->send_sync;
    is($leader->heartbeat, 'NONE', "v$version: a heartbeat while the assignment is awaited");
    ok(!$follower->client->readable, "v$version: a follower waits for the leader");
    $leader->send_sync({ $leader->id => 'first', $follower->id => "\0\xffsecond", nobody => 'third' });
    is($leader->synced,   'first',         "v$version: the leader gets its assignment");
    is($follower->synced, "\0\xffsecond", "v$version: the follower gets its own, byte by byte");
    is($forgotten->sync, '', "v$version: who has been forgotten gets none");
    is(state_of($group), 'Stable', "v$version: the group is stable");
    is($follower->sync({ $follower->id => 'mine!' }), "\0\xffsecond", "v$version: asked again, the answer is the same, whatever is sent with it");

    my %ids    = (group_id => $group, member_id => $follower->id, generation_id => $follower->generation);
    my $answer = sync_with($version, %ids);
    my %shape  = (error_code => 'NONE', assignment => "\0\xffsecond", $version >= 1 ? (throttle_time_ms => 0) : (),
        $version >= 5 ? (protocol_type => 'consumer', protocol_name => 'range') : ());
    is_deeply($answer, \%shape, "v$version: the shape of the answer");
    my %refused = (
        INVALID_GROUP_ID   => [{ group_id => '' }],
        UNKNOWN_MEMBER_ID  => [{ group_id => $broker->name('nowhere') }, { member_id => 'nobody' }, { member_id => '' }],
        ILLEGAL_GENERATION => [map { { generation_id => $_ } } -1, 0, $follower->generation + 1, 2**31 - 1],
    );
    $refused{INCONSISTENT_GROUP_PROTOCOL} =
        [{ protocol_type => undef }, { protocol_name => undef }, { protocol_type => 'connect' }, { protocol_name => 'sticky' }] if $version >= 5;
    $refused{UNKNOWN_MEMBER_ID} = [@{ $refused{UNKNOWN_MEMBER_ID} }, { group_instance_id => 'none' }] if $version >= 3;
    for my $error (sort keys %refused) {
        my @answers = map { sync_with($version, %ids, %$_) } @{ $refused{$error} };
        is_deeply([map { $_->{error_code} } @answers], [($error) x @answers], "v$version: $error");
        is_deeply([map { $_->{assignment} } @answers], [('') x @answers],     "v$version: without an assignment");
    }

    my $newcomer = GroupMember->new($broker, $group, version => $version);
    $newcomer->send_join;
    wait_until("v$version: a rebalance begins", sub { $leader->heartbeat eq 'REBALANCE_IN_PROGRESS' });
    is($follower->sync, 'REBALANCE_IN_PROGRESS', "v$version: while members join there is no assignment");
    is_deeply([map { $_->leave } @members], [('NONE') x 3], "v$version: all leave");
    $newcomer->joined;
    $newcomer->leave;
    is(sync_with($version, %ids)->{error_code}, 'UNKNOWN_MEMBER_ID', "v$version: an empty group has no assignments");
}

# A leader that assigns nothing at all has assigned.
my $nothing = $broker->name('nothing');
my @idle = stable_group($broker, $nothing, 2);
$idle[0]->send_join;
gather(@idle);
$idle[1]->send_sync;
is($idle[0]->sync, '', 'a leader that assigns nothing gets nothing');
is($idle[1]->synced, '', 'as do the others');
is(state_of($nothing), 'Stable', 'which is an assignment like any other');

# Whoever comes while the leader assigns makes everybody join again.
my $busy = $broker->name('busy');
my ($leader, $follower) = my @members = stable_group($broker, $busy, 2);
$leader->send_join;
gather(@members);
$follower->send_sync;
my $newcomer = GroupMember->new($broker, $busy);
$newcomer->send_join;
is($follower->synced, 'REBALANCE_IN_PROGRESS', 'a newcomer ends the wait for the leader');
is($leader->sync({ $leader->id => 'late' }), 'REBALANCE_IN_PROGRESS', 'whose assignment comes too late');
gather(@members, $newcomer);
is_deeply([sync_all(@members, $newcomer)], ['part of 0', 'part of 1', 'part of 2'], 'and all get theirs in the next generation');
is($leader->sync({}, generation_id => $leader->generation - 1), 'ILLEGAL_GENERATION', 'the one before is over');
$broker->finish;
