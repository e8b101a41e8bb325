# The listener follows the settings, and waits for a port that is in use.
use strict;
use warnings;
use IO::Socket::INET;
use PgKafka;
use PostgreSQL::Test::Cluster;
use Test::More;

my $server = PgKafka->new;
my $first  = $server->kafka_port;
my $second = PostgreSQL::Test::Cluster::get_free_port();
$server->produce('orders', 'one');

# Another port.
$server->set('pg_kafka.port' => $second);
$server->wait_for_port;
$server->wait_for_silence($first);
is_deeply([$server->consume('orders')], ['one'], 'a change of pg_kafka.port takes effect at reload');

# A port that somebody else has.
my $occupant = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $first, ReuseAddr => 1) or die "cannot listen on $first: $!";
$server->expect_in_log(qr/could not listen for Kafka clients/);
$server->set('pg_kafka.port' => $first);
$server->wait_for_log(qr/could not listen for Kafka clients on 127\.0\.0\.1:$first/);
like($server->log_text, qr/HINT:  Is another server running on port $first/, 'a port in use is reported with a hint');
$occupant->close;
$server->wait_for_port;
$server->produce('orders', 'two');
is_deeply([$server->consume('orders')], ['one', 'two'], 'the port is served as soon as it is free');
is($server->log_count(qr/could not listen for Kafka clients/), 1, 'it was reported once');

# No address, and then all of them.
$server->set('pg_kafka.host' => '');
$server->wait_for_silence;
pass('an empty pg_kafka.host listens nowhere');
$server->set('pg_kafka.host' => '*');
$server->wait_for_port;
pass('* listens everywhere');

# A value that is refused leaves the old one in place.
$server->expect_in_log(qr/pg_kafka\.advertised_host/);
$server->set('pg_kafka.advertised_host' => '0.0.0.0');
$server->wait_for_log(qr/invalid value for parameter "pg_kafka\.advertised_host"/);
is_deeply([$server->consume('orders')], ['one', 'two'], 'clients are served with the setting from before');
$server->finish;
