# kill -9 of the broker: the server restarts its sessions, as after any crash, and the broker serves what was acknowledged.
use strict;
use warnings;
use PgKafka;
use Test::More;

my $server = PgKafka->new(settings => { restart_after_crash => 'on' });
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/);
my @stored;
for my $round (1 .. 3) {
    my @lines = map { "round $round, record $_" } 1 .. 50;
    $server->produce('orders', @lines);
    push @stored, @lines;
    my $broker = $server->pid_of('broker');
    kill 'KILL', $broker;
    $server->wait_for_log(qr/"pg_kafka broker" \(PID $broker\) was terminated by signal 9/);
    $server->wait_for('another broker', sub { my $pid = eval { $server->pid_of('broker') }; $pid && $pid ne $broker });
    $server->wait_for_port;
    is_deeply([$server->consume('orders')], \@stored, "all records are there after kill $round");
}
$server->produce('orders', 'the next one');
is(($server->consume('orders', format => '%o'))[-1], scalar @stored, 'offsets go on where they were');
$server->finish;
