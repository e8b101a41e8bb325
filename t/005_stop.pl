# Every way to stop the server or a worker, with a client connected; what was acknowledged is there afterwards.
use strict;
use warnings;
use IO::Socket::INET;
use PgKafka;
use Test::More;

my $server = PgKafka->new;
my @stored;

sub connected {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->kafka_port) // die "no connection: $!";
}

sub produced_is_there {
    my ($when) = @_;
    is_deeply([$server->consume('orders')], \@stored, "all records are there $when");
    return;
}

sub produce {
    push @stored, @_;
    return $server->produce('orders', @_);
}

for my $mode (qw(smart fast immediate)) {
    produce("before $mode");
    my $client = connected();
    $server->node->stop($mode);
    is(sysread($client, my $byte, 1) // 0, 0, "a $mode shutdown disconnects clients");
    $server->node->start;
    $server->wait_for_port;
    produced_is_there("after a $mode shutdown");
}

# Workers that are ended one by one come back in about a second.
for my $worker (qw(broker janitor)) {
    my $before = $server->pid_of($worker);
    produce("before the end of the $worker");
    $server->sql("SELECT pg_terminate_backend($before)");
    my $after = $server->wait_for("a new $worker", sub { my $pid = $server->pid_of($worker); $pid && $pid ne $before && $pid });
    $server->wait_for_port;
    ok($after, "after pg_terminate_backend the $worker is back");
    produced_is_there("after the end of the $worker");
}

# A cancel request finds no statement to cancel.
my $broker = $server->pid_of('broker');
$server->sql("SELECT pg_cancel_backend($broker)");
produce('after pg_cancel_backend');
produced_is_there('after pg_cancel_backend');
is($server->pid_of('broker'), $broker, 'the broker lives on after pg_cancel_backend');

# The postmaster dies without a word to anybody.
my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($server->node->data_dir . '/postmaster.pid'))[0];
my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
kill 'KILL', $postmaster;
$server->wait_for_silence;
$server->wait_for('the end of the broker', sub { !$server->runs($broker) });
pass('the broker ends when the postmaster has died');
$server->start_after_death(@processes);
produced_is_there('after the death of the postmaster');
$server->finish;
