# A lock on the tables of groups that lasts longer than the members' sessions. Nobody can show meanwhile that it is alive, so nobody
# may be taken for dead when the lock is gone; and the broker has nothing to do but to look whether it is.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
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

my ($member) = stable_group($broker, 'alive', 1, session_timeout_ms => 1_000 * $session_s);
my $generation = $member->generation;
is($member->heartbeat, 'NONE', 'a member is alive');

my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.consumer_offset');
wait_until('another group makes the broker read the tables', sub { commit_to('other'); $member->heartbeat eq 'COORDINATOR_LOAD_IN_PROGRESS' });
my ($began, $cpu) = (time, broker_cpu());
wait_until('two sessions pass', sub { time - $began > 2 * $session_s });
cmp_ok(broker_cpu() - $cpu, '<', (time - $began) / 2, 'the broker sleeps most of the time');
is($member->heartbeat, 'COORDINATOR_LOAD_IN_PROGRESS', 'and cannot tell who is alive');
$session->query_safe('COMMIT');
$session->quit;

my $heard;
wait_until('the tables are read', sub { ($heard = $member->heartbeat) ne 'COORDINATOR_LOAD_IN_PROGRESS' });
is($heard, 'NONE', 'the member is in its generation still');
is(describe_group($client, 5, 'alive')->{members}[0]{member_id}, $member->id, 'as the group says');
is($member->generation, $generation, 'which is the one of before');
$broker->finish;
