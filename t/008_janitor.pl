# The janitor drops the tables of deleted topics, and waits for nobody who reads them.
use strict;
use warnings;
use PgKafka;
use Test::More;

# A prepared transaction holds a lock without a session.
my $server = PgKafka->new(settings => { max_prepared_transactions => 2 });

sub table_of {
    my ($topic) = @_;
    return 'kafka.segment_' . $server->sql("SELECT s.id FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$topic'");
}

sub is_there {
    my ($table) = @_;
    return $server->sql("SELECT to_regclass('$table') IS NOT NULL") eq 't';
}

$server->produce('orders', 1 .. 10);
my $orders = table_of('orders');
ok(is_there($orders), 'a topic with records has a table');
$server->sql(q{SELECT kafka.delete_topic('orders')});
$server->wait_for("the drop of $orders", sub { !is_there($orders) });
is($server->sql('SELECT count(*) FROM kafka.segment'), 0, 'the table of a deleted topic is dropped, and its catalog row deleted');

$server->produce('read', 1 .. 10);
$server->produce('other', 'one');
my $read = table_of('read');
$server->sql("BEGIN; SELECT count(*) FROM $read; PREPARE TRANSACTION 'reader'");
$server->sql(q{SELECT kafka.delete_topic('read')});
$server->wait_for_log(qr/table \Q$read\E is in use and will be dropped later/);
ok(is_there($read), 'a table that is being read stays');
$server->produce('other', 'two');
is_deeply([$server->consume('other')], [qw(one two)], 'while the broker serves other topics');
$server->sql(q{SELECT kafka.delete_topic('other')});
$server->wait_for('the next round', sub { $server->sql('SELECT count(*) FROM kafka.segment') == 1 });
is($server->log_count(qr/is in use/), 1, 'the log is told once');
$server->sql("ROLLBACK PREPARED 'reader'");
$server->wait_for("the drop of $read", sub { !is_there($read) });
pass('it is dropped when it has been read');
$server->finish;
