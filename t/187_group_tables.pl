# Tables of consumer groups that somebody else has in hand: locks on them, and rows that no group has written. Groups wait for
# the one and pass over the other; everybody else is served as before.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;
use Time::HiRes qw(time);

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $server = $broker->server or plan skip_all => 'changes the tables of our own server';
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $client = $broker->connect;
$server->expect_in_log(qr/pg_kafka could not/);

sub commit_offset {
    my ($group, $offset) = @_;
    my $partition = { partition_index => 0, committed_offset => $offset, committed_metadata => '' };
    my $answer    = $client->call('OffsetCommit', 8,
        { group_id => $group, generation_id_or_member_epoch => -1, topics => [{ name => $topic->{name}, partitions => [$partition] }] });
    return $answer->{topics}[0]{partitions}[0]{error_code};
}

sub fetch_request { return ('OffsetFetch', 8, { groups => [map { { group_id => $_, topics => undef } } @_] }); }

# Offset of partition 0; undef with the error as the second value where there is none.
sub offset_in {
    my ($answer) = @_;
    my $group = $answer->{groups}[0];
    return ($group->{topics}[0]{partitions}[0]{committed_offset}, $group->{error_code});
}

sub committed { return offset_in($client->call(fetch_request($_[0]))); }

# --- Locks -----------------------------------------------------------------------------------------

error_is(commit_offset("group-$_", 5), 'NONE', "group $_ commits") for 1 .. 3;
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.consumer_offset');
error_is(commit_offset('group-1', 6), 'NOT_COORDINATOR', 'a commit that cannot be stored is to be tried again');

my @others = map { $broker->connect } 1 .. 12;
$_->send_request(fetch_request('group-2')) for @others;
my $began = time;
is(produce_values($broker->connect, $topic, 'v'), 0, 'a producer beside a dozen that ask for groups');
cmp_ok(time - $began, '<', 5, 'does not wait for the lock a dozen times');
for my $other (@others) {
    my ($offset, $error) = offset_in($other->receive);
    error_is($error, 'COORDINATOR_LOAD_IN_PROGRESS', 'who asks meanwhile is to ask again');
}
is($server->log_count(qr/could not read consumer groups/), 0, 'that another has a lock is no fault for the log');
$session->query_safe('COMMIT');
$session->quit;
wait_until('groups are there again', sub { (committed('group-1'))[0] });
is((committed("group-$_"))[0], 5, "group $_ is as before the commit that failed") for 1 .. 3;
error_is(commit_offset('group-1', 7), 'NONE', 'and commits go on');
is((committed('group-1'))[0], 7, 'from there');

# --- Rows that are not ours ------------------------------------------------------------------------

sub join_group {
    my ($group) = @_;
    my $joined = $client->call('JoinGroup', 3,
        { group_id => $group, protocol_type => 'consumer', session_timeout_ms => 30_000, rebalance_timeout_ms => 30_000,
          member_id => '', protocols => [{ name => 'range', metadata => '' }] });
    my $synced = $client->call('SyncGroup', 3,
        { group_id => $group, generation_id => $joined->{generation_id}, member_id => $joined->{member_id},
          assignments => [{ member_id => $joined->{member_id}, assignment => 'all' }] });
    error_is($synced->{error_code}, 'NONE', "$group has a member");
    return $joined;
}

my %joined = map { $_ => join_group($_) } qw(kept orphaned other-kind);
$server->sql(q(DELETE FROM kafka.consumer_group WHERE group_id = 'orphaned'));
$server->sql(q(UPDATE kafka.group_member SET topics = '{}', epoch = 1, previous_epoch = 0, assigned_topics = '{}', assigned_partitions = '{}',
    revoked_topics = '{}', revoked_partitions = '{}', target_topics = '{}', target_partitions = '{}' WHERE group_id = 'other-kind'));
my $pid = $server->pid_of('broker');
$server->sql("SELECT pg_terminate_backend($pid)");
$server->wait_for('another broker', sub { ($server->pid_of('broker') // $pid) ne $pid && $server->answers });
$client = $broker->connect;
my $groups = $client->call('DescribeGroups', 5, { groups => ['kept', 'orphaned', 'other-kind'] })->{groups};
is($groups->[0]{group_state}, 'Stable', 'a group whose rows are in order is as before');
is($groups->[0]{members}[0]{member_id}, $joined{kept}{member_id}, 'with its member');
is($groups->[1]{group_state}, 'Dead',  'a member without a group makes none');
is($groups->[2]{group_state}, 'Empty', 'a member of the other kind is none');
$pid = $server->pid_of('broker');
join_group($_) for qw(orphaned other-kind);
is($server->pid_of('broker'), $pid, 'the broker has survived all of it');
$broker->finish;
