# min.insync.replicas counts the server and its synchronous standbys: without enough of them nothing is stored, and nobody waits.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest;
use KafkaWire::Errors;
use PgKafka;
use Test::More;

my $broker = KafkaTest->start(wal_level => 'replica', max_wal_senders => 5);
my $server = $broker->server or plan skip_all => 'synchronous_standby_names is a setting of our own server';
my $client = $broker->connect;
my %wants = map { $_ => $broker->create_topic("wants-$_", configs => { 'min.insync.replicas' => $_ }) } 1 .. 3;
sub error_of {
    my ($replicas, $acks) = @_;
    my $answer = $client->call('Produce', 9, { acks => $acks, topic_data => [{ name => $wants{$replicas}{name}, partition_data => [{ index => 0, records => batch_of('x') }] }] });
    return error_name($answer->{responses}[0]{partition_responses}[0]{error_code});
}
is(error_of($_, -1), 'NONE', "min.insync.replicas = $_ has no effect without synchronous standbys") for 1 .. 3;

my $standby = PgKafka->standby_of($server);
$standby->expect_in_log(qr/could not receive data from WAL stream/, qr/could not connect to the primary server/, qr/terminating walreceiver/);
$server->set(synchronous_standby_names => 'standby');
$server->wait_for('the standby to be synchronous', sub { $server->sql('SELECT sync_state FROM pg_stat_replication') eq 'sync' });
$server->wait_for('the broker to know', sub { error_of(3, -1) eq 'NOT_ENOUGH_REPLICAS' });
is(error_of(2, -1), 'NONE', 'with one standby two have all records');
my $end = list_offset($client, 7, $wants{3}, -1)->{offset};
is(error_of(3, -1), 'NOT_ENOUGH_REPLICAS', 'but not three');
is(list_offset($client, 7, $wants{3}, -1)->{offset}, $end, 'so that nothing is stored');
is(error_of(3, 1), 'NONE', 'which acks=1 does not ask for');
is(error_of(1, -1), 'NONE', 'nor does a topic that is content with one');

# One that lags, or of which more are asked for than there are, counts for no more than it is.
$server->set(synchronous_standby_names => 'ANY 2 (standby, other)');
$server->wait_for('the quorum', sub { $server->sql('SELECT sync_state FROM pg_stat_replication') eq 'quorum' });
is(error_of(3, -1), 'NOT_ENOUGH_REPLICAS', 'standbys that do not stream do not count, though they are asked for');
$server->set(synchronous_standby_names => 'standby');

$standby->node->stop;
$server->wait_for('the standby to be gone', sub { $server->sql('SELECT count(*) FROM pg_stat_replication') == 0 });
is(error_of(2, -1), 'NOT_ENOUGH_REPLICAS', 'when it is gone producers are told, and nobody waits');
is(error_of(2, 1), 'NONE', 'acks=1 is served');
$standby->node->start;
$server->wait_for('the standby to be back', sub { error_of(2, -1) eq 'NONE' });
pass('and acks=all when it is back');
$server->set(synchronous_standby_names => '');
$standby->node->stop;
$broker->finish;
