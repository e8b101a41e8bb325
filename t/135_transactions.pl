# Transactions: what producers write in them is seen as a whole, or not at all, by whoever reads committed records.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;
my $topic = $broker->create_topic('orders', num_partitions => 2);
my $now   = int(time) * 1000;
my $ids   = 0;

# A producer with transactions, of which each method is one request.
package Producer {
    use KafkaWire::Errors;

    sub new {
        my ($class, %with) = @_;
        my $self = bless { id => $with{id} // $broker->name('txn-' . ++$ids), v => $with{version} // 3, timeout => $with{timeout} // 60_000, sequences => {} }, $class;
        return $self->init;
    }

    sub init {
        my ($self) = @_;
        my $answer;
        Test::More::diag('no answer') if !main::wait_until('a producer id is given', sub {
            $answer = $client->call('InitProducerId', 4, { transactional_id => $self->{id}, transaction_timeout_ms => $self->{timeout} });
            return error_name($answer->{error_code}) !~ /^(?:CONCURRENT_TRANSACTIONS|COORDINATOR_LOAD_IN_PROGRESS|NOT_COORDINATOR)$/;
        });
        $self->{error} = error_name($answer->{error_code});
        @$self{qw(producer_id epoch)} = @$answer{qw(producer_id producer_epoch)};
        $self->{sequences} = {};
        return $self;
    }

    sub ids { return (transactional_id => $_[0]{id}, producer_id => $_[0]{producer_id}, producer_epoch => $_[0]{epoch}) }

    sub add {
        my ($self, @partitions) = @_;
        my $answer = $client->call('AddPartitionsToTxn', 3, {
            v3_and_below_transactional_id => $self->{id}, v3_and_below_producer_id => $self->{producer_id}, v3_and_below_producer_epoch => $self->{epoch},
            v3_and_below_topics => [{ name => $topic->{name}, partitions => \@partitions }] });
        return join ' ', map { error_name($_->{partition_error_code}) } @{ $answer->{results_by_topic_v3_and_below}[0]{results_by_partition} };
    }

    # The offset, or the error.
    sub write {
        my ($self, $partition, @values) = @_;
        my $first = $self->{sequences}{$partition} // 0;
        my $batch = KafkaWire::Batch::build_batch([map { { value => $_, timestamp => $now } } @values], attributes => 0x10,
            producer_id => $self->{producer_id}, producer_epoch => $self->{epoch}, base_sequence => $first);
        my $answer = KafkaRequests::produce($client, 9, $topic, { $partition => $batch }, transactional_id => $self->{id})->{$partition};
        return error_name($answer->{error_code}) if $answer->{error_code};
        $self->{sequences}{$partition} = $first + @values;
        return $answer->{base_offset};
    }

    sub end {
        my ($self, $committed) = @_;
        my $answer;
        main::wait_until('the end is taken', sub {
            $answer = $client->call('EndTxn', 3, { $self->ids, committed => $committed });
            return error_name($answer->{error_code}) ne 'CONCURRENT_TRANSACTIONS';
        });
        return error_name($answer->{error_code});
    }
    sub commit { return $_[0]->end(1) }
    sub abort  { return $_[0]->end(0) }
}

sub fetched {
    my ($level, $partition) = @_;
    return fetch($client, 12, $topic, 0, partition => $partition // 0, request => { isolation_level => $level, max_wait_ms => 0, min_bytes => 0 });
}

# What a reader is told is committed: its batches without those of aborted transactions and markers.
sub committed {
    my ($partition) = @_;
    my $answer  = fetched(1, $partition);
    my @aborted = sort { $a->{first_offset} <=> $b->{first_offset} } @{ $answer->{aborted_transactions} // [] };
    my (%open, @values);
    for my $batch (@{ $answer->{batches} }) {
        $open{ (shift @aborted)->{producer_id} } = 1 while @aborted && $aborted[0]{first_offset} <= $batch->{base_offset};
        if ($batch->{attributes} & 0x20) {
            delete $open{ $batch->{producer_id} };
        } elsif (!$open{ $batch->{producer_id} }) {
            push @values, map { $_->{value} } @{ $batch->{records} };
        }
    }
    return join ' ', @values;
}

sub uncommitted {
    my ($partition) = @_;
    return join ' ', map { $_->{value} } map { @{ $_->{records} } } grep { !($_->{attributes} & 0x20) } @{ fetched(0, $partition)->{batches} };
}

sub ends { return join ' ', map { list_offset($client, 7, $topic, -1, isolation_level => $_)->{offset} } 0, 1 }

# --- Commit and abort ---------------------------------------------------------------------------------------

my $p = Producer->new;
is($p->{error}, 'NONE', 'a producer with a transactional id');
is($p->write(0, 'x'), 'INVALID_TXN_STATE', 'nothing is written to a partition that was not added');
is($p->add(0, 1), 'NONE NONE', 'partitions are added');
is($p->write(0, 'a', 'b'), 0, 'records of a transaction');
is(uncommitted(), 'a b', 'are seen by who reads uncommitted ones');
is(committed(), '', 'and by nobody else');
is(ends(), '2 0', 'whose log ends before them');
is(produce_values($client, $topic, 'plain'), 2, 'a record without transaction');
is(committed(), '', 'waits for the end of the transaction before it');
is($p->commit, 'NONE', 'the transaction is committed');
wait_until('it is seen', sub { ends() eq '4 4' });
is(committed(), 'a b plain', 'and seen as a whole');
is(committed(1), '', 'in the other partition it has written nothing');
is(list_offset($client, 7, $topic, -1, partition_index => 1)->{offset}, 1, 'but a marker');
is($p->commit, 'NONE', 'a commit that is asked for again');
is($p->abort, 'INVALID_TXN_STATE', 'is no abort');

is($p->add(0), 'NONE', 'the next transaction');
is($p->write(0, 'c'), 4, 'writes');
is($p->abort, 'NONE', 'and is aborted');
wait_until('its end is seen', sub { ends() eq '6 6' });
is(committed(), 'a b plain', 'what it has written is not seen');
is(uncommitted(), 'a b plain c', 'but by who reads all');
is_deeply(fetched(1)->{aborted_transactions}, [{ producer_id => $p->{producer_id}, first_offset => 4 }], 'as readers are told');
is_deeply(fetched(0)->{aborted_transactions}, undef, 'if they want to know');
my ($marker) = grep { $_->{attributes} & 0x20 } @{ fetched(0)->{batches} };
is_deeply([@$marker{qw(base_offset producer_id producer_epoch base_sequence)}, unpack('H*', $marker->{records}[0]{key}), unpack('H*', $marker->{records}[0]{value})],
    [3, $p->{producer_id}, 0, -1, '00000001', '000000000000'], 'markers are in the log');

# --- Several producers --------------------------------------------------------------------------------------

my $q = Producer->new;
$_->add(0) for $p, $q;
is($p->write(0, 'd'), 6, 'two transactions');
is($q->write(0, 'e'), 7, 'in one partition');
$q->commit;
is(committed(), 'a b plain', 'the one that is committed waits for the other');
$p->commit;
wait_until('both are seen', sub { committed() eq 'a b plain d e' });

# --- Fencing --------------------------------------------------------------------------------------------------

$p->add(0);
$p->write(0, 'zombie');
my $heir = Producer->new(id => $p->{id});
is($heir->{producer_id}, $p->{producer_id}, 'another producer with the id has the same producer id');
cmp_ok($heir->{epoch}, '>', $p->{epoch}, 'and a higher epoch');
is($p->write(0, 'late'), 'INVALID_PRODUCER_EPOCH', 'the first one is fenced');
is($p->commit, 'PRODUCER_FENCED', 'and may not commit');
is($p->add(0), 'PRODUCER_FENCED', 'or go on');
is(committed(), 'a b plain d e', 'what it has written was aborted');
$heir->add(0);
$heir->write(0, 'f');
$heir->commit;
wait_until('its heir writes', sub { committed() eq 'a b plain d e f' });

# --- Offsets --------------------------------------------------------------------------------------------------

my $group = $broker->name('readers');
sub txn_commit {
    my ($producer, $offset, %fields) = @_;
    my $answer = $client->call('TxnOffsetCommit', 3, { group_id => $group, $producer->ids, %fields,
            topics => [{ name => $topic->{name}, partitions => [{ partition_index => 0, committed_offset => $offset, committed_metadata => 'm' }] }] });
    return error_name($answer->{topics}[0]{partitions}[0]{error_code});
}
sub stable { return $client->call('OffsetFetch', 7, { group_id => $group, require_stable => $_[0], topics => [{ name => $topic->{name}, partition_indexes => [0] }] })->{topics}[0]{partitions}[0] }

commit_offsets($client, 8, $group, $topic, { 0 => 1 });
is(error_name($client->call('AddOffsetsToTxn', 3, { $heir->ids, group_id => $group })->{error_code}), 'NONE', 'a transaction is to commit offsets');
is(txn_commit($heir, 5), 'NONE', 'which wait for its end');
is(offset_of($client, $group, $topic), 1, 'until then the old one is told');
is(error_name(stable(1)->{error_code}), 'UNSTABLE_OFFSET_COMMIT', 'or that it may change');
is(stable(0)->{committed_offset}, 1, 'to who wants to know');
is($heir->commit, 'NONE', 'it is committed');
wait_until('the offset is', sub { offset_of($client, $group, $topic) == 5 });
is(error_name(stable(1)->{error_code}), 'NONE', 'and stable');
$client->call('AddOffsetsToTxn', 3, { $heir->ids, group_id => $group });
is(txn_commit($heir, 9), 'NONE', 'another one');
is(txn_commit($heir, 9, member_id => 'nobody', generation_id => 3), 'UNKNOWN_MEMBER_ID', 'by who is not a member') if $broker->is_ours;
$heir->abort;
wait_until('is given up with its transaction', sub { error_name(stable(1)->{error_code}) eq 'NONE' });
is(offset_of($client, $group, $topic), 5, 'and leaves the one before');

# --- Time, tools ----------------------------------------------------------------------------------------------

my $slow = Producer->new(timeout => 500);
$slow->add(0);
my $begin = $slow->write(0, 'too late');
my $described = $client->call('DescribeTransactions', 0, { transactional_ids => [$slow->{id}, 'none'] })->{transaction_states};
is_deeply([map { error_name($_->{error_code}) } @$described], ['NONE', 'TRANSACTIONAL_ID_NOT_FOUND'], 'transactions are described');
is_deeply([@{ $described->[0] }{qw(transaction_state producer_id producer_epoch)}, $described->[0]{topics}], ['Ongoing', @$slow{qw(producer_id epoch)}, [{ topic => $topic->{name}, partitions => [0] }]], 'as they stand');
my ($listed) = grep { $_->{transactional_id} eq $slow->{id} } @{ $client->call('ListTransactions', 1, { state_filters => ['Ongoing'], duration_filter => 0 })->{transaction_states} };
is($listed->{transaction_state}, 'Ongoing', 'and listed');
my $producers = $client->call('DescribeProducers', 0, { topics => [{ name => $topic->{name}, partition_indexes => [0] }] })->{topics}[0]{partitions}[0]{active_producers};
my ($active) = grep { $_->{producer_id} == $slow->{producer_id} } @$producers;
is_deeply([@$active{qw(producer_epoch last_sequence current_txn_start_offset)}], [0, 0, $begin], 'partitions know their producers');
wait_until('a transaction that takes too long is aborted', sub { my ($all, $stable) = split / /, ends(); $all == $stable });
unlike(committed(), qr/too late/, 'and not seen');
like($slow->write(0, 'later'), qr/^(?:INVALID_PRODUCER_EPOCH|INVALID_TXN_STATE)$/, 'its producer is fenced');

# --- Restart --------------------------------------------------------------------------------------------------

if (my $server = $broker->server) {
    my $survivor = Producer->new;
    $survivor->add(0, 1);
    $survivor->write(0, 'survives');
    my $expected = committed();
    my @aborted  = @{ fetched(1)->{aborted_transactions} };
    for my $mode ('immediate', 'fast') {
        $server->node->stop($mode);
        $server->node->start;
        $server->wait_for_port;
        $client = $broker->connect;
        is(committed(), $expected, "after a stop ($mode) open transactions are open");
        is_deeply(fetched(1)->{aborted_transactions}, \@aborted, 'and aborted ones known');
        is($survivor->write(1, "partition 1, $mode"), $mode eq 'immediate' ? 1 : 2, 'they go on');
    }
    is($survivor->commit, 'NONE', 'and end');
    is(committed(), "$expected survives", 'as if nothing had happened');
    is(committed(1), 'partition 1, immediate partition 1, fast', 'in all partitions');
    is(offset_of($client, $group, $topic), 5, 'offsets are as they were');
}
$broker->finish;
