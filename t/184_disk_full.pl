# A full disk under load, for tables and then for WAL: producers are refused, nothing acknowledged is lost, and the broker serves
# again by itself as soon as there is room; after a PANIC for want of WAL the server may have to be started again. A transaction
# that cannot be ended meanwhile is open, wholly, and ends then.
# The data directory is a small file system of its own, in a mount namespace that needs no privilege.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use SmallDisk '150m';
use Test::More;

use KafkaRequests;
use KafkaTest;
use Load;
use TransactionalProducer;

my $broker = KafkaTest->start(restart_after_crash => 'on', max_wal_size => '48MB');
my $server = $broker->server;
my $data   = $server->node->data_dir;
$server->node->stop;
SmallDisk::take($data);
$server->node->start;
$server->wait_for_port;

# A transaction in so many partitions that there is no room for its markers without a new page.
my $partitions = 500;
my $client     = $broker->connect;
my $wide       = $broker->create_topic('wide', num_partitions => $partitions);
my $producer   = TransactionalProducer->new($client, $wide, id => 'wide', timeout => 600_000);
my ($written, $committed) = (0, '');

sub begin_transaction {
    $producer->add(0 .. $partitions - 1);
    like($producer->write(0, 'w' . ++$written), qr/^\d+$/, 'a transaction is open');
    return;
}

# By partition how many offsets there are, and how many of them are stable.
sub ends_of_wide {
    return $server->sql(q{SELECT string_agg(high_watermark || '-' || last_stable_offset, ' ' ORDER BY partition) FROM kafka.partitions WHERE topic = 'wide'});
}

sub ends_at_last {
    my ($what) = @_;
    $server->wait_for('the end of the transaction', sub { (eval { $producer->commit } // '') eq 'NONE' });
    $committed .= ($committed ? ' ' : '') . "w$written";
    is(committed_values($client, $wide), $committed, "$what: the transaction is committed, once");
    is(ends_of_wide(), join(' ', 2 * $written . '-' . 2 * $written, ("$written-$written") x ($partitions - 1)), "$what: with one marker in each partition");
    return;
}

my $load = Load->start($broker, 'load', 3);
$load->wait_for_progress('at first');

$server->expect_in_log(qr/No space left on device/, qr/could not/);
for my $round (1 .. 3) {
    begin_transaction();
    my ($refused, $pid, $open) = ($load->refused, $server->pid_of('broker'), ends_of_wide());
    SmallDisk::fill();
    $server->wait_for('producers to be refused', sub { $load->refused > $refused + 20 });
    SmallDisk::fill();    # what a checkpoint has made room for
    is($producer->commit, 'NOT_COORDINATOR', "round $round: a transaction cannot be ended");
    is(committed_values($client, $wide), $committed, 'and nothing of it is seen');
    SmallDisk::empty();
    is(ends_of_wide(), $open, 'in no partition');
    ends_at_last("round $round");
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
begin_transaction();
SmallDisk::fill();
$server->wait_for('PANIC', sub {
    $server->node->psql('postgres', 'SELECT pg_switch_wal()');
    return $server->log_count(qr/PANIC: .*No space left on device/) > 0;
});
SmallDisk::empty();
$server->wait_for('the server', sub { server_is_back($postmaster) });
$load->wait_for_progress('after a PANIC');
$client = $broker->connect;
$producer->use_client($client);
is(committed_values($client, $wide), $committed, 'the transaction was open');
ends_at_last('after a PANIC');
$load->stop;
$load->verify;
$broker->finish;
