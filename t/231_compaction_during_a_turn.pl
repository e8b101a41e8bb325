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
use Time::HiRes qw(time);

my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 1);
my $server = $broker->server or plan skip_all => 'locks tables of our own server';
my $client = $broker->connect;

sub table_of {
    my ($topic, $which) = @_;
    return $server->sql("SELECT 'kafka.segment_' || $which(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$topic->{name}'");
}
sub exists_now { return $server->sql("SELECT to_regclass('$_[0]') IS NOT NULL") eq 't'; }

# A record with a key, and the next one will be in another segment: of a millisecond, see below.
sub put {
    my ($topic, $value) = @_;
    my $at = time;
    produce($client, 9, $topic, { 0 => build_batch([{ key => 'a', value => $value, timestamp => int(1000 * $at) }]) });
    return wait_until('time passes', sub { time > $at + 0.002 });
}
my %short = ('segment.ms' => 1, 'min.cleanable.dirty.ratio' => '0.01');

my $state = $broker->create_topic('state', num_partitions => 1, configs => { 'cleanup.policy' => 'compact', %short });
my $other = $broker->create_topic('other', num_partitions => 1);
produce_values($client, $other, 'x');
my $reader = $server->node->background_psql('postgres');
put($state, 1);
my $old = table_of($state, 'min');
$reader->query_safe("BEGIN; LOCK TABLE $old IN ACCESS SHARE MODE");    # the janitor lets it be
put($state, $_) for 2 .. 4;
my $locker = $server->node->background_psql('postgres');

# What is in memory is not read from tables, so the broker begins anew.
sub restart_broker {
    my $before = $server->pid_of('broker');
    $server->sql("SELECT pg_terminate_backend($before)");
    $server->wait_for('another broker', sub { my $now = $server->pid_of('broker'); $now && $now ne $before });
    $server->wait_for_port;
    return $client = $broker->connect;
}
restart_broker();
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

# A topic that the janitor compacts before the broker can read in the catalog that it is to be compacted.
my $busy  = $broker->create_topic('busy',  num_partitions => 1, configs => { 'cleanup.policy' => 'compact', %short });
my $later = $broker->create_topic('later', num_partitions => 1, configs => \%short);
put($later, $_) for 1 .. 4;
$old = table_of($later, 'min');
restart_broker();
is((fetch($client, 12, $later, 0))->{batches}[0]{base_offset}, 0, 'a topic that is not compacted');
$locker->query_safe('BEGIN; LOCK TABLE kafka.group_config');
$server->expect_in_log(qr/pg_kafka could not read its catalog/);
$server->sql(q{SELECT kafka.alter_topic('later', '{"cleanup.policy": "compact"}')});
$server->wait_for('it to be compacted', sub { $server->sql("SELECT count(*) FROM $old") == 0 });
for my $round (1 .. 3) {
    put($busy, $_) for 1 .. 3;
    my $first = table_of($busy, 'min');
    $server->wait_for("round $round of the janitor", sub { put($busy, 'x'); !exists_now($first) || $server->sql("SELECT count(*) FROM $first") == 0 });
}
is((fetch($client, 12, $later, 0))->{batches}[0]{base_offset}, 2, 'is read nevertheless, as what the broker looks for is there');
unlike($server->log_text, qr/"kafka\.segment_\d+" does not exist/, 'and no error is logged');
$locker->query_safe('COMMIT');
$server->wait_for('the end of its empty segment', sub { !exists_now($old) });

# One topic does not keep the empty segments of another, though the broker never knows all that the janitor does with it.
my $segments = sub { $server->sql("SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = 'later'") };
put($later, $_) for 1 .. 20;
$server->wait_for('the end of what is empty', sub { put($busy, 'x'); $segments->() <= 3 });
pass('empty segments go while another topic is compacted all the time');
$_->quit for $reader, $locker;
$broker->finish;
