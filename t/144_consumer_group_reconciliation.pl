# How partitions move between the members of a group by the consumer protocol (KIP-848): both assignors, few moves, nobody has what
# another has not given up, members that fall silent or give nothing up, and restarts of the server.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember 'settle';
use KafkaTest;
use KafkaRequests;
use List::Util 'sum0';
use Test::More;

my %fast   = map { ("pg_kafka.group_consumer_${_}session_timeout_ms" => 3_000) } '', 'min_';
my $broker = KafkaTest->start(%fast, restart_after_crash => 'on');
my $server = $broker->server or plan skip_all => 'sets the timeouts of our own server';
my $client = $broker->connect;
my $six    = $broker->create_topic('six', num_partitions => 6);
my $two    = $broker->create_topic('two', num_partitions => 2);
my $groups = 0;

sub group   { return 'group-' . ++$groups; }
sub of_six  { return join ' ', map { "six-$_" } @_; }
sub members { my ($group, $count, @with) = @_; return map { ConsumerMember->new($broker, $group, ['six'], @with) } 1 .. $count; }
sub count   { return scalar split / /, $_[0]; }

# Asserts that each partition of the topic belongs to exactly one of the members, which share as evenly as can be.
sub shared_ok {
    my ($test, @parts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(join(' ', sort map { split / / } @parts), of_six(0 .. 5), "$test: each partition has one owner");
    my @counts = sort map { count($_) } @parts;
    cmp_ok($counts[-1] - $counts[0], '<=', 1, "$test: they share evenly");
    return;
}

# How many partitions have another owner than before.
sub moved {
    my ($before, $after) = @_;
    my %owner = map { my $i = $_; map { ($_ => $i) } split / /, $before->[$i] } 0 .. $#$before;
    return sum0(map { my $i = $_; scalar grep { exists $owner{$_} && $owner{$_} != $i } split / /, $after->[$i] } 0 .. $#$after);
}

sub state_of {
    my ($group) = @_;
    my $described = $client->call('ConsumerGroupDescribe', 1, { group_ids => [$group] })->{groups}[0];
    return wantarray ? ($described->{group_state}, $described) : $described->{group_state};
}

# --- Sharing out, and back -------------------------------------------------------------------------------

for my $assignor (qw(uniform range)) {
    my $group   = group();
    my @members = members($group, 4, server_assignor => $assignor);
    my @before;
    for my $count (1 .. 4) {
        $members[$count - 1]->join;
        my @after = settle(@members[0 .. $count - 1]);
        shared_ok("$assignor, $count members", @after);
        my $new = count($after[-1]);
        is(moved([@before, ''], \@after), $new, "$assignor, $count members: only what the new one gets has moved") if $assignor eq 'uniform' && $count > 1;
        is(state_of($group), 'Stable', "$assignor, $count members: stable");
        @before = @after;
    }
    my @last = map { $members[$_]->assigned } 0 .. 2;
    $members[3]->leave;
    my @after = settle(@members[0 .. 2]);
    shared_ok("$assignor, one has left", @after);
    is(moved(\@last, \@after), 0, "$assignor, one has left: the others keep what they have") if $assignor eq 'uniform';
    is((state_of($group))[1]{assignor_name}, $assignor, "$assignor: is named");
}

# By range, members have the same partitions of topics with as many of them.
{
    my $group   = group();
    my @members = map { ConsumerMember->new($broker, $group, ['six', 'two'], server_assignor => 'range', member_id => "m$_") } 0, 1;
    $_->join for @members;
    is_deeply([settle(@members)], [of_six(0 .. 2) . ' two-0', of_six(3 .. 5) . ' two-1'], 'range: topics are cut alike, in the order of the member ids');
}

# Static members keep their part by their instance ids, whatever their member ids.
{
    my $group   = group();
    my @members = map { ConsumerMember->new($broker, $group, ['six'], server_assignor => 'range', instance_id => $_) } qw(a b);
    $_->join for @members;
    my @parts = settle(@members);
    is($_->leave(-2), 'NONE', 'a static member leaves for a while') for @members;
    my @back = map { ConsumerMember->new($broker, $group, ['six'], server_assignor => 'range', instance_id => $_) } qw(a b);
    $_->join for reverse @back;
    is_deeply([map { $_->assigned } @back], \@parts, 'static members come back to what they had');
    is($back[0]->epoch, (state_of($group))[1]{group_epoch}, 'in the epoch that the group has');
}

# --- Nobody has what another has not given up ----------------------------------------------------------------

{
    my $group = group();
    my ($old, $new) = members($group, 2, rebalance_timeout_ms => 60_000);
    $old->join;
    settle($old);
    $new->join;
    is($new->assigned, '', 'a newcomer gets nothing that is in use');
    is($new->epoch, 2, 'though it is in the new epoch');
    is(state_of($group), 'Reconciling', 'the group is not stable');
    my $answer = $old->beat;
    is($answer->{member_epoch}, 1, 'the owner stays in its epoch');
    my $left = $old->assigned;
    is(count($left), 3, 'and is told what it may keep');
    $new->beat for 1 .. 3;
    is($new->assigned, '', 'the newcomer still has nothing');
    is($old->beat(topic_partitions => ConsumerMember::owned($six, 0 .. 5))->{member_epoch}, 1, 'the owner has not given up anything yet');
    $new->beat;
    is($new->assigned, '', 'nor has the newcomer anything');
    is($old->beat(topic_partitions => $old->{assigned})->{member_epoch}, 2, 'with what it had to give up it gets to the new epoch');
    $new->beat;
    shared_ok('after that', $left, $new->assigned);
    is(state_of($group), 'Stable', 'the group is stable');
}

# --- Silence -------------------------------------------------------------------------------------------------

{
    my $group = group();
    my ($alive, $silent) = members($group, 2);
    $_->join for $alive, $silent;
    settle($alive, $silent);
    wait_until('the silent one is out', sub { $alive->work; @{ (state_of($group))[1]{members} } == 1 });
    is((settle($alive))[0], of_six(0 .. 5), 'the session of a silent member ends, and its partitions go to the other');
    is($silent->error_of, 'UNKNOWN_MEMBER_ID', 'it is unknown then');
    $silent->join;
    shared_ok('it comes back', settle($alive, $silent));
}

{
    my $group = group();
    my ($slow, $new) = members($group, 2, rebalance_timeout_ms => 1_000);
    $slow->join;
    settle($slow);
    $new->join;
    wait_until('who gives nothing up in time is out', sub { $new->work; $slow->error_of eq 'UNKNOWN_MEMBER_ID' });
    is((settle($new))[0], of_six(0 .. 5), 'who gives nothing up within its rebalance timeout loses everything');
}

# A static member that is away loses its place only when its session is over.
{
    my $group   = group();
    my ($away)  = members($group, 1, instance_id => 'i');
    my ($other) = members($group, 1);
    $_->join for $away, $other;
    settle($away, $other);
    my $had = $other->assigned;
    is(count($had), 3, 'a static member and another share');
    $away->leave(-2);
    settle($other);
    is($other->assigned, $had, 'nothing moves while a static member is away');
    wait_until('its session is over', sub { $other->work; $other->assigned eq of_six(0 .. 5) });
    pass('then the other gets its partitions');
}

# --- Restarts ------------------------------------------------------------------------------------------------

my $group   = group();
my @members = (members($group, 2), members($group, 1, instance_id => 'i'));
$_->join for @members;
my @parts = settle(@members);
my ($newcomer) = members($group, 1);
$newcomer->join;    # so that a reconciliation is under way
$_->beat for @members;
my (undef, $before) = state_of($group);
is($before->{group_state}, 'Reconciling', 'a reconciliation is under way');
for my $how (qw(restart kill)) {
    if ($how eq 'restart') {
        $server->node->restart;
    } else {
        my $pid = $server->pid_of('broker');
        $server->expect_in_log(
            qr/terminating connection because of crash of another server process/,
            qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
        );
        kill 'KILL', $pid;
        $server->wait_for('a new broker', sub { my $new = eval { $server->pid_of('broker') }; $new && $new ne $pid });
    }
    $server->wait_for_port;
    $_->{client} = $broker->connect for @members, $newcomer;
    $client = $broker->connect;
    is_deeply((state_of($group))[1], $before, "$how: members, epochs and assignments are as before");
    for my $member ($members[1], $members[2]) {
        my $answer = $member->beat;
        is_deeply([@$answer{qw(error_code member_epoch assignment)}], [0, $member->epoch, undef], "$how: a heartbeat with the old ids is answered as before");
    }
    (undef, $before) = state_of($group);
}
shared_ok('after that the reconciliation goes on', settle(@members, $newcomer));
is(state_of($group), 'Stable', 'and ends');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
wait_until('the sessions of members that are gone end after a restart', sub { state_of($group) eq 'Empty' });

$broker->finish;
