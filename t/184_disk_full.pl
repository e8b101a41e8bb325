# A full disk under load, for tables and then for WAL: producers are refused, nothing acknowledged is lost, and the broker serves
# again by itself as soon as there is room; after a PANIC for want of WAL the server may have to be started again.
# The data directory is a small file system of its own, in a mount namespace that needs no privilege.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use File::Temp ();
use Test::More;

# Begins again in a new mount namespace, with a file system of 150 MB in a folder; within it, as the same user as before.
BEGIN {
    plan skip_all => 'fills the disk of our own server' if $ENV{PG_KAFKA_BROKER};
    if (!$ENV{SMALL_DISK}) {
        my $folder  = File::Temp::tempdir(CLEANUP => 1);
        my $user    = "unshare --map-user=$> --map-group=" . (split ' ', $))[0];
        my $in_here = "mount -t tmpfs -o size=150m,mode=0700 tmpfs $folder && exec $user";
        my @unshare = ('unshare', '--map-root-user', '--mount', 'sh', '-c', "$in_here \"\$\@\"", 'sh');
        plan skip_all => 'no unprivileged mount namespaces here' if system("@unshare[0 .. 4] '$in_here true' >/dev/null 2>&1") != 0;
        $ENV{SMALL_DISK} = $folder;
        my $failed = system @unshare, $^X, map({ "-I$_" } @INC), $0;
        exit($failed ? 1 : 0);
    }
}
use KafkaTest;
use Load;

my $disk   = $ENV{SMALL_DISK};
my $broker = KafkaTest->start(restart_after_crash => 'on', max_wal_size => '48MB');
my $server = $broker->server;
my $data   = $server->node->data_dir;
$server->node->stop;
system("cp -a '$data/.' '$disk' && rm -r '$data'") == 0 or die 'cannot move the data directory';
symlink $disk, $data or die "symlink: $!";
$server->node->start;
$server->wait_for_port;

my $ballast = "$disk/ballast";

sub fill_disk {
    open my $file, '>', $ballast or die "$ballast: $!";
    for my $size (2**20, 4096, 1) { 1 while syswrite $file, "\0" x $size; }
    return;
}

my $load = Load->start($broker, 'load', 3);
$load->wait_for_progress('at first');

$server->expect_in_log(qr/No space left on device/, qr/could not/);
for my $round (1 .. 3) {
    my ($refused, $pid) = ($load->refused, $server->pid_of('broker'));
    fill_disk();
    $server->wait_for('producers to be refused', sub { $load->refused > $refused + 20 });
    unlink $ballast;
    $load->wait_for_progress("after a full disk, round $round");
    is($server->pid_of('broker'), $pid, "round $round: the broker lives through it");
}

# Each switch begins another file of WAL; those that were kept for that are used up first.
sub server_is_back {
    my ($postmaster) = @_;
    if (!$server->runs($postmaster)) {
        undef $server->node->{_pid};
        $server->node->start(fail_ok => 1);
    }
    return eval { $server->pid_of('broker') };
}

$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|shutting down|not yet accepting connections)/
);
my $postmaster = $server->node->{_pid};
fill_disk();
$server->wait_for('PANIC', sub {
    $server->node->psql('postgres', 'SELECT pg_switch_wal()');
    return $server->log_count(qr/PANIC: .*No space left on device/) > 0;
});
unlink $ballast;
$server->wait_for('the server', sub { server_is_back($postmaster) });
$load->wait_for_progress('after a PANIC');
$load->stop;
$load->verify;
$broker->finish;
