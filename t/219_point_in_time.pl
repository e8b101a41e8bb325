# Physical backup and point-in-time recovery: the log, the groups and the transactions are as they were at that time, and clients go on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire;
use KafkaWire::Errors;
use PgKafka;
use Test::More;
use TransactionalProducer;

my $primary = PgKafka->new(name => 'primary', streaming => 1);
$primary->node->enable_archiving;
$primary->node->restart;
$primary->wait_for_port;
my $client = KafkaWire->connect('127.0.0.1', $primary->kafka_port);
my $topic  = { name => 'orders' };
$primary->sql(q{SELECT kafka.create_topic('orders', 1)});

sub commit_offset {
    my ($offset) = @_;
    my $answer = $client->call('OffsetCommit', 8, { group_id => 'app', topics => [{ name => 'orders', partitions => [{ partition_index => 0, committed_offset => $offset }] }] });
    return error_name($answer->{topics}[0]{partitions}[0]{error_code});
}

is(produce_values($client, $topic, 'one', 'two'), 0, 'records before the backup');
wait_until('the coordinator', sub { commit_offset(1) eq 'NONE' });
$primary->node->backup('physical');
is(produce_values($client, $topic, 'three'), 2, 'one after it');
is(commit_offset(3), 'NONE', 'which a group has read');
my $producer = TransactionalProducer->new($client, $topic, id => 'billing', version => 2);
is($producer->write(0, 'of a transaction'), 3, 'one of a transaction that is open');
my $then = $primary->sql('SELECT pg_current_wal_lsn()');
is($producer->end(1), 'NONE', 'and committed later');
is(produce_values($client, $topic, 'a mistake'), 5, 'what is not wanted');
is(commit_offset(6), 'NONE', 'and read');
$primary->sql('SELECT kafka.delete_topic(\'orders\'), pg_switch_wal()');
$primary->node->stop;

my $restored = PgKafka->recovered($primary, 'physical', recovery_target_lsn => $then);
$client = KafkaWire->connect('127.0.0.1', $restored->kafka_port);
is($restored->sql(q{SELECT string_agg("offset" || ' ' || convert_from(value, 'UTF8'), ', ' ORDER BY "offset") FROM kafka.messages}), '0 one, 1 two, 2 three', 'SQL sees the log of that time');
my @seen = map { $_->{value} } records_of(fetch($client, 12, $topic, 0, request => { isolation_level => 1, max_wait_ms => 0 }));
is("@seen", 'one two three', 'consumers do, too');
my $committed = $client->call('OffsetFetch', 7, { group_id => 'app', topics => undef })->{topics}[0]{partitions}[0];
is($committed->{committed_offset}, 3, 'groups go on where they were');
is(metadata($client, 9, ['orders'])->{topics}[0]{partitions}[0]{leader_epoch}, 1, 'in another leader epoch');
$producer->use_client($client);
is($producer->init->{error}, 'NONE', 'the transaction that was open then is aborted when its producer comes back');
is(produce_values($client, $topic, 'four'), 5, 'and producers go on');
is(committed_values($client, $topic), 'one two three four', 'for consumers to read');
$restored->finish;
