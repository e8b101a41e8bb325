# Tables of transactions that cannot be read or written when they must be: nobody sees what is not decided, and nothing is given up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start(max_prepared_transactions => 1);
my $server = $broker->server or plan skip_all => 'locks the tables of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 2);

sub committed { return committed_values($client, $topic); }
sub stable_end { return list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset}; }

# --- A restart ----------------------------------------------------------------------------------------------

my $survivor = TransactionalProducer->new($client, $topic, id => 'survivor');
produce_values($client, $topic, 'before');
$survivor->add(0);
is($survivor->write(0, 'open'), 1, 'a transaction is open');

# A prepared transaction holds its locks beyond the restart.
$server->expect_in_log(qr/pg_kafka could not read transactions/);
$server->sql("BEGIN; LOCK TABLE kafka.transaction; PREPARE TRANSACTION 'migration'");
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
$survivor->use_client($client);
is(committed(), '', 'as long as nobody can tell what is open nothing is committed');
is(stable_end(), 0, 'as all readers are told');
is(uncommitted_values($client, $topic), 'before open', 'others read on');
is($survivor->write(0, 'more'), 'NOT_ENOUGH_REPLICAS', 'producers try again');
$server->sql("ROLLBACK PREPARED 'migration'");
wait_until('the table is read', sub { stable_end() == 1 });
is(committed(), 'before', 'the transaction is open still');
is($survivor->write(0, 'more'), 2, 'goes on');
is($survivor->commit, 'NONE', 'and ends');
is(committed(), 'before open more', 'as a whole');
$broker->finish;
