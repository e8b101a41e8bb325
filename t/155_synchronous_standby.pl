# acks=all waits for synchronous standbys as every commit does, and so does what is asked for once more, which the standby may not
# have yet; a shutdown does not wait for one that is missing, and then nothing is acknowledged.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start(wal_level => 'replica', max_wal_senders => 5);
my $server = $broker->server;
my $client = $broker->connect;
my $topic  = $broker->create_topic('replicated');
produce_values($client, $topic, 'first');

sub require_standby {
    my ($name) = @_;
    $server->set(synchronous_standby_names => $name);
    $server->wait_for("standby '$name' to be asked for", sub { $server->sql('SHOW synchronous_standby_names') eq $name });
    return;
}
sub send_produce {
    my ($acks, $value) = @_;
    return $client->send_request('Produce', 9, { acks => $acks, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of($value) }] }] });
}

# The setting reaches all processes a moment after the reload: produces until the broker waits. Returns the offset that it waits for.
sub produce_until_it_waits {
    my $offset = list_offset($client, 7, $topic, -1)->{offset};
    $server->wait_for('the broker to wait for a standby', sub {
        send_produce(-1, 'replicated');
        return 1 if !$client->readable(0.3);
        $client->receive;
        $offset++;
        return 0;
    });
    is($server->sql("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker'"), 'SyncRep', 'acks=all waits for a standby');
    return $offset;
}

require_standby('nobody');
send_produce(1, 'second');
is($client->receive->{responses}[0]{partition_responses}[0]{base_offset}, 1, 'acks=1 does not wait for a standby');
my $offset = produce_until_it_waits();
require_standby('');
is($client->receive->{responses}[0]{partition_responses}[0]{base_offset}, $offset, 'until none is asked for any more');

# A session whose wait is cancelled is told of success with a warning. A producer cannot be warned.
require_standby('nobody');
$offset = produce_until_it_waits();
my $broker_pid = $server->pid_of('broker');
$server->sql("SELECT pg_cancel_backend($broker_pid)");
ok(!$client->readable(0.3), 'pg_cancel_backend does not end the wait');
require_standby('');
is($client->receive->{responses}[0]{partition_responses}[0]{base_offset}, $offset, 'which ends when none is asked for any more');
is($server->log_count(qr/canceling wait for synchronous replication/), 0, 'nothing has been cancelled');
is($server->pid_of('broker'), $broker_pid, 'the broker is the same');

require_standby('nobody');
$offset = produce_until_it_waits();
my $another = $broker->connect;
$another->send_request('CreateTopics', 7, { topics => [{ name => 'waits' }] });
require_standby('');
$client->receive;
$another->receive;
require_standby('nobody');
$another->send_request('CreateTopics', 7, { topics => [{ name => 'waits-too' }] });
$server->wait_for('CreateTopics to wait for a standby',
    sub { $server->sql("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker'") eq 'SyncRep' });
require_standby('');
is($another->receive->{topics}[0]{error_code}, 0, 'a topic is created once the standby has it');

# What is asked for once more is stored already, but perhaps nowhere else: its answer waits as the first one did.
my $producer_id = $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id};
my $duplicate = { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => build_batch([{ value => 'once' }],
                    producer_id => $producer_id, producer_epoch => 0, base_sequence => 0) }] }] };
my %again = (
    'a batch' => [sub { $client->send_request('Produce', 9, $duplicate) }, sub { join ' ', @{ $_[0]{responses}[0]{partition_responses}[0] }{qw(error_code base_offset)} }]);
for my $version (1, 2) {
    my $transaction = TransactionalProducer->new($client, $topic, id => "v$version", version => $version);
    $transaction->add(0) if $version == 1;
    $transaction->write(0, 'in a transaction');
    my $end = { $transaction->ids, committed => 1 };
    $again{"the end of a transaction, v$version"} = [sub { $client->send_request('EndTxn', $version == 2 ? 5 : 3, $end) },
        sub { join ' ', map { $_ // '-' } @{ $_[0] }{qw(error_code producer_id producer_epoch)} }];
}
for my $what (sort keys %again) {
    my ($send, $told) = @{ $again{$what} };
    $send->();
    my $first = $told->($client->receive);
    like($first, qr/^0 /, "$what is stored");
    my $end = list_offset($client, 7, $topic, -1)->{offset};
    require_standby('nobody');
    my %answers;
    $server->wait_for('the broker to wait for a standby', sub {
        $send->();
        return 1 if !$client->readable(0.3);
        $answers{ $told->($client->receive) } = 1;
        return 0;
    });
    is($server->sql("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker'"), 'SyncRep', "$what, asked for once more, waits for the standby");
    require_standby('');
    $answers{ $told->($client->receive) } = 1;
    is_deeply([keys %answers], [$first], "$what is answered as it was at first");
    is(list_offset($client, 7, $topic, -1)->{offset}, $end, "$what is stored once");
}

# One turn waits, and the next one's request is there already when the shutdown comes.
require_standby('nobody');
$offset = produce_until_it_waits();
$another->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of('later') }] }] });
$server->expect_in_log(qr/canceling wait for synchronous replication/, qr/canceling the wait for synchronous replication/,
    qr/terminating connection due to administrator command/);
$server->node->stop('fast');
pass('a fast shutdown ends although the standby never came');
is($client->receive, undef, 'what it was waiting for is not acknowledged');
is($another->receive, undef, 'nor what came behind it');
$server->node->append_conf('postgresql.conf', "synchronous_standby_names = ''");
$server->node->start;
$server->wait_for_port;
cmp_ok(list_offset($broker->connect, 7, $topic, -1)->{offset}, '>=', $offset, 'what was acknowledged is there');
$broker->finish;
