# Heartbeat 0-4: members stay as long as they are heard of, and hear of rebalances.
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

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 100);
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;

for my $version (0 .. 4) {
    my $group  = $broker->name("beating-$version");
    my $member = GroupMember->new($broker, $group);
    $member->join;
    my $beat = sub { my (%fields) = @_; return heartbeat($client, $version, $group, $member->id, $member->generation, %fields) };
    is($beat->(), 'NONE', "v$version: while the assignment is awaited");
    $member->sync;
    is($beat->(), 'NONE', "v$version: in a stable group");
    my $answer = $client->call('Heartbeat', $version, { group_id => $group, member_id => $member->id, generation_id => 1 });
    is_deeply($answer, { error_code => 0, $version >= 1 ? (throttle_time_ms => 0) : () }, "v$version: the shape of the answer");
    is($beat->(group_id => ''), 'INVALID_GROUP_ID', "v$version: no group id");
    is($beat->(group_id => $broker->name('nowhere')), 'UNKNOWN_MEMBER_ID', "v$version: no such group");
    is($beat->(member_id => $_), 'UNKNOWN_MEMBER_ID', "v$version: no such member") for '', 'nobody';
    is($beat->(generation_id => $_), 'ILLEGAL_GENERATION', "v$version: generation $_") for -1, 0, 2, -2**31;
    is($beat->(group_instance_id => 'none'), $version < 3 ? 'NONE' : 'UNKNOWN_MEMBER_ID', "v$version: no such instance");
    my $other = GroupMember->new($broker, $group);
    $other->send_join;
    wait_until("v$version: a rebalance", sub { $beat->() eq 'REBALANCE_IN_PROGRESS' });
    gather($member, $other);
    is($beat->(), 'NONE', "v$version: and its end");
    is($member->leave, 'NONE', "v$version: it leaves");
    is($beat->(), 'UNKNOWN_MEMBER_ID', "v$version: and is no member any more");
}

# --- Sessions ----------------------------------------------------------------------------------------

my $session = $broker->expected(ours => 1_000, kafka => 6_000);    # Kafka's least
my $topic   = $broker->create_topic('read');
my $group   = $broker->name('sessions');
my ($leader, $silent, $committing, $beating) =
    my @members = stable_group($broker, $group, 4, session_timeout_ms => $session);
sub members { return { map { $_->{member_id} => 1 } @{ describe_group($client, 5, $group)->{members} } } }

my $others = sub {
    $leader->heartbeat;
    $beating->heartbeat;
    $committing->commit($topic, { 0 => 1 });
};
wait_until('the silent one is out', sub { $others->(); !members()->{ $silent->id } });
is_deeply(members(), { map { $_->id => 1 } $leader, $committing, $beating }, 'who beats, or commits, is not');
is($silent->heartbeat, 'UNKNOWN_MEMBER_ID', 'the silent one hears that it was too late');
is($beating->heartbeat, 'REBALANCE_IN_PROGRESS', 'the others that there is a rebalance');

# Sessions of several lengths, which end together with the connections or without them: timers, not sockets, decide.
gather($leader, $committing, $beating);
sync_all($leader, $committing, $beating);
my $patient = GroupMember->new($broker, $group, session_timeout_ms => 60_000);
$patient->send_join;
gather($leader, $committing, $beating, $patient);
sync_all($leader, $committing, $beating, $patient);
$_->client->close(reset => 1) for $committing, $patient;
is(scalar keys %{ members() }, 4, 'a lost connection ends no session');
wait_until('the short sessions end', sub { keys %{ members() } == 1 });
is_deeply(members(), { $patient->id => 1 }, 'all of them at once, the long one does not');
$patient->reconnect;
is($patient->heartbeat, 'REBALANCE_IN_PROGRESS', 'its member goes on with a new connection');
my $answer = $patient->join;
is($answer->{leader}, $patient->id, 'and leads, as the only one left');
is($patient->sync({ $patient->id => 'all' }), 'all', 'with everything');

# Nobody is left, and the group may be used again.
$patient->leave;
is(describe_group($client, 5, $group)->{group_state}, 'Empty', 'the last one leaves an empty group');
my $generation = $patient->generation;
my $next = GroupMember->new($broker, $group);
$next->join;
cmp_ok($next->generation, '>', $generation, 'whose generations go on');
$broker->finish;
