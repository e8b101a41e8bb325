# Requests of groups that no client should send: each is refused, or served as far as it makes sense, and nobody else is disturbed.
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
my $server = $broker->server or plan skip_all => 'looks into our own tables';
my $client = $broker->connect;
my $topic  = $broker->create_topic('read');
my ($witness, $other) = my @witnesses = stable_group($broker, 'witnesses', 2);

# Nobody else is disturbed.
sub undisturbed {
    my ($what) = @_;
    is_deeply([map { $_->heartbeat } @witnesses], ['NONE', 'NONE'], "$what: others are undisturbed");
    is($witness->commit($topic, { 0 => 1 }), 'NONE', "$what: and commit");
    return;
}

# --- What is no text ---------------------------------------------------------------------------------

# It could not be stored as text, and its failure would be that of all others in the turn.
for my $bad ("\xff", "a\0b", "\xc3", "\xed\xa0\x80", "\xc0\x80") {
    my $shown  = unpack 'H*', $bad;
    my $member = GroupMember->new($broker, 'texts', protocols => [[range => $bad]]);
    my $answer = $member->client->call('JoinGroup', 9, $member->join_request(group_id => $bad));
    is(error_name($answer->{error_code}), 'INVALID_REQUEST', "$shown: a group id that is no text");
    is($answer->{protocol_name}, undef, "$shown: is refused in the shape of the version");
    my @places = map { { $_ => $bad } } qw(group_instance_id protocol_type reason member_id);
    for my $fields (@places, { protocols => [{ name => $bad, metadata => '' }] }) {
        my ($name) = keys %$fields;
        is(error_name($client->call('JoinGroup', 9, $member->join_request(%$fields))->{error_code}), 'INVALID_REQUEST', "$shown: $name");
    }
    is(commit_offsets($client, 9, 'texts', $topic, { 0 => { committed_offset => 1, committed_metadata => $bad } }), 'INVALID_REQUEST',
        "$shown: metadata of a commit");
    is(commit_offsets($client, 9, $bad, $topic, { 0 => 1 }), 'INVALID_REQUEST', "$shown: the group of a commit");
    is(heartbeat($client, 4, $bad, 'm', 1), 'INVALID_REQUEST', "$shown: the group of a heartbeat");
    is(leave_group($client, 5, $bad, ['m']), 'INVALID_REQUEST', "$shown: of a departure");
    is_deeply(delete_groups($client, 2, $bad, 'none'), { $bad => 'INVALID_REQUEST', none => 'INVALID_REQUEST' }, "$shown: of a deletion");
    is(delete_offsets($client, $bad, $topic, 0), 'INVALID_REQUEST', "$shown: of a deletion of offsets");
    is_deeply(fetch_group_offsets($client, 9, $bad, undef), { error => 'NONE', topics => {} }, "$shown: has nothing committed");
    is(describe_group($client, 5, $bad)->{group_state}, 'Dead', "$shown: is not to be described");
    is($member->join->{members}[0]{metadata}, $bad, "$shown: metadata may be any bytes");
    is($member->sync({ $member->id => $bad }), $bad, "$shown: as may assignments");
    is(describe_group($client, 5, 'texts')->{members}[0]{member_assignment}, $bad, "$shown: which are shown");
    $member->leave;
}
undisturbed('no text');

# The names of clients and instances become parts of member ids, of which there may be no part of a character.
for my $length (250 .. 260) {
    my $name    = 'x' x ($length % 4) . "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x98" x 30;
    my $dynamic = GroupMember->new($broker, "names-$length", version => 9, client_id => $name);
    my $old     = GroupMember->new($broker, "old-names-$length", version => 3, client_id => $name);
    my $static  = GroupMember->new($broker, "instances-$length", version => 9, group_instance_id => $name);
    for my $member ($dynamic, $old, $static) {
        $member->join;
        is($member->sync({ $member->id => 'all' }), 'all', "$member->{group}: a long name is no hindrance");
    }
}
undisturbed('long names');
my $odd = GroupMember->new($broker, 'odd client', client_id => "\xff\0");
$odd->join;
is($odd->sync({ $odd->id => 'all' }), 'all', 'a client id that is no text is none');
is(describe_group($client, 5, 'odd client')->{members}[0]{client_id}, '', 'nor shown');
my $nameless = GroupMember->new($broker, 'nameless', client_id => undef);
$nameless->join;
is($nameless->sync({ $nameless->id => 'all' }), 'all', 'as for a client that says none');

# --- Ids of any length -------------------------------------------------------------------------------

my ($longest, $too_long) = map { "\xe2\x82\xac" x 333 . 'x' x $_ } 1, 2;
my @long = stable_group($broker, $longest, 2, client_id => "\xe2\x82\xac" x 1_000);
is($long[1]->commit($topic, { 0 => 4 }), 'NONE', 'a group id of 1,000 bytes');
is(offset_of($client, $longest, $topic), 4, 'has offsets');
for my $id ($too_long, 'x' x 32_767) {
    is(error_name(GroupMember->new($broker, $id)->join->{error_code}), 'INVALID_GROUP_ID', length($id) . ' bytes: nobody joins');
    is(commit_offsets($client, 9, $id, $topic, { 0 => 1 }), 'INVALID_GROUP_ID', length($id) . ' bytes: nor commits');
    is(heartbeat($client, 4, $id, 'm', 1), 'INVALID_GROUP_ID', length($id) . ' bytes: nor has a member');
    is(delete_offsets($client, $id, $topic, 0), 'INVALID_GROUP_ID', length($id) . ' bytes: nor offsets to be deleted');
    is_deeply(delete_groups($client, 2, $id), { $id => 'GROUP_ID_NOT_FOUND' }, length($id) . ' bytes: no such group');
    is(offset_of($client, $id, $topic), -1, length($id) . ' bytes: with nothing committed');
}
my @wide = stable_group($broker, 'wide', 2, group_instance_ids => [map { 'i' x 32_000 . $_ } 0, 1], protocol_type => 't' x 32_767,
    protocols => [['p' x 32_767 => 'x' x 2**19]]);
