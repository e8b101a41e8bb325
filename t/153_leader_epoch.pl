# The leader epoch rises when a standby is promoted, so that clients notice what was lost with the old primary.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire;
use PgKafka;
use Test::More;

my $primary = PgKafka->new(streaming => 1);
my $topic   = { name => 'orders' };
$primary->sql("SELECT kafka.create_topic('orders')");
my $client = KafkaWire->connect('127.0.0.1', $primary->kafka_port);
is(metadata($client, 9, ['orders'])->{topics}[0]{partitions}[0]{leader_epoch}, 0, 'the first epoch is 0');
produce_values($client, $topic, 'both have it', 'this too');
my $standby = PgKafka->standby_of($primary);
$standby->expect_in_log(qr/could not receive data from WAL stream/, qr/could not connect to the primary server/,
    qr/terminating walreceiver process due to administrator command/,
    qr/specified neither "?primary_conninfo"? nor "?restore_command"?/);
$primary->node->wait_for_catchup($standby->node);
my $cluster_id = metadata($client, 9, [])->{cluster_id};

# What the primary acknowledges now never reaches the standby.
$standby->node->stop;
produce_values($client, $topic, 'only the primary has it');
is(list_offset($client, 7, $topic, -1)->{offset}, 3, 'the primary has three records');
$primary->node->stop('immediate');
$standby->node->append_conf('postgresql.conf', "primary_conninfo = ''");
$standby->node->start;
$standby->node->promote;
$standby->wait_for_port;

$client = KafkaWire->connect('127.0.0.1', $standby->kafka_port);
my $seen = metadata($client, 9, ['orders']);
is($seen->{cluster_id}, $cluster_id, 'the promoted standby is the same cluster');
is($seen->{topics}[0]{partitions}[0]{leader_epoch}, 1, 'in the next epoch');
error_is(fetch($client, 12, $topic, 2, ask => { current_leader_epoch => 0 })->{error_code}, 'FENCED_LEADER_EPOCH', 'a client of the old epoch is told');
my $end = epoch_end($client, 3, $topic, 0, current_leader_epoch => 1);
is_deeply([@$end{qw(error_code leader_epoch end_offset)}], [0, 0, 2], 'the old epoch ended after two records');
is(fetch($client, 12, $topic, 3, ask => { last_fetched_epoch => 0, current_leader_epoch => 1 })->{diverging_epoch}{end_offset}, 2,
    'a consumer that had read the third learns that its log diverges');
is(produce_values($client, $topic, 'another third'), 2, 'the next record takes the offset');
is((records_of(fetch($client, 12, $topic, 2)))[0]{value}, 'another third', 'and is read there');
$end = epoch_end($client, 3, $topic, 0, current_leader_epoch => 1);
is_deeply([@$end{qw(leader_epoch end_offset)}], [0, 2], 'where the old epoch ended does not move with new records');
is(epoch_end($client, 3, $topic, 1, current_leader_epoch => 1)->{end_offset}, 3, 'the current epoch ends at the end');
is(fetch($client, 12, $topic, 2)->{batches}[0]{partition_leader_epoch}, 1, 'new batches bear the new epoch');

$standby->node->restart;
$standby->wait_for_port;
$client = KafkaWire->connect('127.0.0.1', $standby->kafka_port);
is(metadata($client, 9, ['orders'])->{topics}[0]{partitions}[0]{leader_epoch}, 1, 'a mere restart does not raise it');
$standby->finish;
