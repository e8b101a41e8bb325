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
use TransactionalProducer;

my $broker = KafkaTest->start;
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;
my $topic = $broker->create_topic('orders', num_partitions => 3);
my $ids   = 0;

sub producer {
    my (%with) = @_;
    return TransactionalProducer->new($client, $topic, id => $broker->name('txn-' . ++$ids), %with);
}

sub fetched {
    my ($level, $partition) = @_;
    return fetch($client, 12, $topic, 0, partition => $partition // 0, request => { isolation_level => $level, max_wait_ms => 0, min_bytes => 0 });
}

sub committed   { my ($partition) = @_; return committed_values($client, $topic, $partition); }
sub uncommitted { my ($partition) = @_; return uncommitted_values($client, $topic, $partition); }

sub ends { return join ' ', map { list_offset($client, 7, $topic, -1, isolation_level => $_)->{offset} } 0, 1 }

# --- Commit and abort ---------------------------------------------------------------------------------------

my $p = producer();
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

# Batches of its producer that are not of the transaction.
my $mixed = producer()->init;
sub write_plain {
    my ($epoch, $sequence) = @_;
    my $batch = build_batch([{ value => 'plain' }], producer_id => $mixed->{producer_id}, producer_epoch => $epoch, base_sequence => $sequence);
    return error_name(produce($client, 9, $topic, { 2 => $batch })->{2}{error_code});
}
$mixed->add(2);
$mixed->write(2, 'in it');
is(write_plain($mixed->{epoch}, 1), 'INVALID_TXN_STATE', 'a batch without transaction amid an open one');
is(write_plain($mixed->{epoch}, 2), 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'with a gap that is said first');
is(write_plain($mixed->{epoch} - 1, 1), 'INVALID_PRODUCER_EPOCH', 'and with an earlier epoch');
is($mixed->commit, 'NONE', 'the transaction does not suffer');

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

my $q = producer();
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
my $heir = producer(id => $p->{id});
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

# Of groups that did not exist before.
my ($fresh, $deleted) = map { $broker->name($_) } qw(fresh deleted);
for my $id ($fresh, $deleted) {
    $heir->add_group($id);
    is($heir->commit_offset($id, 5), 'NONE', 'an offset of a new group');
    is(list_groups($client, 4, qr/^\Q$id\E$/)->{$id}, '/Empty/', 'which exists from then on');
    is($heir->commit_offset($id, 6, member_id => 'nobody', generation_id => 3), 'UNKNOWN_MEMBER_ID', 'without members');
}
is(delete_groups($client, 2, $deleted)->{$deleted}, 'NONE', 'a group with pending offsets can be deleted');
is($heir->commit, 'NONE', 'the transaction is committed');
wait_until('the offset of the other group is', sub { offset_of($client, $fresh, $topic) == 5 });
is(offset_of($client, $deleted, $topic), -1, 'with the deleted one its pending offset has gone');

my $group = $broker->name('readers');
sub stable { return $client->call('OffsetFetch', 7, { group_id => $group, require_stable => $_[0], topics => [{ name => $topic->{name}, partition_indexes => [0] }] })->{topics}[0]{partitions}[0] }

commit_offsets($client, 8, $group, $topic, { 0 => 1 });
is($heir->add_group($group), 'NONE', 'a transaction is to commit offsets');
is($heir->commit_offset($group, 5), 'NONE', 'which wait for its end');
is(offset_of($client, $group, $topic), 1, 'until then the old one is told');
is(error_name(stable(1)->{error_code}), 'UNSTABLE_OFFSET_COMMIT', 'or that it may change');
is(stable(0)->{committed_offset}, 1, 'to who wants to know');
is($heir->commit, 'NONE', 'it is committed');
wait_until('the offset is', sub { offset_of($client, $group, $topic) == 5 });
is(error_name(stable(1)->{error_code}), 'NONE', 'and stable');
$heir->add_group($group);
is($heir->commit_offset($group, 9), 'NONE', 'another one');
is($heir->commit_offset($group, 9, member_id => 'nobody', generation_id => 3), 'UNKNOWN_MEMBER_ID', 'by who is not a member') if $broker->is_ours;
$heir->abort;
wait_until('is given up with its transaction', sub { error_name(stable(1)->{error_code}) eq 'NONE' });
is(offset_of($client, $group, $topic), 5, 'and leaves the one before');

# --- Time, tools ----------------------------------------------------------------------------------------------

my $slow = producer(timeout => 500);
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
    my $survivor = producer();
    $survivor->add(0, 1);
    $survivor->write(0, 'survives');
    my $expected = committed();
    my @aborted  = @{ fetched(1)->{aborted_transactions} };
    for my $mode ('immediate', 'fast') {
        $server->node->stop($mode);
        $server->node->start;
        $server->wait_for_port;
        $client = $broker->connect;
        $survivor->use_client($client);
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
