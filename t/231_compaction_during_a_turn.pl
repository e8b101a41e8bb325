# A turn of the broker that lasts for long while the janitor compacts what it is about to read: segments of which nothing is left
# stay until the broker has heard of that.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 1);
my $server = $broker->server or plan skip_all => 'locks tables of our own server';
my $client = $broker->connect;

sub table_of {
    my ($topic, $which) = @_;
    return $server->sql("SELECT 'kafka.segment_' || $which(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$topic->{name}'");
}
sub exists_now { return $server->sql("SELECT to_regclass('$_[0]') IS NOT NULL") eq 't'; }

my $state = $broker->create_topic('state', num_partitions => 1, configs => { 'cleanup.policy' => 'compact', 'segment.ms' => 1, 'min.cleanable.dirty.ratio' => '0.01' });
my $other = $broker->create_topic('other', num_partitions => 1);
produce_values($client, $other, 'x');
my $reader = $server->node->background_psql('postgres');
produce($client, 9, $state, { 0 => build_batch([{ key => 'a', value => '1', timestamp => int(time) * 1000 }]) });
my $old = table_of($state, 'min');
$reader->query_safe("BEGIN; LOCK TABLE $old IN ACCESS SHARE MODE");    # the janitor lets it be
produce($client, 9, $state, { 0 => build_batch([{ key => 'a', value => $_, timestamp => int(time) * 1000 }]) }) for 2 .. 4;
my $locker = $server->node->background_psql('postgres');

# What is in memory is not read from tables, so the broker begins anew.
my $before = $server->pid_of('broker');
$server->sql("SELECT pg_terminate_backend($before)");
$server->wait_for('another broker', sub { my $now = $server->pid_of('broker'); $now && $now ne $before });
$server->wait_for_port;
$client = $broker->connect;
is((fetch($client, 12, $state, 0))->{batches}[0]{base_offset}, 0, 'the broker knows where the first record is');

# The broker waits for a second at most, in the middle of a turn that has begun with what was there before.
$locker->query_safe('BEGIN; LOCK TABLE ' . table_of($other, 'max') . ' IN ACCESS EXCLUSIVE MODE');
$client->send_request('Fetch', 12, { max_wait_ms => 0, min_bytes => 0,
    topics => [map { fetch_partitions($_, { 0 => { fetch_offset => 0, partition_max_bytes => 1000 } }) } $other, $state] });
$server->wait_for('the broker to wait', sub { $server->sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessShareLock'") });
$reader->query_safe('COMMIT');
my $deadline = time + 2;
select undef, undef, undef, 0.01 while exists_now($old) && time < $deadline && $server->sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessShareLock'");
$locker->query_safe('COMMIT');
my $answer = $client->receive;
$server->expect_in_log(qr/could not handle a Fetch request: canceling statement due to lock timeout/, qr/terminating background worker|exited with exit code 1/);
unlike($server->log_text, qr/"kafka\.segment_\d+" does not exist/, 'what it reads in this turn is there');
$server->wait_for('the end of the empty segment', sub { !exists_now($old) });
is((fetch($client, 12, $state, 0))->{batches}[0]{base_offset}, 2, 'then it goes, and readers get what comes later');
$_->quit for $reader, $locker;
$broker->finish;
