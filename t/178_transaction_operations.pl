# What brokers and operators ask of transactions: partitions of several transactions at once, who has what open, and its end by force.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start;
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;
my $topic = $broker->create_topic('orders', num_partitions => 3);
my $ids   = 0;

sub producer { my (%with) = @_; return TransactionalProducer->new($client, $topic, id => $broker->name('txn-' . ++$ids), %with); }

# --- AddPartitionsToTxn of brokers ----------------------------------------------------------------------------

# By transaction, the errors of its partitions.
sub add { my ($version, @transactions) = @_; return after_the_last(sub { try_to_add($version, @transactions) }); }

sub try_to_add {
    my ($version, @transactions) = @_;
    my $answer = $client->call('AddPartitionsToTxn', $version, { transactions => [map {
        my ($producer, $verify_only, @partitions) = @$_;
        +{ $producer->ids, verify_only => $verify_only, topics => [{ name => $topic->{name}, partitions => \@partitions }] } } @transactions] });
    my @results = sort { $a->{transactional_id} cmp $b->{transactional_id} } @{ $answer->{results_by_transaction} };
    return join '; ', map {
        join ' ', map { error_name($_->{partition_error_code}) } sort { $a->{partition_index} <=> $b->{partition_index} } @{ $_->{topic_results}[0]{results_by_partition} }
    } @results;
}

my ($p, $q) = (producer(), producer());
for my $version (4, 5) {
    my $added; # Kafka answers an end before it is whole
    wait_until('the last transactions have ended', sub { ($added = add($version, [$p, 0, 0, 1], [$q, 0, 1])) !~ /CONCURRENT_TRANSACTIONS/ });
    is($added, 'NONE NONE; NONE', "v$version: partitions of two transactions");
    is(add($version, [$p, 1, 0, 2]), 'NONE TRANSACTION_ABORTABLE', "v$version: verified");
    is(add($version, [$p, 0, 2, 9]), 'OPERATION_NOT_ATTEMPTED UNKNOWN_TOPIC_OR_PARTITION', "v$version: all of them or none");
    my $zombie = bless { %$q, epoch => $q->{epoch} + 1 }, ref $q;
    is(add($version, [$zombie, 0, 0]), 'PRODUCER_FENCED', "v$version: of another epoch");
    is($_->abort, 'NONE', "v$version: ends") for $p, $q;
}

# --- Who is there -----------------------------------------------------------------------------------------------

sub active {
    my (@partitions) = @_;
    my $answer = $client->call('DescribeProducers', 0, { topics => [{ name => $topic->{name}, partition_indexes => \@partitions }] });
    return $answer->{topics}[0]{partitions};
}

sub listed {
    my ($version, %filters) = @_;
    my $answer = $client->call('ListTransactions', $version, { state_filters => [], producer_id_filters => [], %filters });
    return { (map { $_->{transactional_id} => $_->{transaction_state} } @{ $answer->{transaction_states} }), unknown => join ' ', @{ $answer->{unknown_state_filters} } };
}

$p->add(0);
my $begin = $p->write(0, 'hanging');
is_deeply([map { @$_{qw(producer_id current_txn_start_offset)} } grep { $_->{current_txn_start_offset} >= 0 } @{ active(0)->[0]{active_producers} }],
    [$p->{producer_id}, $begin], 'a producer with an open transaction');
is(error_name(active(7)->[0]{error_code}), 'UNKNOWN_TOPIC_OR_PARTITION', 'a partition that is not there');
cmp_ok(scalar @{ active((0) x 1000) }, '<=', 1, 'a partition that is asked for many times is described once') if $broker->is_ours;
for my $version (0 .. 2) {
    is(listed($version, state_filters => ['Ongoing'])->{ $p->{id} }, 'Ongoing', "v$version: ongoing transactions");
    is(listed($version, state_filters => ['Ongoing'])->{ $q->{id} }, undef, "v$version: and no others");
    is(listed($version, producer_id_filters => [$q->{producer_id}])->{ $q->{id} }, 'CompleteAbort', "v$version: those of a producer");
    is(listed($version, state_filters => ['Asleep'])->{unknown}, 'Asleep', "v$version: a state that there is not");
}
is(listed(1, duration_filter => 3_600_000)->{ $p->{id} }, undef, 'v1: those that are open for long');
is(listed(2, transactional_id_pattern => "$q->{id}.*")->{ $q->{id} }, 'CompleteAbort', 'v2: those whose ids match');
is(listed(2, transactional_id_pattern => "$q->{id}.*")->{ $p->{id} }, undef, 'v2: and no others');

