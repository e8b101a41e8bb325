# What users do by SQL is seen by clients when it commits, and their open transactions stand in nobody's way.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server;
my $client = $broker->connect;
my $kept   = $broker->create_topic('kept');

sub error_of { return metadata($client, 12, [$_[0]], allow_auto_topic_creation => $_[1] // 0)->{topics}[0]{error_code}; }

$server->sql(q{SELECT kafka.create_topic('by_sql', 3, '{"max.message.bytes": 300}')});
my $seen = metadata($client, 12, ['by_sql'])->{topics}[0];
is(scalar @{ $seen->{partitions} }, 3, 'a topic made by SQL is there with the next request');
error_is(produce($client, 9, { name => 'by_sql' }, { 0 => batch_of('x' x 400) })->{0}{error_code}, 'MESSAGE_TOO_LARGE', 'with its configs');
$server->sql(q{UPDATE kafka.topic_config SET value = '1000'});
is(produce_values($client, { name => 'by_sql' }, 'x' x 400), 0, 'a change of them takes effect with the next request');
$server->sql(q{SELECT kafka.delete_topic('by_sql')});
error_is(error_of('by_sql'), 'UNKNOWN_TOPIC_OR_PARTITION', 'a topic deleted by SQL is gone with the next request');
$server->sql('BEGIN; SELECT kafka.create_topic($$undone$$); ROLLBACK');
error_is(error_of('undone'), 'UNKNOWN_TOPIC_OR_PARTITION', 'one whose transaction is rolled back never was');

my $session = $server->node->background_psql('postgres');
$session->query_safe(q{BEGIN; SELECT kafka.create_topic('pending')});
error_is(error_of('pending', 1), 'UNKNOWN_TOPIC_OR_PARTITION', 'a topic that is being made by SQL is not there yet');
my $made = create_topics($client, 7, [{ name => 'pending' }, { name => 'free' }]);
error_is($made->{pending}{error_code}, 'KAFKA_STORAGE_ERROR', 'nobody else can make it meanwhile');
error_is($made->{free}{error_code}, 'NONE', 'which does not concern the others of the request');
is(produce_values($client, $kept, 'one'), 0, 'nor any producer');
$session->query_safe('COMMIT');
error_is(error_of('pending'), 'NONE', 'with the commit it is there');

$session->query_safe(q{BEGIN; SELECT kafka.delete_topic('pending')});
error_is(delete_topics($client, 5, ['pending'])->{pending}{error_code}, 'KAFKA_STORAGE_ERROR', 'nobody else can delete what is being deleted');
is(produce_values($client, { name => 'pending' }, 'one'), 0, 'it takes records until then');
$session->query_safe('ROLLBACK');
error_is(error_of('pending'), 'NONE', 'and stays if the transaction is rolled back');

$session->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM kafka.messages});
is(produce_values($client, $kept, 'two', 'three'), 1, 'a reader with an old snapshot stops no producer');
is($session->query_safe(q{SELECT count(*) FROM kafka.messages WHERE topic = 'kept'}), 1, 'and goes on seeing its snapshot');
$session->query_safe('COMMIT');
is($server->sql(q{SELECT string_agg(convert_from(value, 'UTF8'), ',' ORDER BY "offset") FROM kafka.messages WHERE topic = 'kept'}),
    'one,two,three', 'what is acknowledged is seen by SQL at once');
$session->quit;

# DDL that locks the log: the broker refuses rather than waits, and goes on.
$server->expect_in_log(qr/pg_kafka could not/, qr/canceling statement due to lock timeout/);
$session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; SET LOCAL client_min_messages = warning; DROP EXTENSION pg_kafka CASCADE');
error_is(produce($client, 9, $kept, { 0 => batch_of('x') })->{0}{error_code}, 'KAFKA_STORAGE_ERROR', 'while the extension is being dropped producers are told to try again');
error_is($client->call('ApiVersions', 0, {})->{error_code}, 'NONE', 'what needs no table is answered');
$session->query_safe('ROLLBACK');
$session->quit;
is(produce_values($client, $kept, 'four'), 3, 'and if it is not dropped they succeed');
$broker->finish;
