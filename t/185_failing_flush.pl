# A flush that fails, of WAL and of tables: the server's PANIC is right, since nobody knows what was written. Afterwards nothing
# acknowledged is lost, and the broker serves again by itself.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Faults;
use KafkaTest;
use Load;
use Test::More;

my $broker = KafkaTest->start(restart_after_crash => 'on', fsync => 'on', wal_sync_method => 'fdatasync');
my $server = $broker->server or plan skip_all => 'makes calls of our own server fail';
my $faults = Faults->start($broker);
$server->expect_in_log(
    qr/PANIC:  could not (?:fdatasync|fsync) file/,
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
my $load = Load->start($broker, 'load', 3);
$load->wait_for_progress('at first');

my $panics = 0;
for my $call ('fdatasync', 'fsync', 'fdatasync') {
    my $before = $server->pid_of('broker');
    my $checkpoint = $call eq 'fsync' ? $server->node->background_psql('postgres', on_error_stop => 0) : undef;
    $checkpoint->{stdin} .= "CHECKPOINT;\n" if $checkpoint;    # it syncs tables, and does not return
    $checkpoint->{run}->pump_nb if $checkpoint;
    $faults->fail_next($call);
    $server->wait_for_log(qr/PANIC:  could not (?:fdatasync|fsync) file/, ++$panics);
    $server->wait_for("another broker after a failed $call", sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    $load->wait_for_progress("after a failed $call");
    $checkpoint->{run}->kill_kill if $checkpoint;              # psql has lost its server
}
$load->stop;
$load->verify;
$broker->finish;
