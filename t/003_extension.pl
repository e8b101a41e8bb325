# The broker waits for its database and its extension, lets go when they are dropped, and serves again when they are back.
use strict;
use warnings;
use PgKafka;
use IO::Socket::INET;
use KafkaRequests;
use KafkaWire;
use Test::More;

my $server = PgKafka->new(extension => 0);
$server->wait_for_log(qr/pg_kafka waits for its extension/);
ok(!$server->answers, 'without the extension nothing listens');
like($server->log_text, qr/HINT:  Run CREATE EXTENSION pg_kafka/, 'the log has a hint');
$server->create_extension;
$server->produce('orders', 'before');
is_deeply([$server->consume('orders')], ['before'], 'after CREATE EXTENSION clients are served');
is($server->log_count(qr/waits for its extension/), 1, 'the log line was not repeated');

# An extension that is rolled back was never there.
$server->sql('DROP EXTENSION pg_kafka CASCADE');
$server->wait_for_silence;
$server->sql('BEGIN; CREATE EXTENSION pg_kafka; ROLLBACK');
ok(!$server->answers, 'an extension whose creation is rolled back is not served');
$server->create_extension;
is_deeply([eval { $server->consume('orders') }], [], 'after DROP and CREATE EXTENSION the topics are gone');
$server->produce('orders', 'after');
is_deeply([$server->consume('orders')], ['after'], 'and clients are served again');

# Dropped while clients are connected.
my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->kafka_port) or die "no connection: $!";
my $broker = $server->pid_of('broker');
$server->sql('BEGIN; DROP EXTENSION pg_kafka CASCADE; ROLLBACK');
ok($server->answers, 'a DROP EXTENSION that is rolled back changes nothing');
$server->sql('DROP EXTENSION pg_kafka CASCADE');
$server->wait_for_silence;
is(sysread($client, my $byte, 1), 0, 'DROP EXTENSION disconnects clients');
is($server->pid_of('broker'), $broker, 'the broker has not crashed');
$server->create_extension;
$server->produce('again', 'once more');
is_deeply([$server->consume('again')], ['once more'], 'CREATE EXTENSION serves them again');
is($server->pid_of('broker'), $broker, 'in the same process');

# Replaced within one transaction, so that there never is a moment without it.
sub cluster_id { return eval { metadata(KafkaWire->connect('127.0.0.1', $server->kafka_port), 9, [])->{cluster_id} } // ''; }
my $old_id = cluster_id();
$server->sql('BEGIN; DROP EXTENSION pg_kafka CASCADE; CREATE EXTENSION pg_kafka; COMMIT');
my $new_id = $server->wait_for('a new cluster', sub { $server->sql('SELECT id FROM kafka.cluster') });
isnt($new_id, $old_id, 'an extension that is made anew is another cluster');
$server->wait_for('the new cluster to be served', sub { cluster_id() eq $new_id });
$server->produce('replaced', 'first');
is_deeply([$server->consume('replaced')], ['first'], 'and clients are served by that');
is($server->sql('SELECT DISTINCT leader_epoch FROM kafka.partitions'), 0, 'in its own leader epoch');
$server->check;
$server->node->stop;

# A database that comes later.
my $later = PgKafka->new(name => 'later', extension => 0, settings => { 'pg_kafka.database' => 'kafka data' });
$later->expect_in_log(qr/FATAL:  database "kafka data" does not exist/);
$later->wait_for_log(qr/database "kafka data" does not exist/);
like($later->log_text, qr/HINT:  Create it, or set pg_kafka.database/, 'a missing database is reported with a hint');
$later->wait_for('the broker to wait', sub { $later->sql(q{SELECT query FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker'}) eq 'waiting for the database' });
$later->sql('CREATE DATABASE "kafka data"');
$later->wait_for_log(qr/pg_kafka waits for its extension in database "kafka data"/);
is($later->log_count(qr/does not exist/), 1, 'it was reported once');
$later->sql('CREATE EXTENSION pg_kafka', 'kafka data');
$later->wait_for_port;
$later->produce('orders', 'in another database');
is_deeply([$later->consume('orders')], ['in another database'], 'it is served as soon as it has the extension');

# Taken away while it is served.
$later->sql('DROP DATABASE "kafka data" WITH (FORCE)');
$later->wait_for_silence;
$later->wait_for_log(qr/database "kafka data" does not exist/, 2);
$later->sql('CREATE DATABASE "kafka data"');
$later->sql('CREATE EXTENSION pg_kafka', 'kafka data');
$later->wait_for_port;
$later->produce('orders', 'back');
is_deeply([$later->consume('orders')], ['back'], 'a database that is dropped and made again is served again');
$later->finish;
