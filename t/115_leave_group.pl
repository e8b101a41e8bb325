# LeaveGroup 0-5: members go, one by one or several at once, by their own wish or a tool's.
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

sub described { return describe_group($client, 5, $_[0]) }

for my $version (0 .. 5) {
    my $group   = $broker->name("left-$version");
    my @members = stable_group($broker, $group, 2, version => $version);
    my $leave   = sub { return leave_group($client, $version, @_) };
    is($leave->('', ['x']), 'INVALID_GROUP_ID', "v$version: no group id");
    is($leave->($broker->name('nowhere'), ['x']), 'UNKNOWN_MEMBER_ID', "v$version: no such group");
    is($leave->($group, [$_]), 'UNKNOWN_MEMBER_ID', "v$version: no such member") for '', 'x';
    is($members[0]->leave, 'NONE', "v$version: the leader leaves");
    is($members[1]->heartbeat, 'REBALANCE_IN_PROGRESS', "v$version: the other hears of it");
    my $answer = $members[1]->join;
    is($answer->{leader}, $members[1]->id, "v$version: and leads");
    is($members[1]->sync({ $members[1]->id => 'all' }), 'all', "v$version: alone");
    is($members[0]->heartbeat, 'UNKNOWN_MEMBER_ID', "v$version: who has left is no member");
    is($members[0]->leave, 'UNKNOWN_MEMBER_ID', "v$version: nor can it leave again");
    is($members[1]->leave, 'NONE', "v$version: the last one leaves");
    is(described($group)->{group_state}, 'Empty', "v$version: an empty group stays");
    $members[0]->forget->join;
    cmp_ok($members[0]->generation, '>', $members[1]->generation, "v$version: and can be joined, in a later generation");
}

# --- Several at once (v3) ----------------------------------------------------------------------------

for my $version (3 .. 5) {
    my $group = $broker->name("several-$version");
    my @dynamic = stable_group($broker, $group, 3);
    my @static  = map { GroupMember->new($broker, $group, group_instance_id => "instance $_") } 1, 2, 3;
    $_->send_join for @static;
    gather(@dynamic, @static);
    sync_all(@dynamic, @static);
    my @who = (
        { member_id => $dynamic[2]->id, ($version >= 5 ? (reason => "because \x{c3}\x{a9}") : ()) },
        { member_id => 'x' },
        { member_id => '', group_instance_id => 'instance 1' },
        { member_id => $static[1]->id, group_instance_id => 'instance 2' },
        { member_id => $static[2]->id, group_instance_id => 'instance 9' },
        { member_id => $dynamic[1]->id, group_instance_id => 'instance 3' },
        { member_id => '', group_instance_id => 'none' },
        { member_id => $dynamic[2]->id },
    );
    my $answer = $client->call('LeaveGroup', $version, { group_id => $group, members => \@who });
    my @errors = qw(NONE UNKNOWN_MEMBER_ID NONE NONE UNKNOWN_MEMBER_ID FENCED_INSTANCE_ID UNKNOWN_MEMBER_ID UNKNOWN_MEMBER_ID);
    is_deeply([map { error_name($_->{error_code}) } @{ $answer->{members} }], \@errors, "v$version: each member has its own error");
    is_deeply([map { [@$_{qw(member_id group_instance_id)}] } @{ $answer->{members} }], [map { [@$_{qw(member_id group_instance_id)}] } @who],
        "v$version: and is named as in the request");
    is_deeply([sort map { $_->{member_id} } @{ described($group)->{members} }], [sort map { $_->id } @dynamic[0, 1], $static[2]],
        "v$version: those without an error are gone");
    is(leave_group($client, $version, $group, []), '', "v$version: nobody leaves");
}

# --- Whoever leaves while it waits ---------------------------------------------------------------------

my $group = $broker->name('waiting');
my ($leader, $one, $two) = my @members = stable_group($broker, $group, 3);
$one->set_protocols([range => 'changed']);
$one->send_join;
wait_until('a rebalance', sub { $leader->heartbeat eq 'REBALANCE_IN_PROGRESS' });
is(leave_group($client, 5, $group, [$one->id]), 'NONE', 'a member that waits in JoinGroup is removed');
is(error_name($one->joined->{error_code}), 'UNKNOWN_MEMBER_ID', 'and hears of it');
is($two->heartbeat, 'REBALANCE_IN_PROGRESS', 'the rebalance goes on');
$leader->send_join;
is(leave_group($client, 5, $group, [$two->id]), 'NONE', 'the last one that was waited for is removed');
is(scalar @{ $leader->joined->{members} }, 1, 'so the wait is over');
$leader->sync;

$one->forget->send_join;
gather($leader, $one);
$one->send_sync;
is($leader->heartbeat, 'NONE', 'a heartbeat, until the assignment');
is(leave_group($client, 5, $group, [$one->id]), 'NONE', 'a member that waits in SyncGroup is removed');
is($one->synced, 'UNKNOWN_MEMBER_ID', 'and hears of it');
is($leader->sync, 'REBALANCE_IN_PROGRESS', 'what its leader assigns is too late');
$leader->join;
is($leader->sync({ $leader->id => 'all' }), 'all', 'the next generation is without it');

# Rapid coming and going: after each round the group is as at first.
for my $round (1 .. 20) {
    my $guest = GroupMember->new($broker, $group);
    $guest->send_join;
    gather($leader, $guest);
    $guest->leave;
    gather($leader);
    $leader->sync({ $leader->id => "round $round" });
}
is_deeply([map { [$_->{member_id}, $_->{member_assignment}] } @{ described($group)->{members} }], [[$leader->id, 'round 20']],
    'after guests have come and gone one is left, with everything');
is($leader->heartbeat, 'NONE', 'and stays');
$broker->finish;
