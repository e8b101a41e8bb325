# Transactions whose time is over are aborted though one that is overdue for longer cannot be, as its topic's table does not let it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start('pg_kafka.transaction_abort_timed_out_transaction_cleanup_interval_ms' => 100);
my $server = $broker->server or plan skip_all => 'spoils tables of our own server';
$server->expect_in_log(qr/pg_kafka could not (?:end a transaction that has taken too long|store records|handle a ListOffsets request)/);
$server->expect_in_log(qr/terminating background worker .* due to administrator command/);

sub segment_of { return 'kafka.segment_' . $server->sql("SELECT max(id) FROM kafka.segment WHERE topic_id = '$_[0]{id}'"); }

# Abort markers are the only records of all but the first offset.
sub is_aborted { return list_offset($broker->connect, 7, $_[0], -1, isolation_level => 1)->{offset} == 2; }

# $spoil is done to the first of three topics with a transaction each before their time is over, as it is after a restart; then $mend.
sub is_stuck {
    my ($how, $spoil, $mend) = @_;
    my ($stuck, @free) = map { $broker->create_topic("$how $_" =~ tr/ /_/r, num_partitions => 1) } 1 .. 3;
    my $client = $broker->connect;
    for my $topic ($stuck, @free) {
        my $p = TransactionalProducer->new($client, $topic, id => $topic->{name}, version => 2);
        is($p->write(0, 'never committed'), 0, "$how: a transaction");
    }
    $spoil->(segment_of($stuck));
    $server->sql("UPDATE kafka.transaction SET start_ms = start_ms - 3600000");
    my $before = $server->pid_of('broker');
    $server->sql("SELECT pg_terminate_backend($before)");
    $server->wait_for('another broker', sub { my $now = $server->pid_of('broker'); $now && $now ne $before });
    $server->wait_for_port;
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
$lock->quit;
$broker->finish;
