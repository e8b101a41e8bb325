# DescribeGroups 0-6, ListGroups 0-5 and DeleteGroups 0-2: what there is, in which state, and its end.
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
my $client = $broker->connect(client_id => "a tool \x{c3}\x{a9}");
my $topic  = $broker->create_topic('read');
$broker->wait_for_coordinators if !$broker->is_ours;
my ($simple, $stable, $joining, $assigning, $empty, $workers, $nowhere) =
    map { $broker->name($_) } qw(simple stable joining assigning empty workers nowhere);
my $ours = qr/^(?:simple|stable|joining|assigning|empty|workers|nowhere)\Q@{[$broker->name('')]}\E$/;

commit_offsets($client, 9, $simple, $topic, { 0 => 1 });
my ($leader, $follower) = stable_group($broker, $stable, 2, group_instance_ids => [qw(one two)], client_id => "member \x{c3}\x{a9}",
    protocols => [[range => "r\0"], [sticky => 's']]);
my ($waited_for) = stable_group($broker, $joining, 1);
my $newcomer = GroupMember->new($broker, $joining);
$newcomer->send_join;
wait_until('a rebalance', sub { $waited_for->heartbeat eq 'REBALANCE_IN_PROGRESS' });
my $assigned = GroupMember->new($broker, $assigning);
$assigned->join;
my ($gone) = stable_group($broker, $empty, 1);
$gone->leave;
stable_group($broker, $workers, 1, protocol_type => 'connect', protocols => [[compatible => '']]);

# --- DescribeGroups ----------------------------------------------------------------------------------

# A member as a version shows it; in a state other than Stable without what it says of itself.
sub member {
    my ($version, $member, $metadata, $assignment) = @_;
    return { member_id => $member->id, client_id => $member->client->{client_id}, client_host => '/127.0.0.1',
        member_metadata => $metadata, member_assignment => $assignment,
        $version >= 4 ? (group_instance_id => $member->instance) : () };
}

sub group {
    my ($version, $id, $state, $type, $protocol, @members) = @_;
    my @extra = ($version >= 3 ? (authorized_operations => -2**31) : (), $version >= 6 ? (error_message => undef) : ());
    return { error_code => 0, group_id => $id, group_state => $state, protocol_type => $type,
        protocol_data => $protocol, members => \@members, @extra };
}

sub by_id { my ($group) = @_; return { %$group, members => [sort { $a->{member_id} cmp $b->{member_id} } @{ $group->{members} }] } }

for my $version (0 .. 6) {
    my @expected = (
        group($version, $stable, 'Stable', 'consumer', 'range',
            member($version, $leader, "r\0", 'part of one'), member($version, $follower, "r\0", 'part of two')),
        group($version, $joining,   'PreparingRebalance',  'consumer', '', 
            member($version, $waited_for, '', 'part of 0'), member($version, $newcomer, '', '')),
        group($version, $assigning, 'CompletingRebalance', 'consumer', '', member($version, $assigned, '', '')),
        group($version, $empty,     'Empty', 'consumer', ''),
        group($version, $simple,    'Empty', '',         ''));
    my $answer = $client->call('DescribeGroups', $version, { groups => [$stable, $joining, $assigning, $empty, $simple] });
    is_deeply([map { by_id($_) } @{ $answer->{groups} }], [map { by_id($_) } @expected], "v$version: groups of all states");
    my $unknown = describe_group($client, $version, $nowhere);
    delete $unknown->{error_message};
    my %dead = %{ group($version, $nowhere, 'Dead', '', '') };
    delete $dead{error_message};
    is_deeply($unknown, { %dead, error_code => $version < 6 ? 0 : 69 }, "v$version: no such group");
    is($client->call('DescribeGroups', $version, { groups => [] })->{groups}[0], undef, "v$version: no groups");
}

# --- ListGroups --------------------------------------------------------------------------------------

my %all = ($simple => '/Empty', $stable => 'consumer/Stable', $joining => 'consumer/PreparingRebalance',
    $assigning => 'consumer/CompletingRebalance', $empty => 'consumer/Empty', $workers => 'connect/Stable');
