# Tables of groups that cannot be read or written for long. Where they are locked nobody can show that it is alive, so nobody may be
# taken for dead when the lock is gone; and the broker has nothing to do but to look whether it is.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember;
use GroupMember;
use GroupRequests;
use KafkaTest;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $session_s = 1.5;
my $broker    = KafkaTest->start(
    'pg_kafka.group_initial_rebalance_delay_ms' => 0,
    'pg_kafka.group_min_session_timeout_ms'     => 1_000
);
my $server = $broker->server or plan skip_all => 'locks the tables of our own server';
my $topic  = $broker->create_topic('orders', num_partitions => 1);
my $client = $broker->connect;
$server->expect_in_log(qr/pg_kafka could not/);

sub commit_to { return commit_offsets($client, 8, $_[0], $topic, { 0 => 5 }); }

# Seconds of CPU that the broker has used.
sub broker_cpu {
    open my $stat, '<', '/proc/' . $server->pid_of('broker') . '/stat' or die "stat of the broker: $!";
    my @after_name = split ' ', (<$stat> =~ /\)(.*)/)[0];
    return ($after_name[11] + $after_name[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# While the body runs; what it returns must be true in the end.
sub sleeps_most_of_the_time {
    my ($body) = @_;
    my ($began, $cpu) = (time, broker_cpu());
    wait_until('time passes', sub { $body->(time - $began) });
    cmp_ok(broker_cpu() - $cpu, '<', (time - $began) / 2, 'the broker sleeps most of the time');
    return;
}

my ($member) = stable_group($broker, 'alive', 1, session_timeout_ms => 1_000 * $session_s);
my $generation = $member->generation;
is($member->heartbeat, 'NONE', 'a member is alive');

my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.consumer_offset');
wait_until('another group makes the broker read the tables', sub { commit_to('other'); $member->heartbeat eq 'COORDINATOR_LOAD_IN_PROGRESS' });
sleeps_most_of_the_time(sub { $_[0] > 2 * $session_s });
is($member->heartbeat, 'COORDINATOR_LOAD_IN_PROGRESS', 'and cannot tell who is alive');
$session->query_safe('COMMIT');
$session->quit;

my $heard;
wait_until('the tables are read', sub { ($heard = $member->heartbeat) ne 'COORDINATOR_LOAD_IN_PROGRESS' });
is($heard, 'NONE', 'the member is in its generation still');
is(describe_group($client, 5, 'alive')->{members}[0]{member_id}, $member->id, 'as the group says');
is($member->generation, $generation, 'which is the one of before');

# Requests that fail all the time do not keep others from being looked after.
$server->sql("ALTER TABLE kafka.consumer_offset ADD CONSTRAINT not_theirs CHECK (group_id <> 'refused') NOT VALID");
my ($silent) = stable_group($broker, 'silent', 1, session_timeout_ms => 1_000);
wait_until('a member that is silent is removed', sub { commit_to('refused'); describe_group($client, 5, 'silent')->{group_state} eq 'Empty' });
$server->sql('ALTER TABLE kafka.consumer_offset DROP CONSTRAINT not_theirs');

# What is due as soon as a group has been read, and cannot be stored, is not tried all the time: here, that the group becomes classic.
sub set_policy {
    my ($policy, $told) = @_;
    my $classic = 0;
    $server->set('pg_kafka.group_consumer_migration_policy' => $policy);
    wait_until("policy $policy holds", sub {
        GroupMember->new($broker, 'policy ' . ++$classic, protocols => [[range => subscription(['orders'], {})]])->join;
        return ConsumerMember->new($broker, "policy $classic", ['orders'])->join->{error_code} == $told;
    });
    return;
}

my $classic  = GroupMember->new($broker, 'mixed', protocols => [[range => subscription(['orders'], {})]]);
my $consumer = ConsumerMember->new($broker, 'mixed', ['orders'], member_id => 'consumer');
my $mixed    = sub { return (split m{/}, list_groups($client, 5, qr/^mixed$/)->{mixed} // '')[2] // '' };
set_policy('upgrade', 0);
$classic->join;
is($consumer->join->{error_code}, 0, 'a group with members of both kinds');
is($consumer->leave, 'NONE', 'the last of the consumer protocol leaves');
is($mixed->(), 'consumer', 'and the group stays a consumer group, by the policy');

$server->sql("ALTER TABLE kafka.$_ ADD CONSTRAINT full_disk CHECK (false) NOT VALID") for qw(consumer_group group_member consumer_offset);
$server->set('pg_kafka.group_consumer_migration_policy' => 'bidirectional');
my $failures = sub { return $server->log_count(qr/could not store what consumer groups changed/) };
commit_to('mixed');
wait_until('the downgrade fails', sub { $classic->heartbeat; $failures->() > 1 });
sleeps_most_of_the_time(sub { $_[0] > 2 });
$server->sql("ALTER TABLE kafka.$_ DROP CONSTRAINT full_disk") for qw(consumer_group group_member consumer_offset);
wait_until('stored in the end', sub { $classic->heartbeat; $mixed->() eq 'classic' });
$broker->finish;
