# Clients see what SQL changes in the catalog as soon as it is committed, and never what is rolled back.
use strict;
use warnings;
use PgKafka;
use Test::More;

my $server = PgKafka->new(
    settings => { max_prepared_transactions => 2, 'pg_kafka.auto_create_topics' => 'off' });

sub topics {
    my ($code, $out) = $server->kcat(['-L']);
    return join ' ', sort $out =~ /topic "([^"]+)"/g;
}

sub wait_for_topics {
    my ($expected, $test) = @_;
    $server->wait_for($test, sub { topics() eq $expected });
    return pass($test);
}

$server->sql(q{SELECT kafka.create_topic('one')});
wait_for_topics('one', 'a topic that SQL creates is seen');
$server->sql(q{BEGIN; SELECT kafka.create_topic('never'); ROLLBACK; SELECT kafka.create_topic('two')});
wait_for_topics('one two', 'a rolled back one is not');
$server->sql(q{BEGIN; SAVEPOINT s; SELECT kafka.create_topic('never'); ROLLBACK TO s; SELECT kafka.create_topic('three'); COMMIT});
wait_for_topics('one three two', 'nor one of a rolled back subtransaction');
$server->sql(q{BEGIN; SAVEPOINT s; SELECT kafka.create_topic('four'); RELEASE s; COMMIT});
wait_for_topics('four one three two', 'one of a released subtransaction is');
$server->sql(q{BEGIN; SELECT kafka.delete_topic(name) FROM kafka.topics WHERE name <> 'one'; SELECT kafka.create_topic('five'); COMMIT});
wait_for_topics('five one', 'several changes of a transaction are seen together');
$server->sql(q{SET session_replication_role = replica; SELECT kafka.create_topic('six'); SELECT kafka.delete_topic('five')});
wait_for_topics('one six', 'also changes that come as by replication');
$server->sql(q{SELECT kafka.delete_topic('six'); SELECT kafka.create_topic('five')});
wait_for_topics('five one', 'in either way');

# The broker's last statement, once it has answered a request that needs none: whatever woke it before has been looked after.
sub last_statement { topics(); return $server->sql(q{SELECT query_start FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker'}); }
my $last_statement = last_statement();
$server->sql('CREATE DATABASE other');
$server->sql('DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql', $_) for qw(postgres other);
is(last_statement(), $last_statement, 'other extensions are none of its business');
$server->sql('CREATE EXTENSION pg_kafka; SELECT kafka.create_topic($$elsewhere$$); DROP EXTENSION pg_kafka CASCADE', 'other');
is(last_statement(), $last_statement, 'nor are other databases');

my ($code, undef, $err) = $server->node->psql('postgres', q{BEGIN; SELECT kafka.create_topic('seven'); PREPARE TRANSACTION 'later'});
like($err, qr/cannot PREPARE a transaction that has changed Kafka topics/, 'a transaction that changed topics cannot be prepared');
$server->expect_in_log(qr/cannot PREPARE a transaction/);
$server->sql(q{BEGIN; SELECT count(*) FROM kafka.topics; PREPARE TRANSACTION 'reader'; ROLLBACK PREPARED 'reader'});
pass('one that only read them can');
$server->sql(q{SELECT kafka.delete_topic('five')});
wait_for_topics('one', 'and the broker goes on');
$server->finish;