for my $version (0 .. 5) {
    my %expected = map { $_ => $version >= 5 ? "$all{$_}/classic" : $version == 4 ? "$all{$_}/" : $all{$_} =~ s{/.*}{//}r } keys %all;
    is_deeply(list_groups($client, $version, $ours), \%expected, "v$version: all groups");
}
sub listed { my (%filter) = @_; return join ' ', sort keys %{ list_groups($client, 5, $ours, %filter) } }
sub names  { return join ' ', sort @_ }
is(listed(states_filter => ['Stable']), names($stable, $workers), 'those in a state');
is(listed(states_filter => ['stable', 'EMPTY']), names($stable, $workers, $simple, $empty), 'or several, in any case');
is(listed(states_filter => ['no such state']), '', 'or none');
is(listed(types_filter => ['Classic']), names(keys %all), 'those of a type');
is(listed(types_filter => ['consumer']), '', 'of which there may be none');
is(listed(types_filter => ['classic', 'consumer'], states_filter => ['CompletingRebalance']), $assigning, 'both at once');
is_deeply(list_groups($client, 4, $ours, states_filter => ['Stable']), { $stable => 'consumer/Stable/', $workers => 'connect/Stable/' },
    'v4 has states only');

# --- DeleteGroups ------------------------------------------------------------------------------------

for my $version (0 .. 2) {
    my $doomed = $broker->name("doomed-$version");
    commit_offsets($client, 9, $doomed, $topic, { 0 => 5 });
    my ($member) = stable_group($broker, $doomed, 1);
    is_deeply(delete_groups($client, $version, $doomed, $nowhere, $joining, $assigning),
        { (map { $_ => 'NON_EMPTY_GROUP' } $doomed, $joining, $assigning), $nowhere => 'GROUP_ID_NOT_FOUND' },
        "v$version: only what has no members is deleted");
    is($member->heartbeat, 'NONE', "v$version: the members of others go on");
    $member->leave;
    is_deeply(delete_groups($client, $version, $doomed), { $doomed => 'NONE' }, "v$version: when the last has left it is");
    is_deeply(delete_groups($client, $version, $doomed), { $doomed => 'GROUP_ID_NOT_FOUND' }, "v$version: but once");
    is(offset_of($client, $doomed, $topic), -1, "v$version: with what was committed");
    is($member->heartbeat, 'UNKNOWN_MEMBER_ID', "v$version: who was a member hears that it is none");
    is($member->commit($topic, { 0 => 7 }), 'GROUP_ID_NOT_FOUND', "v$version: nor may it commit");
    my ($again) = stable_group($broker, $doomed, 1);
    is($again->generation, 1, "v$version: a group of the same name begins anew");
    is_deeply($client->call('DeleteGroups', $version, { groups_names => [] })->{results}, [], "v$version: nothing to delete");
}

# While clients use it: whatever comes first, each is answered, and what is left is a group again or none.
my $busy    = $broker->name('busy');
my @clients = map { $broker->connect } 1 .. 10;
for my $round (1 .. 20) {
    for my $i (0 .. $#clients) {
        $i % 2
            ? $clients[$i]->send_request('OffsetCommit', 9, commit_request($busy, $topic, { 0 => $round }))
            : $clients[$i]->send_request('DeleteGroups', 2, { groups_names => [$busy] });
    }
    my @deleted = map { error_name($clients[$_]->receive->{results}[0]{error_code}) } grep { !($_ % 2) } 0 .. $#clients;
    my @stored  = map { error_name($clients[$_]->receive->{topics}[0]{partitions}[0]{error_code}) } grep { $_ % 2 } 0 .. $#clients;
    fail("round $round: deleted " . join ' ', @deleted) if grep { !/^(?:NONE|GROUP_ID_NOT_FOUND)$/ } @deleted;
    fail("round $round: stored " . join ' ', @stored)   if grep { $_ ne 'NONE' } @stored;
    my $offset = offset_of($client, $busy, $topic);
    my $exists = list_groups($client, 5, qr/^\Q$busy\E$/)->{$busy};
    fail("round $round: $offset") if $offset != ($exists ? $round : -1);
}
pass('groups are deleted while they are used');

# Also within one turn: while another session has a row that the broker is to change, requests gather.
if (my $server = $broker->server) {
    commit_offsets($client, 9, $_, $topic, { 0 => 1 }) for $busy, 'held';
    my $session = $server->node->background_psql('postgres');
    $session->query_safe(q{BEGIN; SELECT 1 FROM kafka.consumer_offset WHERE group_id = 'held' FOR UPDATE});
    $clients[0]->send_request('OffsetCommit', 9, commit_request('held', $topic, { 0 => 2 }));
    wait_until('the broker waits', sub {
        $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker' AND wait_event_type = 'Lock'}) });
    $clients[1]->send_request('DeleteGroups', 2, { groups_names => [$busy] });
    $clients[1]->send_request('OffsetCommit', 9, commit_request($busy, $topic, { 0 => 3 }));
    $clients[2]->send_request('OffsetCommit', 9, commit_request('held', $topic, { 0 => 4 }));
    $session->query_safe('COMMIT');
    $session->quit;
    error_is($clients[1]->receive->{results}[0]{error_code}, 'NONE', 'a group is deleted');
    error_is($clients[1]->receive->{topics}[0]{partitions}[0]{error_code}, 'NONE', 'and made anew in the same turn, or the next');
    error_is($clients[$_]->receive->{topics}[0]{partitions}[0]{error_code}, 'NONE', 'while others commit') for 0, 2;
    is(offset_of($client, $busy, $topic), 3, 'as it was made anew');
    is(offset_of($client, 'held', $topic), 4, 'and as they have committed');
}
if (my $server = $broker->server) {
    my $offset = offset_of($client, $busy, $topic);
    is($server->sql("SELECT coalesce(max(committed_offset), -1) FROM kafka.consumer_offset WHERE group_id = '$busy'"), $offset,
        'and the tables say what the broker says');
    is($server->sql("SELECT count(*) FROM kafka.consumer_group WHERE group_id = '$busy'"), $offset >= 0 ? 1 : 0, 'of the group, too');
}
$broker->finish;
