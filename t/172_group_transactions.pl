# A session that changes a group by SQL has it to itself until its transaction ends: clients of the group are told to try again
# meanwhile, nothing that they were told to be stored is lost, and nobody else notices.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember;
use GroupMember;
use GroupRequests;
use IPC::Run ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 500);
my $server = $broker->server or plan skip_all => 'asks our own server';
my $topic  = $broker->create_topic('orders');
my $second = $broker->create_topic('second');
my $client = $broker->connect;
produce_values($client, $topic, 1 .. 100);

# The error of a commit by a tool.
sub commit { my ($group, $offset) = @_; return commit_offsets($client, 9, $group, $topic, { 0 => $offset }) }

# The offset that a client is told, or the error.
sub committed { return offset_of($client, $_[0], $topic) }

sub stored {
    my ($group) = @_;
    return $server->sql("SELECT committed_offset FROM kafka.consumer_offsets WHERE group_id = '$group'");
}

sub reset_to { return "SELECT kafka.reset_offsets('$_[0]', 'orders', $_[1])" }

# Members of the group g: one that has its part, and one that has joined and got nothing yet.
sub stable_member { my ($member) = stable_group($broker, 'g', 1); return $member }

sub joined_member {
    my $member = GroupMember->new($broker, 'g', @_);
    $member->join;
    return $member;
}

my $busy    = 'COORDINATOR_LOAD_IN_PROGRESS';
my $session = $server->node->background_psql('postgres', on_error_stop => 0);

# The SQLSTATE of a statement in that session; the transaction is as before.
sub state_of {
    my ($statement) = @_;
    $session->query_safe('SAVEPOINT before');
    $session->query($statement);
    $session->{stderr} = '';
    my $state = $session->query_safe('\echo :SQLSTATE');
    $session->query_safe('ROLLBACK TO before');
    return $state;
}

# --- While the transaction is open -------------------------------------------------------------------

is(commit('g', 5),     'NONE', 'there is a group');
is(commit('other', 5), 'NONE', 'and another');
$session->query_safe('BEGIN; ' . reset_to('g', 2));
is(commit('g', 6), $busy, 'while a session changes the group nobody commits');
is(committed('g'), $busy, 'or is told what is committed');
error_is(GroupMember->new($broker, 'g')->ask_for_id->{error_code},       $busy, 'or joins');
error_is(ConsumerMember->new($broker, 'g', ['orders'])->join->{error_code}, $busy, 'by the new protocol, either');
is_deeply(delete_groups($client, 2, 'g'), { g => $busy }, 'or deletes it');
is(delete_offsets($client, 'g', $topic, 0), $busy, 'or its offsets');
is(fetch_group_offsets($client, 7, 'g', undef)->{error}, $busy, 'in all versions');
is(fetch_group_offsets($client, 1, 'g', [[$topic, 0]])->{topics}{orders}{0}[3], $busy, 'of the request');
is(commit('other', 6),                     'NONE', 'other groups commit');
is(produce_values($client, $topic, 'new'), 100,    'and producers produce');
is(stored('g'),                            5,      'other sessions see what was before');
is($session->query_safe(q{SELECT committed_offset FROM kafka.consumer_offsets WHERE group_id = 'g'}), 2, 'this one what it has changed');
$session->query_safe('ROLLBACK');
is(committed('g'), 5,      'rolled back, nothing has changed');
is(commit('g', 6), 'NONE', 'and the group is served');

# --- Its end -----------------------------------------------------------------------------------------

my ($wrong, $round) = (0);
for $round (1 .. 50) {
    commit('g', 50 + $round) eq 'NONE' or $wrong++;
    $session->query_safe(reset_to('g', $round));
    committed('g') == $round or $wrong++;
}
is($wrong, 0, 'a change is seen by the next request after its commit, each time');
$session->query_safe("BEGIN; SAVEPOINT s; @{[reset_to('g', 7)]}; ROLLBACK TO s; COMMIT");
is(committed('g'), 50, 'one that is rolled back to a savepoint is not');
$session->query_safe("BEGIN; SAVEPOINT s; @{[reset_to('g', 7)]}; RELEASE s; @{[reset_to('other', 8)]}; COMMIT");
is(committed('g') . ' ' . committed('other'), '7 8', 'several of a transaction are');

my $other = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; ' . reset_to('g', 20));
$other->query_until(qr/begun/, "\\echo begun\n@{[reset_to('g', 30)]};\n\\echo ended\n");
$server->wait_for('the second session to wait', sub { $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}) });
$session->query_safe('COMMIT');
$other->query_until(qr/ended/, "\n");
is(committed('g'), 30, 'of two sessions one comes after the other');

my $pid = $other->query_safe('SELECT pg_backend_pid()');
$other->query_safe('BEGIN; ' . reset_to('g', 40));
is(commit('g', 41), $busy, 'a session that will be killed has the group');
$server->expect_in_log(qr/terminating connection due to administrator command/);
$server->sql("SELECT pg_terminate_backend($pid)");
wait_until('the group is served again', sub { committed('g') ne $busy });
is(committed('g'), 30, 'what the session has changed is gone with it');
eval { $other->quit };

