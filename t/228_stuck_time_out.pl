# Transactions whose time is over are aborted though one that is overdue for longer cannot be, as its topic's table does not let it; and
# such ones and clients do not get in each other's way.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Load;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'spoils tables of our own server';
$server->expect_in_log(qr/pg_kafka could not (?:end a transaction that has taken too long|store records|handle a ListOffsets request)/);
$server->expect_in_log(qr/terminating background worker .* due to administrator command/);

sub segment_of { return 'kafka.segment_' . $server->sql("SELECT max(id) FROM kafka.segment WHERE topic_id = '$_[0]{id}'"); }

# Abort markers are the only records of all but the first offset.
sub is_aborted { return list_offset($broker->connect, 7, $_[0], -1, isolation_level => 1)->{offset} == 2; }

sub begin {
    my ($topic, $id, %with) = @_;
    my $p = TransactionalProducer->new($broker->connect, $topic, id => $id, version => 2, %with);
    return like($p->write(0, 'never committed'), qr{^\d+$}, "a transaction: $id");
}

# All that is open has been so for long, as another broker sees.
sub let_time_pass {
    $server->sql('UPDATE kafka.transaction SET start_ms = start_ms - 3600000');
    my $before = $server->pid_of('broker');
    $server->sql("SELECT pg_terminate_backend($before)");
    $server->wait_for('another broker', sub { my $now = $server->pid_of('broker'); $now && $now ne $before });
    return $server->wait_for_port;
}

# $spoil is done to the first of three topics with a transaction each before their time is over; then $mend.
sub is_stuck {
    my ($how, $spoil, $mend) = @_;
    my ($stuck, @free) = map { $broker->create_topic("$how $_" =~ tr/ /_/r, num_partitions => 1) } 1 .. 3;
    begin($_, $_->{name}) for $stuck, @free;
    $spoil->(segment_of($stuck));
    let_time_pass();
    $server->wait_for('the others are aborted', sub { is_aborted($free[0]) && is_aborted($free[1]) });
    ok(!is_aborted($stuck), "$how: the others are aborted");
    $mend->(segment_of($stuck));
    $server->wait_for('it is aborted, too', sub { is_aborted($stuck) });
    is(join(' ', map { committed_values($broker->connect, $_) } $stuck, @free), '  ', "$how: nothing of them is shown");
    return;
}

is_stuck('a table that takes no row',
    sub { $server->sql("ALTER TABLE $_[0] ADD CONSTRAINT never CHECK (false) NOT VALID") },
    sub { $server->sql("ALTER TABLE $_[0] DROP CONSTRAINT never") });
my $lock = $server->node->background_psql('postgres');
is_stuck('a table that cannot be read',
    sub { $lock->query_safe("BEGIN; LOCK TABLE $_[0]") },
    sub { $lock->query_safe('COMMIT') });

# Many that are stuck. If each were waited for, this would take minutes.
my ($locked, $free) = map { $broker->create_topic($_, num_partitions => 1) } qw(locked free);
begin($_ <= 10 ? $locked : $free, "many-$_") for 1 .. 11;
$lock->query_safe('BEGIN; LOCK TABLE ' . segment_of($locked));
let_time_pass();
my $client = $broker->connect;
$server->wait_for('the free one is aborted', sub { is_aborted($free) });
is(join(' ', map { produce_values($client, $free, $_) } 1 .. 100), join(' ', 2 .. 101), 'clients do not wait for many that are stuck');
$lock->query_safe('COMMIT');
$lock->quit;
$server->wait_for('all are aborted', sub { list_offset($client, 7, $locked, -1, isolation_level => 1)->{offset} == 20 });

# Clients whose records cannot be stored, in every turn.
$server->sql("ALTER SYSTEM SET pg_kafka.transaction_abort_timed_out_transaction_cleanup_interval_ms = '10s'"); # Kafka's default
$server->node->reload;
my $healthy = $broker->create_topic('healthy', num_partitions => 1);
my $load = Load->start($broker, 'refused', 3);
$load->wait_for_progress('at first');
my $refused = $load->refused;
my $segment = $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '" . $load->topic->{name} . "'");
$server->sql("ALTER TABLE $segment ADD CONSTRAINT never CHECK (false) NOT VALID");
$server->wait_for('records to be refused', sub { $load->refused > $refused });
my $p = TransactionalProducer->new($client, $healthy, id => 'healthy', version => 2, timeout => 1000);
$server->wait_for('a transaction', sub { $p->write(0, 'never committed') eq '0' });
$server->wait_for('it is aborted', sub { is_aborted($healthy) });
cmp_ok($load->refused, '>', $refused + 1, 'records that cannot be stored keep no transaction from its end');
$server->sql("ALTER TABLE $segment DROP CONSTRAINT never");
$load->wait_for_progress('after all');
$load->stop;
$load->verify;
$broker->finish;
