# On a hot standby the broker waits; at promotion it serves the same topics.
use strict;
use warnings;
use PgKafka;
use Test::More;

my $primary = PgKafka->new(streaming => 1);
$primary->produce('orders', 'one', 'two');
my $standby = PgKafka->standby_of($primary);
$standby->expect_in_log(qr/could not receive data from WAL stream/, qr/could not connect to the primary server/);
$primary->produce('orders', 'three');
$primary->node->wait_for_catchup($standby->node);
is($standby->sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_kafka%'"), 0, 'no worker runs on a hot standby');
ok(!$standby->answers, 'nothing listens there');
is($standby->sql('SELECT count(*) FROM kafka.messages'), 3, 'but SQL reads the records');

$primary->node->stop('immediate');
$standby->node->promote;
$standby->wait_for_port;
is_deeply([$standby->consume('orders')], ['one', 'two', 'three'], 'at promotion the broker serves all records');
$standby->produce('orders', 'four');
is_deeply([$standby->consume('orders', format => '%o %s')], ['0 one', '1 two', '2 three', '3 four'], 'and takes new ones');
$standby->finish;
