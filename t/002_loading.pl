# How the library is loaded, and what its workers look like from SQL.
use strict;
use warnings;
use PgKafka;
use PostgreSQL::Test::Cluster;
use Test::More;

my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init;
$plain->start;
my ($code, undef, $err) = $plain->psql('postgres', "LOAD 'pg_kafka'");
isnt($code, 0, 'LOAD in a session is refused');
like($err, qr/pg_kafka must be loaded by shared_preload_libraries/, 'with the reason');
like($err, qr/HINT:.*shared_preload_libraries = 'pg_kafka'/, 'and the line to add');
($code, undef, $err) = $plain->psql('postgres', 'CREATE EXTENSION pg_kafka');
like($err, qr/pg_kafka must be loaded by shared_preload_libraries/, 'CREATE EXTENSION says the same');
$plain->append_conf('postgresql.conf', "session_preload_libraries = 'pg_kafka'");
$plain->reload;
($code, undef, $err) = $plain->psql('template1', 'SELECT 1');
like($err, qr/pg_kafka must be loaded by shared_preload_libraries/, 'session_preload_libraries is refused, too');
$plain->stop;

my $server = PgKafka->new;
is( $server->sql("SELECT string_agg(backend_type || ' in ' || datname, ', ' ORDER BY backend_type) FROM pg_stat_activity WHERE backend_type LIKE 'pg_kafka%'"),
    'pg_kafka broker in postgres, pg_kafka janitor in postgres', 'both workers have names in pg_stat_activity');
$server->finish;
