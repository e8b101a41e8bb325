# kill -9 of the broker, of the janitor, of a user's backend and of the whole server while producers write: every
# acknowledged record is there afterwards, at the offset that was acknowledged, and offsets have no gap.
# KILL_ROUNDS=20 for more rounds.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use Load;
use Test::More;

my $broker = KafkaTest->start(restart_after_crash => 'on');
my $server = $broker->server;
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
my $load = Load->start($broker, 'load', 4);

# The server restarts all its processes after the death of one.
sub kill_one {
    my ($what, $pid) = @_;
    my $before = $server->pid_of('broker');
    kill 'KILL', $pid;
    $server->wait_for("another broker after the death of $what", sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    $load->wait_for_progress("after the death of $what");
    return;
}

sub kill_a_backend {
    my $session = $server->node->background_psql('postgres', on_error_stop => 0);
    my $pid = $session->query_safe("SELECT pg_backend_pid()");
    $session->query_safe("BEGIN; UPDATE kafka.topic SET name = 'renamed' WHERE name = 'nothing'");
    kill_one('a backend', $pid);
    $session->{run}->kill_kill;    # psql has lost its server; quit() would complain
    return;
}

sub kill_the_server {
    my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
    $server->node->kill9;
    $server->start_after_death(@processes);
    $load->wait_for_progress('after the death of the server');
    return;
}

$load->wait_for_progress('at first');
for my $round (1 .. $ENV{KILL_ROUNDS} // 3) {
    kill_one("the $_", $server->pid_of($_)) for 'broker', 'janitor';
    kill_a_backend();
    kill_the_server();
    note("round $round is over");
}
$load->stop;
$load->verify;
$broker->finish;
