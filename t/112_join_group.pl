# JoinGroup 0-9: a client becomes a member, hears who leads, and the leader hears who is there.
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

# The answer as a version has it.
sub of_version {
    my ($version, %fields) = @_;
    delete $fields{throttle_time_ms} if $version < 2;
    delete $fields{protocol_type}    if $version < 7;
    delete $fields{skip_assignment}  if $version < 9;
    $fields{members} = [map { my %member = %$_; delete $member{group_instance_id} if $version < 5; \%member } @{ $fields{members} }];
    return \%fields;
}

sub refusal {
    my ($version, $error, $member_id) = @_;
    return of_version($version, error_code => $error, throttle_time_ms => 0, generation_id => -1, protocol_type => undef,
        protocol_name => $version < 7 ? '' : undef, leader => '', skip_assignment => 0, member_id => $member_id, members => []);
}

sub state_of { return describe_group($client, 5, $_[0])->{group_state} }

# --- Every version ---------------------------------------------------------------------------------

for my $version (0 .. 9) {
    my $group = $broker->name("joined-$version");
    my ($first, $second) = map {
        GroupMember->new($broker, $group, version => $version, client_id => "client-$_", protocols => [[range => "r$_"], [sticky => "s$_"]])
    } 1, 2;
    if ($version >= 4) {
        my $answer = $first->ask_for_id;
        like($answer->{member_id}, qr/^client-1-[-\w]{36}$/, "v$version: a new client is given a member id");
        is_deeply({ %$answer, error_code => error_name($answer->{error_code}) }, refusal($version, 'MEMBER_ID_REQUIRED', $first->id),
            "v$version: with which it has to join");
        is(heartbeat($client, 0, $group, $first->id, 0), 'UNKNOWN_MEMBER_ID', "v$version: until then it is no member");
    }
    my $answer = $first->join;
    my $of_leader = { member_id => $first->id, group_instance_id => undef, metadata => 'r1' };
    my %expected = (throttle_time_ms => 0, error_code => 0, generation_id => 1, protocol_type => 'consumer', protocol_name => 'range',
        leader => $first->id, skip_assignment => 0, member_id => $first->id, members => [$of_leader]);
    is_deeply($answer, of_version($version, %expected), "v$version: the first member leads generation 1 and knows all members");
    is(state_of($group), 'CompletingRebalance', "v$version: the group waits for its assignment");
    is_deeply($first->join, $answer, "v$version: asked again, the answer is the same");

    $second->send_join;
    wait_until("v$version: the first hears of the second", sub { $first->heartbeat eq 'REBALANCE_IN_PROGRESS' });
    is(state_of($group), 'PreparingRebalance', "v$version: the group waits for all its members to join again");
    ok(!$second->client->readable, "v$version: so does the second");
    $answer = $first->join;
    $expected{generation_id} = 2;
    is_deeply([sort map { $_->{metadata} } @{ $answer->{members} }], ['r1', 'r2'],
        "v$version: the leader knows the metadata of both for the chosen protocol");
    is_deeply({ %$answer, members => [] }, of_version($version, %expected, members => []), "v$version: and leads the next generation, too");
    is_deeply($second->joined, of_version($version, %expected, member_id => $second->id, members => []),
        "v$version: the other is told who leads, but not who is there");

    my %asked = (version => $version, protocols => [[range => '']]);
    my $try = sub {
        my ($group, $member_id, %fields) = @_;
        my $asking = GroupMember->new($broker, $group, %asked, %{ $fields{new} // {} });
        my $answer = $asking->client->call('JoinGroup', $version, $asking->join_request(member_id => $member_id, %{ $fields{request} // {} }));
        return { %$answer, error_code => error_name($answer->{error_code}) };
    };
    my $nowhere = $broker->name('nowhere');
    my %refused = (
        INVALID_GROUP_ID            => [$try->('', '')],
        INVALID_SESSION_TIMEOUT     =>
            [map { $try->($group, '', request => { session_timeout_ms => $_ }) } -1, 0, 5_999, 1_800_001, -2**31, 2**31 - 1],
        UNKNOWN_MEMBER_ID           => [$try->($group, 'nobody'), $try->($nowhere, 'nobody')],
        INCONSISTENT_GROUP_PROTOCOL => [
            $try->($group, '', request => { protocol_type => 'connect' }),
            $try->($group, '', new => { protocols => [[roundrobin => '']] }),
            $try->($group,   $second->id, new => { protocols => [] }),
            $try->($nowhere, '', request => { protocol_type => '' }),
            $try->($nowhere, '', new => { protocols => [] }),
        ],
    );
    for my $error (sort keys %refused) {
        my @answers = @{ $refused{$error} };
        is_deeply(\@answers, [map { refusal($version, $error, $_->{member_id}) } @answers], "v$version: $error");
    }
    is(state_of($nowhere), 'Dead', "v$version: who is refused makes no group");
}

# --- Who is chosen ---------------------------------------------------------------------------------

# Each member votes for the first of its protocols that all have.
my $voters = $broker->name('voters');
my @voters = map { GroupMember->new($broker, $voters, protocols => [map { [$_ => "metadata of $_"] } @$_]) }
    [qw(mine x y)], [qw(y x)], [qw(y hers x)];
$voters[0]->join;
gather(@voters);
is($voters[0]{protocol}, 'y', 'what most members like best of what all have is chosen');
is_deeply([map { $_->{metadata} } @{ $voters[0]{seen} }], [('metadata of y') x 3], 'the leader gets the metadata for it');
$voters[2]->set_protocols([x => 'only x']);
$voters[2]->send_join;
gather(@voters);
is($voters[0]{protocol}, 'x', 'with other preferences another one is');
is($_->{protocol}, 'x', 'as all members hear') for @voters[1, 2];
$voters[1]->set_protocols(['y' => '']);
is(error_name($voters[1]->join->{error_code}), 'INCONSISTENT_GROUP_PROTOCOL', 'who would leave none in common is refused');

# What members do together is their own affair.
my $workers = $broker->name('workers');
my ($worker) = stable_group($broker, $workers, 2, protocol_type => 'connect', protocols => [['compatible', "\0\xff"]]);
is(describe_group($client, 5, $workers)->{protocol_type}, 'connect', 'a group may be of any protocol type');
is($worker->{seen}[1]{metadata}, "\0\xff", 'and its metadata of any bytes');

# --- Joining again in a Stable group -----------------------------------------------------------------

my $stable = $broker->name('stable');
my ($leader, $follower) = stable_group($broker, $stable, 2);
my $generation = $leader->generation;
is($follower->join->{generation_id}, $generation, 'a follower that joins again as it was is in the generation still');
is($leader->heartbeat, 'NONE', 'of which nobody else hears');
$leader->send_join;
wait_until('a leader that joins again', sub { $follower->heartbeat eq 'REBALANCE_IN_PROGRESS' });
gather($leader, $follower);
is($follower->generation, $generation + 1, 'asks for a new generation');
ok($leader->leads, 'and leads it');
sync_all($leader, $follower);
$follower->set_protocols([range => 'other topics']);
$follower->send_join;
gather($leader, $follower);
is($leader->generation, $generation + 2, 'so does a follower whose metadata have changed');
is($leader->{seen}[1]{metadata}, 'other topics', 'of which the leader learns');

# A member id that was given out is waited for, until it joins or gives up.
my $late = GroupMember->new($broker, $stable);
sync_all($leader, $follower);
$late->ask_for_id;
is($late->leave, 'NONE', 'a client may give back its member id before it has joined');
is(error_name($late->join->{error_code}), 'UNKNOWN_MEMBER_ID', 'which is not known then');

# --- No more members than allowed ---------------------------------------------------------------------

if ($broker->is_ours) {
    my $full = $broker->name('full');
    my @members = stable_group($broker, $full, 2);
    $broker->server->set('pg_kafka.group_max_size' => 2);
    my $third = GroupMember->new($broker, $full);
    $third->ask_for_id;
    wait_until('the setting is read', sub { $third->forget; error_name($third->ask_for_id->{error_code}) ne 'MEMBER_ID_REQUIRED' });
    my $answer = $third->join;
    is(error_name($answer->{error_code}), 'GROUP_MAX_SIZE_REACHED', 'a member too many is refused');
    is($answer->{member_id}, '', 'without a member id');
    is_deeply([map { $_->heartbeat } @members], ['NONE', 'NONE'], 'which does not disturb the others');
    is($members[1]->join->{error_code}, 0, 'who may join again');
}
$broker->finish;