is_deeply([map { $_->heartbeat } @wide], ['NONE', 'NONE'], 'other names may be as long as Kafka has them');
is(error_name(GroupMember->new($broker, 'wider', protocols => [[range => 'x' x 2**20]])->join->{error_code}), 'UNKNOWN_SERVER_ERROR',
    'up to a megabyte of all that a member says');
is(heartbeat($client, 4, 'wide', 'm' x 32_767, 1), 'UNKNOWN_MEMBER_ID', 'a member id of any length is unknown');
is(length $server->sql(q{SELECT instance_id FROM kafka.group_member WHERE group_id = 'wide' LIMIT 1}), 32_001, 'and are stored');
undisturbed('long ids');

# --- Times that make no sense --------------------------------------------------------------------------

# Without any time to ask for its assignment nobody can stay, but nobody waits either.
for my $rebalance (-2**31, -1, 0) {
    my $hasty = GroupMember->new($broker, "rebalance in $rebalance", rebalance_timeout_ms => $rebalance);
    is($hasty->join->{error_code}, 0, "rebalance timeout $rebalance: a join is answered");
    is($hasty->sync, 'UNKNOWN_MEMBER_ID', "rebalance timeout $rebalance: but there was no time to get an assignment");
    is(describe_group($client, 5, $hasty->{group})->{group_state}, 'Empty', "rebalance timeout $rebalance: so the group is empty");
}
my ($patient) = stable_group($broker, 'patient', 1, rebalance_timeout_ms => 2**31 - 1, session_timeout_ms => 1_800_000);
my $impatient = GroupMember->new($broker, 'patient', rebalance_timeout_ms => -1);
$impatient->send_join;
gather($patient, $impatient);
is_deeply([sync_all($patient, $impatient)], ['part of 0', 'part of 1'], 'the longest rebalance timeout of all members holds');
for my $session (-2**31, -1, 0, 499, 1_800_001, 2**31 - 1) {
    is(error_name(GroupMember->new($broker, 'x', session_timeout_ms => $session)->ask_for_id->{error_code}), 'INVALID_SESSION_TIMEOUT', "session timeout $session");
}
is($server->sql(q{SELECT count(*) FROM kafka.consumer_group WHERE group_id = 'x'}), 0, 'which makes no group');
is(commit_offsets($client, 9, 'offsets', $topic, { 0 => $_ }), 'NONE', "offset $_ is one like any other") for -1, -9_223_372_036_854_775_808, 9_223_372_036_854_775_807;
is($server->sql(q{SELECT committed_offset FROM kafka.consumer_offset WHERE group_id = 'offsets'}), '9223372036854775807', 'and stored');

# --- Much of it ----------------------------------------------------------------------------------------

# A leader that assigns to a great many that are no members.
my ($leader, $follower) = my @pair = stable_group($broker, 'generous', 2);
$leader->send_join;
gather(@pair);
$follower->send_sync;
is($leader->sync({ $leader->id => 'first', $follower->id => 'second', map { ("nobody $_" => 'x' x 20) } 1 .. 100_000 }), 'first',
    'assignments to 100,000 that are no members are read');
is($follower->synced, 'second', 'those to members get there');
is($server->sql(q{SELECT count(*) FROM kafka.group_member WHERE group_id = 'generous'}), 2, 'the others are nobody');

# Many protocols, the same one again and again, an empty name.
my $many = GroupMember->new($broker, 'many', protocols => [map { ["p$_" => 'm'] } 1 .. 50_000]);
$many->join;
is($many->sync({ $many->id => 'all' }), 'all', '50,000 protocols');
is($many->{protocol}, 'p1', 'of which the first is liked best');
my $same = GroupMember->new($broker, 'same', protocols => [map { ['' => "m$_"] } 1 .. 50_000]);
$same->join;
is($same->{seen}[0]{metadata}, 'm1', 'of one that is named again and again the first counts');
is($same->sync({ $same->id => 'all' }), 'all', 'also if its name is empty');
is(leave_group($client, 5, 'many', [('nobody') x 50_000]), join(' ', ('UNKNOWN_MEMBER_ID') x 50_000), 'a departure of 50,000 that are no members');
is($client->call('DescribeGroups', 6, { groups => [('none') x 50_000] })->{groups}[-1]{error_code}, 69, 'a look at 50,000 groups that do not exist');
is_deeply([values %{ delete_groups($client, 2, ('none') x 10_000) }], ['GROUP_ID_NOT_FOUND'], 'their deletion');
my @partitions = map { { partition_index => $_ % 2, committed_offset => $_ } } 1 .. 50_000;
my $all = $client->call('OffsetCommit', 9, { group_id => 'all at once', topics => [{ name => $topic->{name}, partitions => \@partitions }] });
is_deeply([map { error_name($_->{error_code}) } @{ $all->{topics}[0]{partitions} }[0, 1]], ['UNKNOWN_TOPIC_OR_PARTITION', 'NONE'],
    'a commit of the same partition 25,000 times');
is(offset_of($client, 'all at once', $topic), 50_000, 'of which the last counts');
undisturbed('much');
$broker->finish;
