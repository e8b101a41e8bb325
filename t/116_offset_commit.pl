# OffsetCommit 2-10: how far a group has read is stored, for members of its present generation and for whoever has no group.
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
my $topic  = $broker->create_topic('read',  num_partitions => 3);
my $other  = $broker->create_topic('other', num_partitions => 1);
$broker->wait_for_coordinators if !$broker->is_ours;

for my $version (2 .. 10) {
    my $group = $broker->name("simple-$version");
    my $commit = sub { return commit_offsets($client, $version, $group, @_) };
    my $stored = sub { return fetch_group_offsets($client, 9, $group, undef)->{topics} };

    my %offsets = (
        0 => 5,
        1 => { committed_offset => 2**40, committed_metadata => "here \x{c3}\x{a9}", committed_leader_epoch => 7 },
        2 => { committed_offset => 0, committed_metadata => '' });
    is_deeply($commit->($topic, \%offsets), { 0 => 'NONE', 1 => 'NONE', 2 => 'NONE' }, "v$version: whoever has no group may commit");
    my %expected = (0 => [5, -1, '', 'NONE'], 1 => [2**40, $version >= 6 ? 7 : -1, "here \x{c3}\x{a9}", 'NONE'], 2 => [0, -1, '', 'NONE']);
    is_deeply($stored->(), { $topic->{name} => \%expected }, "v$version: offsets, metadata and leader epochs are kept");
    is($commit->($topic, { 0 => 3 }), 'NONE', "v$version: an offset may go back");
    is($stored->()->{ $topic->{name} }{0}[0], 3, "v$version: the last commit counts");

    my $missing = { name => 'no-such-topic', id => '0123456789abcdef0123456789abcdef' };
    is($commit->($missing, { 0 => 1 }), $version < 10 ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID', "v$version: no such topic");
    is_deeply($commit->($topic, { 0 => 4, 3 => 1, -1 => 1 }), { 0 => 'NONE', 3 => 'UNKNOWN_TOPIC_OR_PARTITION', -1 => 'UNKNOWN_TOPIC_OR_PARTITION' },
        "v$version: each partition has its own error");
    my %long = map { $_ => { committed_offset => 9, committed_metadata => 'm' x (4097 - $_) } } 0, 1;
    is_deeply($commit->($topic, \%long),
        { 0 => 'OFFSET_METADATA_TOO_LARGE', 1 => 'NONE' }, "v$version: metadata have a limit");
    is_deeply([map { $stored->()->{ $topic->{name} }{$_}[0] } 0, 1], [4, 9], "v$version: what has no error is stored, the rest is not");

    my $answer = $client->call('OffsetCommit', $version, { group_id => $group, topics => [
        map { { name => $_->{name}, topic_id => $_->{id}, partitions => [{ partition_index => 0, committed_offset => 8 }] } } $topic, $other] });
    my %named = $version < 10 ? (name => 'name') : (topic_id => 'id');
    my ($field) = keys %named;
    is_deeply([map { $_->{$field} } @{ $answer->{topics} }], [map { $_->{ $named{$field} } } $topic, $other],
        "v$version: the answer names the topics as the request did");
    is_deeply($client->call('OffsetCommit', $version, { group_id => $group })->{topics}, [], "v$version: nothing to store");

    # Members.
    my $missing_group = $version >= 9 ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION';
    my $nowhere = $broker->name('nowhere');
    is(commit_offsets($client, $version, $nowhere, $topic, { 0 => 1 }, member_id => 'm', generation_id_or_member_epoch => 3), $missing_group,
        "v$version: a member of no such group");
    is(describe_group($client, 5, $nowhere)->{group_state}, 'Dead', "v$version: makes none");
    my ($leader, $follower) = my @members = stable_group($broker, $group, 2);
    my $by = sub { my ($offset, %fields) = @_; return $commit->($topic, { 0 => $offset }, %fields) };
    my $as = sub {
        my ($member, $offset, %fields) = @_;
        return $by->($offset, member_id => $member->id, generation_id_or_member_epoch => $member->generation, %fields);
    };
    is($by->(100), 'UNKNOWN_MEMBER_ID', "v$version: while there are members others may not commit");
    is($as->($leader, 100, member_id => 'nobody'), 'UNKNOWN_MEMBER_ID', "v$version: an unknown member");
    is($as->($leader, 100, generation_id_or_member_epoch => $leader->generation + $_), 'ILLEGAL_GENERATION',
        "v$version: generation $_ off") for -1, 1;
    is($as->($leader, 100, generation_id_or_member_epoch => -1), 'ILLEGAL_GENERATION', "v$version: no generation");
    is(offset_of($client, $group, $topic), 8, "v$version: none of which is stored");
    is($as->($follower, 10), 'NONE', "v$version: a member commits");
    my $newcomer = GroupMember->new($broker, $group);
    $newcomer->send_join;
    wait_until("v$version: a rebalance", sub { $leader->heartbeat eq 'REBALANCE_IN_PROGRESS' });
    is($as->($follower, 11), 'NONE', "v$version: members commit what they have read before they join again");
    my $before = $follower->generation;
    gather(@members, $newcomer);
    is($as->($follower, 12), 'REBALANCE_IN_PROGRESS', "v$version: until the assignment nobody commits");
    is($as->($follower, 12, generation_id_or_member_epoch => $before), 'ILLEGAL_GENERATION', "v$version: nor as of the generation before");
    is(offset_of($client, $group, $topic), 11, "v$version: none of which is stored");
    sync_all(@members, $newcomer);
    is($as->($newcomer, 13), 'NONE', "v$version: then all may");
    $_->leave for @members, $newcomer;
    is($as->($follower, 14), 'UNKNOWN_MEMBER_ID', "v$version: who has left may not");
    is($by->(15), 'NONE', "v$version: without members others may again");
    is(offset_of($client, $group, $topic), 15, "v$version: which is stored");
}

# The empty group id is one like any other here, as in old days.
is(commit_offsets($client, 8, '', $topic, { 1 => 77 }), 'NONE', 'a commit without a group id');
is(offset_of($client, '', $topic, 1), 77, 'can be had without a group id');

# Many clients at once; those of one turn share its commit, and none is lost.
my @clients = map { $broker->connect } 1 .. 50;
for my $round (1 .. 4) {
    $clients[$_]->send_request('OffsetCommit', 9, commit_request($broker->name('at-once-' . $_ % 10), $topic, { $_ % 3 => $round * 100 + $_ })) for 0 .. $#clients;
    $_->receive for @clients;
}
my @wrong;
for my $i (0 .. 29) {
    my $offset = offset_of($client, $broker->name('at-once-' . $i % 10), $topic, $i % 3);
    push @wrong, $offset if $offset < 400 || ($offset - 400) % 30 != $i;
}
is_deeply(\@wrong, [], 'of commits at once one of the last round is stored');

if (my $server = $broker->server) {
    # A retention time of its own, which clients before v5 may ask for.
    my $day = 24 * 60 * 60 * 1000;
    my $expires = sub { return $server->sql("SELECT expire_ms - commit_ms FROM kafka.consumer_offset WHERE group_id = 'retained'") };
    commit_offsets($client, $_, 'retained', $topic, { 0 => 1 }, retention_time_ms => $day), is($expires->(), $day,
        "v$_: a retention time is kept") for 2 .. 4;
    is(commit_offsets($client, 4, 'retained', $topic, { 0 => 2 }, retention_time_ms => 9_223_372_036_854_775_807), 'NONE', 'one without end');
    cmp_ok($expires->(), '>', 1000 * 365 * $day, 'has none');
    my $rows = join "\n", map { "$topic->{name}|$_" } '0|15|-1|', '1|9|-1|' . 'm' x 4096;
    is($server->sql(q{SELECT topic, partition, committed_offset, leader_epoch, metadata FROM kafka.consumer_offsets
        WHERE group_id = 'simple-10' AND topic = 'read' AND partition < 2 ORDER BY partition}), $rows, 'SQL shows what is committed');
}
$broker->finish;
