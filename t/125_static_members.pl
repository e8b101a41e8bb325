# Static members (KIP-345): whoever comes back under its instance id has its place again, without a rebalance, and fences the one before.
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

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 500);
my $client = $broker->connect;
my $topic  = $broker->create_topic('read');
$broker->wait_for_coordinators if !$broker->is_ours;

sub member_ids { return { map { $_->{group_instance_id} => $_->{member_id} } @{ describe_group($client, 5, $_[0])->{members} } } }

# Its client is started anew: another connection, no ids.
sub started_anew {
    my ($member, %with) = @_;
    return GroupMember->new($broker, $member->{group}, %{ $member->{fields} }, (map { $_ => $member->{$_} } qw(version protocols)), %with);
}

for my $version (5 .. 9) {
    my $group = $broker->name("static-$version");
    my ($leader, $follower) = my @members = stable_group($broker, $group, 2, version => $version, group_instance_ids => [qw(i0 i1)]);
    my $generation = $leader->generation;
    like($follower->id, qr/^i1-/, "v$version: a static member is admitted in one step, with its name in its id");

    # The follower.
    my $back = started_anew($follower);
    my $answer = $back->join;
    is($answer->{generation_id}, $generation, "v$version: a follower comes back in the same generation");
    isnt($back->id, $follower->id, "v$version: with another id");
    is_deeply($answer->{members}, [], "v$version: as a follower");
    is($back->sync, 'part of i1', "v$version: and has its assignment again");
    is($leader->heartbeat, 'NONE', "v$version: of which the leader hears nothing");
    is_deeply(member_ids($group), { i0 => $leader->id, i1 => $back->id }, "v$version: it has taken the place of the one before");

    # The one before.
    my $before = { member_id => $follower->id, group_instance_id => 'i1' };
    is($follower->heartbeat, 'FENCED_INSTANCE_ID', "v$version: which is fenced when it heartbeats");
    is($follower->sync, 'FENCED_INSTANCE_ID', "v$version: when it asks for its assignment") if $version >= 5;
    is($follower->commit($topic, { 0 => 1 }), 'FENCED_INSTANCE_ID', "v$version: when it commits");
    is(error_name($follower->join->{error_code}), 'FENCED_INSTANCE_ID', "v$version: when it joins");
    is(leave_group($client, 5, $group, [$before]), 'FENCED_INSTANCE_ID', "v$version: when it leaves");
    is(heartbeat($client, 4, $group, $back->id, $generation, group_instance_id => 'i0'), 'FENCED_INSTANCE_ID',
        "v$version: as is whoever says to be another");
    is($back->heartbeat, 'NONE', "v$version: the one who came back goes on");

    # The leader, which is not to assign anew: since v9 it is told so, before it is not told that it leads.
    $back = started_anew($leader);
    $answer = $back->join;
    is($answer->{generation_id}, $generation, "v$version: the leader comes back in the same generation");
    if ($version >= 9) {
        is($answer->{leader}, $back->id, "v$version: as leader");
        is($answer->{skip_assignment}, 1, "v$version: that is not to assign");
        is(scalar @{ $answer->{members} }, 2, "v$version: with all members");
    } else {
        is($answer->{leader}, $leader->id, "v$version: while the one before is called leader");
        is_deeply($answer->{members}, [], "v$version: so that it does not assign");
    }
    is($back->sync, 'part of i0', "v$version: and has its assignment again");
    is_deeply([map { $_->heartbeat } $back, $leader], ['NONE', 'FENCED_INSTANCE_ID'], "v$version: the one before is fenced");

    # With other metadata the leader of then has to assign anew.
    my $changed = started_anew($back, protocols => [[range => 'other topics']]);
    is($changed->join->{generation_id}, $generation, "v$version: other metadata for the same protocol change nothing yet") if $broker->is_ours;
}

# A protocol that is not there any more makes a rebalance.
my $choosy = $broker->name('choosy');
my ($one, $two) = stable_group($broker, $choosy, 2, group_instance_ids => [qw(one two)], protocols => [[a => ''], [b => '']]);
is($one->{protocol}, 'a', 'a protocol is chosen');
my $back = started_anew($two, protocols => [[b => '']]);
$back->send_join;
wait_until('a rebalance', sub { $one->heartbeat eq 'REBALANCE_IN_PROGRESS' });
gather($one, $back);
is($back->{protocol}, 'b', 'a static member that comes back without it makes the group choose another');

# Two at once under one name: the later one has it, also while they wait.
my $twins  = $broker->name('twins');
my ($head) = stable_group($broker, $twins, 1);
my ($first, $second) = map { GroupMember->new($broker, $twins, group_instance_id => 'twin') } 1, 2;
$first->send_join;
wait_until('a rebalance', sub { $head->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$second->send_join;
is(error_name($first->joined->{error_code}), 'FENCED_INSTANCE_ID', 'the first of two that wait to join is fenced');
gather($head, $second);
is(scalar @{ $head->{seen} }, 2, 'the second is the member');
$second->send_sync;
is($head->heartbeat, 'NONE', 'a heartbeat, until the assignment');
my $third = GroupMember->new($broker, $twins, group_instance_id => 'twin');
$third->send_join;
is($second->synced, 'FENCED_INSTANCE_ID', 'one that waits for its assignment is fenced, too');
gather($head, $third);
is_deeply([sync_all($head, $third)], ['part of 0', 'part of twin'], 'and the last one has its part');

# Static members that are away keep their place until their session ends.
my $away = $broker->name('away');
my $session = $broker->expected(ours => 3_000, kafka => 6_000);
my ($stays, $goes) = stable_group($broker, $away, 2, group_instance_ids => [qw(stays goes)],
    session_timeout_ms => $session, rebalance_timeout_ms => 1_000);
$goes->client->close;
my $guest = GroupMember->new($broker, $away, rebalance_timeout_ms => 1_000);
$guest->send_join;
gather($stays, $guest);
is_deeply([sort map { $_->{group_instance_id} // 'guest' } @{ $stays->{seen} }], [qw(goes guest stays)],
    'a rebalance goes on without a static member that is away, but with its place');
my %all = map { $_->{member_id} => 'part of ' . ($_->{group_instance_id} // 'guest') } @{ $stays->{seen} };
$guest->send_sync;
is($stays->sync(\%all), 'part of stays', 'the leader assigns to it');
is($guest->synced, 'part of guest', 'as to others');
wait_until('its session ends', sub {
    $_->heartbeat for $guest, $stays;
    return !grep { ($_->{group_instance_id} // '') eq 'goes' } @{ describe_group($client, 5, $away)->{members} };
});
is_deeply([map { $_->heartbeat } $stays, $guest], [('REBALANCE_IN_PROGRESS') x 2], 'when its session has ended, the others share its part');
is(error_name($goes->reconnect->join->{error_code}), 'UNKNOWN_MEMBER_ID', 'it is a stranger then');
$broker->finish;