# --- An end by force ------------------------------------------------------------------------------------------

# By partition, the error.
sub write_markers {
    my ($version, $producer, %with) = @_;
    my $answer = $client->call('WriteTxnMarkers', $version, { markers => [{ producer_id => $producer->{producer_id}, producer_epoch => $producer->{epoch},
                transaction_result => 0, coordinator_epoch => 0, topics => [{ name => $topic->{name}, partition_indexes => $with{partitions} // [0] }], %{ $with{marker} // {} } }] });
    return join ' ', map { error_name($_->{error_code}) } sort { $a->{partition_index} <=> $b->{partition_index} } @{ $answer->{markers}[0]{topics}[0]{partitions} };
}

sub stable_end { return list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset}; }

is(stable_end(), $begin, 'a transaction that hangs');
my $late = bless { %$p, epoch => $p->{epoch} - 1 }, ref $p;
is(write_markers(1, $late), 'INVALID_PRODUCER_EPOCH', 'is not ended in the name of an earlier epoch') if $p->{epoch} > 0;
is(write_markers(1, $p, partitions => [0, 9]), 'NONE UNKNOWN_TOPIC_OR_PARTITION', 'but by a marker, where it can be');
wait_until('the end is seen', sub { stable_end() == $begin + 2 });
is(committed_values($client, $topic), '', 'it is aborted');
is(write_markers(1, $p), 'NONE', 'once more') if $broker->is_ours;
is(list_offset($client, 7, $topic, -1)->{offset}, $begin + 2, 'which changes nothing') if $broker->is_ours;
$q->add(1, 2);
$q->write($_, 'both') for 1, 2;
is(write_markers(2, $q, partitions => [1], marker => { transaction_version => 1, transaction_result => 1 }), 'NONE', 'v2: one of two partitions is committed');
wait_until('it is seen', sub { committed_values($client, $topic, 1) eq 'both' });
is(committed_values($client, $topic, 2), '', 'the other is open');
is($q->commit, 'NONE', 'until its producer ends it');
wait_until('it is seen', sub { committed_values($client, $topic, 2) eq 'both' });
is(committed_values($client, $topic, 1), 'both', 'and nothing is doubled');

# --- What is remembered of it -----------------------------------------------------------------------------------

sub coordinator_epoch { return (map { $_->{coordinator_epoch} } grep { $_->{producer_id} == $q->{producer_id} } @{ active(0)->[0]{active_producers} })[0]; }

$q->add(0);
$q->write(0, 'hangs');
is(write_markers(1, $q, marker => { coordinator_epoch => 5 }), 'NONE', 'a marker of another coordinator');
wait_until('its epoch is known', sub { coordinator_epoch() == 5 });
if (my $server = $broker->server) {
    $server->node->stop('immediate');
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    is(coordinator_epoch(), 5, 'also after a crash');
}
# --- Who is told of what was aborted ---------------------------------------------------------------------------

# Kafka keeps no list that ends where a reader of committed records might stop.
if ($broker->is_ours) {
    my $many = $broker->create_topic('many', num_partitions => 1);
    my @two;
    my $first = TransactionalProducer->new($client, $many, id => 'first', version => 2);
    for (1 .. 99) { $first->write(0, 'x'); $first->abort }
    for my $id (qw(second third)) {
        push @two, TransactionalProducer->new($client, $many, id => $id, version => 2);
        $two[-1]->write(0, $id);
    }
    my $written = $client->call('WriteTxnMarkers', 1, { markers => [map { +{ producer_id => $_->{producer_id}, producer_epoch => $_->{epoch}, transaction_result => 0,
        coordinator_epoch => 0, topics => [{ name => $many->{name}, partition_indexes => [0] }] } } @two] });
    is_deeply([map { error_name($_->{topics}[0]{partitions}[0]{error_code}) } @{ $written->{markers} }], ['NONE', 'NONE'], 'two transactions are aborted by one request');
    $broker->server->node->restart;
    $broker->server->wait_for_port;
    $client = $broker->connect;
    my @sizes = map { $_->{base_offset} < 200 ? length $_->{bytes} : () } @{ fetch($client, 12, $many, 0)->{batches} };
    my $size = 0;
    $size += $_ for @sizes;
    my $told = fetch($client, 12, $many, 0, ask => { partition_max_bytes => $size }, request => { isolation_level => 1 });
    is($told->{batches}[-1]{base_offset}, 199, 'a reader that comes to the last record of both');
    is(scalar @{ $told->{aborted_transactions} }, 101, 'is told of all that was aborted');
}
$broker->finish;
