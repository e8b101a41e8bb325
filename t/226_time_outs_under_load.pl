# A transaction whose producer is gone is aborted in its time, though producers have more waiting than the broker can store in a turn.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start('pg_kafka.transaction_abort_timed_out_transaction_cleanup_interval_ms' => 100, shared_buffers => '256MB');
my $server = $broker->server or plan skip_all => 'fills the queue of our own server';
my $client = $broker->connect;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $busy   = $broker->create_topic('busy', num_partitions => 1, configs => { 'retention.bytes' => 1, 'segment.bytes' => 104_857_600 });
my $batch  = build_batch([{ value => 'x' x 900_000 }]);

# Requests that are sent before the one before is answered, so that there is always more than a turn takes.
my @producers = map {
    my $test = $$;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        eval {
            my $client = $broker->connect;
            my $send = sub { $client->send_request('Produce', 9, { acks => -1, timeout_ms => 30_000, topic_data => [{ name => $busy->{name}, partition_data => [{ index => 0, records => $batch }] }] }) };
            $send->() for 1 .. 3;
            while (!-e "$folder/stop" && getppid == $test) { $client->receive; $send->() }
        };
        warn $@ if $@;
        POSIX::_exit(0);
    }
    $pid;
} 1 .. 24;
my $stored = sub { return list_offset($client, 7, $busy, -1)->{offset} };
$server->wait_for('the load', sub { $stored->() > 100 });

my $topic = $broker->create_topic('orders', num_partitions => 1);
my $p     = TransactionalProducer->new($client, $topic, id => 'gone', version => 2, timeout => 1000);
is($p->write(0, 'never committed'), 0, 'a transaction');
my $before = $stored->();
$server->wait_for('it is aborted', sub { list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset} == 2 });
pass('is aborted in the middle of the load');
cmp_ok($stored->(), '>', $before, 'which has not ceased');
open my $stop, '>', "$folder/stop" or die $!;
waitpid $_, 0 for @producers;
is(committed_values($client, $topic), '', 'and nothing of it is shown');
$broker->finish;
