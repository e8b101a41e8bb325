# What a DBA may do to a server under load: end our processes, change settings, hold locks and transactions, drop what the
# broker writes to. Nothing acknowledged is lost but what was dropped, and the broker serves again by itself.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Load;
use Test::More;

my $broker = KafkaTest->start(max_prepared_transactions => 5);
my $server = $broker->server;
my $load   = Load->start($broker, 'load', 3);
my $name   = $load->topic->{name};
$load->wait_for_progress('at first');

sub segment {
    return $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$name'");
}

# --- Ending processes ------------------------------------------------------------------------------

$server->expect_in_log(qr/terminating (?:background worker|connection).* due to administrator command/);
for my $worker ('broker', 'janitor', 'broker') {
    my $before = $server->pid_of($worker);
    $server->sql("SELECT pg_terminate_backend($before)");
    $server->wait_for("another $worker", sub { my $now = $server->pid_of($worker); $now && $now ne $before });
    $load->wait_for_progress("after the end of the $worker");
}
$server->sql("SELECT pg_cancel_backend(pid), pg_sleep(0.01) FROM pg_stat_activity, generate_series(1, 50) WHERE backend_type = 'pg_kafka broker'");
$load->wait_for_progress('after cancel requests');

# --- Settings --------------------------------------------------------------------------------------

my @settings = ("tail_cache = '0'", "request_memory = '1MB'", "compression_type = 'zstd'", "segment_bytes = '1MB'", "response_memory = '1MB'",
    "max_decompressed_bytes = '1MB'", "compression_type = 'producer'", "tail_cache = '16MB'", "host = '127.0.0.1, localhost'");
my $pid = $server->pid_of('broker');
for my $setting (@settings) {
    $server->sql("ALTER SYSTEM SET pg_kafka.$setting");
    $server->node->reload;
    $load->wait_for_progress("with $setting");
}
$server->sql('ALTER SYSTEM RESET ALL');
$server->node->reload for 1 .. 100;
$load->wait_for_progress('after a hundred reloads');
is($server->pid_of('broker'), $pid, 'the broker lives through changes of settings');

# --- Locks and long transactions -------------------------------------------------------------------

my $session = $server->node->background_psql('postgres');
for my $lock ('EXCLUSIVE', 'ACCESS EXCLUSIVE') {
    my $refused = $load->refused;
    $session->query_safe("BEGIN; LOCK TABLE " . segment() . " IN $lock MODE");
    $server->wait_for('producers to be refused', sub { $load->refused > $refused });
    $session->query_safe('COMMIT');
    $load->wait_for_progress("after a lock: $lock");
}
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
my $snapshot = $session->query_safe("SELECT count(*) FROM kafka.messages WHERE topic = '$name'");
$server->sql('BEGIN; SELECT count(*) FROM ' . segment() . "; PREPARE TRANSACTION 'forgotten'");
my $deleted = $broker->create_topic('deleted');
produce_values($broker->connect, $deleted, 'x');
$load->wait_for_progress("beside long transactions $_") for 1 .. 3;
delete_topics($broker->connect, 5, [$deleted->{name}]);
$server->sql('VACUUM');
$load->wait_for_progress('with a vacuum');
is($session->query_safe("SELECT count(*) FROM kafka.messages WHERE topic = '$name'"), $snapshot, 'a snapshot stays as it was');
$session->query_safe('COMMIT');
$server->sql("ROLLBACK PREPARED 'forgotten'");
$session->quit;
$load->wait_for_progress('after long transactions');
$load->stop;
$load->verify;

# --- Dropping what is written to -------------------------------------------------------------------

$server->expect_in_log(qr/pg_kafka could not/, qr/relation .* does not exist/);
$load = Load->start($broker, 'dropped', 3);
$name = $load->topic->{name};
$load->wait_for_progress('of others');
for my $round (1 .. 3) {
    my $ends = [map { list_offset($broker->connect, 7, $load->topic, -1, partition_index => $_)->{offset} } 0 .. 2];
    $server->sql('DROP TABLE ' . segment());
    $load->wait_for_progress("after the loss of segment $round");
    my @back = grep { list_offset($broker->connect, 7, $load->topic, -1, partition_index => $_)->{offset} < $ends->[$_] } 0 .. 2;
    is_deeply(\@back, [], "loss $round: no offset is given twice");
}
my $since = $load->mark;
$load->wait_for_progress('at last');
$load->stop;
$load->verify(since => $since);

$load = Load->start($broker, 'again', 3);
$load->wait_for_progress('of the third load');
$server->sql('DROP EXTENSION pg_kafka CASCADE');
$since = $load->mark;
$server->create_extension;
# Until it has seen that the first one is gone, the broker closes connections.
wait_until('topics can be created in the second one', sub { eval { $broker->create_topic('again', num_partitions => 3) } });
$load->wait_for_progress('after CREATE EXTENSION');
$load->stop;
$load->verify(since => $since);
$broker->finish;
