# A transaction over more topics than PostgreSQL can lock at once: its end is refused as a whole, by an error that clients retry, and the
# log says what to do about it; with more locks it ends.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start(max_locks_per_transaction => 10, max_connections => 10, max_wal_senders => 0);
my $server = $broker->server or plan skip_all => 'has few locks in our own server';
my $client = $broker->connect;
my $count  = 800;
my @names  = map { sprintf 'topic-%03d', $_ } 1 .. $count;
my $other = $broker->create_topic('other');
my $made  = create_topics($client, 7, [map { { name => $_, num_partitions => 1 } } @names]);
is(scalar(grep { $made->{$_}{error_code} == 0 } @names), $count, 'many topics');

my $p = TransactionalProducer->new($client, { name => $names[0] }, id => 'wide', timeout => 600_000);

# By error, how many of the topics had it.
sub errors_of { my %errors; $errors{ error_name($_) }++ for @_; return \%errors; }

sub write_all {
    my ($sequence, $value) = @_;
    my @data = map { { name => $_, partition_data => [{ index => 0, records => build_batch([{ value => $value }], attributes => 0x10, producer_id => $p->{producer_id},
                        producer_epoch => $p->{epoch}, base_sequence => $sequence) }] } } @names;
    my $answer = $client->call('Produce', 9, { transactional_id => 'wide', acks => -1, topic_data => \@data });
    return errors_of(map { $_->{partition_responses}[0]{error_code} } @{ $answer->{responses} });
}

# Of the many topics: records that are committed, and offsets that there are.
sub committed { return $server->sql(q{SELECT count(*) FROM kafka.messages WHERE topic LIKE 'topic-%'}); }
sub ends      { return $server->sql(q{SELECT sum(high_watermark) || ' ' || sum(last_stable_offset) FROM kafka.partitions WHERE topic LIKE 'topic-%'}); }

my $added = $client->call('AddPartitionsToTxn', 3, {
    v3_and_below_transactional_id => 'wide', v3_and_below_producer_id => $p->{producer_id}, v3_and_below_producer_epoch => $p->{epoch},
    v3_and_below_topics           => [map { { name => $_, partitions => [0] } } @names] });
is_deeply(errors_of(map { $_->{results_by_partition}[0]{partition_error_code} } @{ $added->{results_by_topic_v3_and_below} }), { NONE => $count }, 'are added to a transaction');
is_deeply(write_all(0, 'x'), { NONE => $count }, 'which writes to all of them, in several parts');
is(ends(), "$count 0", 'and is open');

$server->expect_in_log(qr/pg_kafka could not store records: out of shared memory/);
for my $way (1, 0, 1) {
    is($p->end($way), 'NOT_COORDINATOR', ($way ? 'a commit' : 'an abort') . ' that takes too many locks is to be tried again');
    is(ends(), "$count 0", 'nothing of it is there');
}
like($server->log_text, qr/max_locks_per_transaction/, 'the log says which setting is too small');
is(produce_values($client, $other, 'x'), 0, 'others are served');

$server->configure(max_locks_per_transaction => 128);
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
$p->use_client($client);
is(committed(), 0, 'after a restart it is open still');
is($p->commit, 'NONE', 'with more locks it ends');
is(ends(), 2 * $count . ' ' . 2 * $count, 'with a marker in each topic');
is(committed(), $count, 'and all of it is seen');
$broker->finish;
