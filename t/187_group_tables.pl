# Tables of consumer groups that somebody else has in hand: locks on them, and rows that no group has written. Groups wait for
# the one and pass over the other; everybody else is served as before.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupMember;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use Test::More;
use Time::HiRes qw(time);

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $server = $broker->server or plan skip_all => 'changes the tables of our own server';
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $client = $broker->connect;
$server->expect_in_log(qr/pg_kafka could not/);

sub commit { my ($group, $offset) = @_; return commit_offsets($client, 8, $group, $topic, { 0 => $offset }) }

# The offset that a client is told, or the error.
sub committed { return offset_of($client, $_[0], $topic) }

# --- Locks -----------------------------------------------------------------------------------------

is(commit("group-$_", 5), 'NONE', "group $_ commits") for 1 .. 3;
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.consumer_offset');
is(commit('group-1', 6), 'NOT_COORDINATOR', 'a commit that cannot be stored is to be tried again');

my @others = map { $broker->connect } 1 .. 12;
$_->send_request('OffsetFetch', 8, { groups => [{ group_id => 'group-2', topics => undef }] }) for @others;
my $began = time;
is(produce_values($broker->connect, $topic, 'v'), 0, 'a producer beside a dozen that ask for groups');
cmp_ok(time - $began, '<', 5, 'does not wait for the lock a dozen times');
error_is($_->receive->{groups}[0]{error_code}, 'COORDINATOR_LOAD_IN_PROGRESS', 'who asks meanwhile is to ask again') for @others;
is($server->log_count(qr/could not read consumer groups/), 0, 'that another has a lock is no fault for the log');
$session->query_safe('COMMIT');
$session->quit;
wait_until('groups are there again', sub { committed('group-1') ne 'COORDINATOR_LOAD_IN_PROGRESS' });
is(committed("group-$_"), 5, "group $_ is as before the commit that failed") for 1 .. 3;
is(commit('group-1', 7), 'NONE', 'and commits go on');
is(committed('group-1'), 7, 'from there');

# --- Rows that are not ours ------------------------------------------------------------------------

sub has_member {
    my ($group) = @_;
    my ($member) = stable_group($broker, $group, 1);
    is($member->heartbeat, 'NONE', "$group has a member");
    return $member;
}

my %members = map { $_ => has_member($_) } qw(kept orphaned other-kind);
$server->sql(q(DELETE FROM kafka.consumer_group WHERE group_id = 'orphaned'));
$server->sql(q(UPDATE kafka.group_member SET topics = '{}', epoch = 1, previous_epoch = 0, assigned_topics = '{}', assigned_partitions = '{}',
    revoked_topics = '{}', revoked_partitions = '{}', target_topics = '{}', target_partitions = '{}' WHERE group_id = 'other-kind'));
my $pid = $server->pid_of('broker');
$server->sql("SELECT pg_terminate_backend($pid)");
$server->wait_for('another broker', sub { my $now = $server->pid_of('broker'); $now && $now ne $pid });
$server->wait_for_port;
$client = $broker->connect;
my $groups = $client->call('DescribeGroups', 5, { groups => ['kept', 'orphaned', 'other-kind'] })->{groups};
is($groups->[0]{group_state}, 'Stable', 'a group whose rows are in order is as before');
is($groups->[0]{members}[0]{member_id}, $members{kept}->id, 'with its member');
is($groups->[1]{group_state}, 'Dead',  'a member without a group makes none');
is($groups->[2]{group_state}, 'Empty', 'a member of the other kind is none');
$pid = $server->pid_of('broker');
has_member($_) for qw(orphaned other-kind);
is($server->pid_of('broker'), $pid, 'the broker has survived all of it');
$broker->finish;