$server->sql(q{UPDATE kafka.consumer_offset SET committed_offset = 33 WHERE group_id = 'g'});
is(committed('g'), 33, 'an UPDATE of the table is seen, too');
$server->sql(q{BEGIN; UPDATE kafka.consumer_offset SET committed_offset = 34 WHERE group_id = 'g'; ROLLBACK});
is(committed('g'), 33, 'unless it is rolled back');

# --- Members -----------------------------------------------------------------------------------------

$server->expect_in_log(qr/group "g" is in use/, qr/cannot change consumer groups at isolation level/);
my $member = stable_member();
$session->query_safe('BEGIN');
is(state_of(reset_to('g', 1)), '55006', 'while it lives the offsets are not reset');
is($member->heartbeat, 'NONE', 'which does not disturb it, even before the transaction ends');
is($member->commit($topic, { 0 => 9 }), 'NONE', 'it commits');
$session->query_safe('COMMIT');
$member->leave;
is(committed('g'), 9, 'and that stays');

# A snapshot from before the member came.
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM kafka.consumer_groups');
$member = stable_member();
is($member->commit($topic, { 0 => 10 }), 'NONE', 'a member joins and commits');
is(state_of(reset_to('g', 1)), '0A000', 'a session with an older snapshot does not overlook it');
is($member->heartbeat, 'NONE', 'the member goes on');
$session->query_safe('ROLLBACK');
$member->leave;
is(committed('g'), 10, 'with what it has committed');

# Or from before a partition's first commit, which leaves the group's own row as it was.
is(commit('of an old snapshot', 5), 'NONE', 'a tool commits');
$session->query_safe('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM kafka.consumer_groups');
is(commit_offsets($client, 9, 'of an old snapshot', $second, { 0 => 5 }), 'NONE', 'and in a further partition');
is(state_of(q{SELECT kafka.delete_group('of an old snapshot')}), '0A000', 'nor does one in which the group has fewer partitions');
$session->query_safe('ROLLBACK');

# A member that has joined and has got nothing yet: its group is stored without it.
$member = joined_member();
$session->query_safe(reset_to('g', 3));
is($member->sync, 'UNKNOWN_MEMBER_ID', 'a member whose first rebalance is not over joins again');
$member->forget->join;
is($member->sync({ $member->id => 'all' }), 'all', 'and gets its part');
is(committed('g'), 3, 'from the new offset on');
$member->leave;

# One whose session ends while the group is held: the group's next generation is not stored over what the session sees.
$member = joined_member(session_timeout_ms => 1000);
$session->query_safe('BEGIN; ' . reset_to('g', 4));
my $epoch = $session->query_safe(q{SELECT epoch FROM kafka.consumer_group WHERE group_id = 'g'});
wait_until('its session is over', sub { !@{ describe_group($client, 5, 'g')->{members} } });
is(produce_values($client, $topic, 'newer'), 101, 'the broker stores');
is($server->sql(q{SELECT epoch FROM kafka.consumer_group WHERE group_id = 'g'}), $epoch, 'but nothing of that group');
$session->query_safe('COMMIT');
is(committed('g'), 4, 'which is as the session has left it');
is(commit('g', 5), 'NONE', 'and goes on');

# --- Commits and resets at full speed ----------------------------------------------------------------

my $resets = join '', map { reset_to('g', $_ % 50) . ";\n" } 1 .. 300;
$resets .= "\\echo all done\n";
my ($output, $errors) = ('', '');
my $psql = IPC::Run::start(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $server->node->connstr('postgres')],
    '<', \$resets, '>', \$output, '2>', \$errors, IPC::Run::timeout(120));
my ($commits, $put_off, $differing) = (0, 0, 0);
while ($psql->pumpable && $output !~ /all done/) {
    $psql->pump_nb;
    my $offset = 1000 + $commits + $put_off;
    my $error  = commit('g', $offset);
    $error eq 'NONE' ? $commits++ : $put_off++;
    $differing++ if $error ne 'NONE' && $error ne $busy;
    my $seen = committed('g');
    $differing++ if $seen ne $busy && $seen != $offset && $seen >= 50;    # neither its own nor a reset's
}
$psql->finish;
is($psql->result(0) . $errors, '0', 'many resets') or diag $errors;
note "$commits commits, $put_off put off";
cmp_ok($commits, '>', 0, 'and commits between them');
is($differing, 0, 'each commit is either refused, or seen until it is reset');
is(committed('g'), stored('g'), 'at the end the broker and the table say the same');

# --- Deleted ------------------------------------------------------------------------------------------

$session->query_safe(q{BEGIN; SELECT kafka.delete_group('g')});
is(commit('g', 5), $busy, 'a group that is being deleted takes no commits');
$session->query_safe('COMMIT');
is(committed('g'), -1, 'a deleted one has none');
is(describe_group($client, 5, 'g')->{group_state}, 'Dead', 'and is gone');
is(commit('g', 5), 'NONE', 'until somebody commits again');
is(committed('g'), 5, 'and finds that');
$session->quit;
$broker->finish;
