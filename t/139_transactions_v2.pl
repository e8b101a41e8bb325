# Transactions of the second version (KIP-890): what is written to adds itself, and each transaction has an epoch of its own.
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
my $topic = $broker->create_topic('orders', num_partitions => 2);
my $ids   = 0;

sub producer {
    my (%with) = @_;
    return TransactionalProducer->new($client, $topic, id => $broker->name('txn-' . ++$ids), version => 2, %with);
}

sub committed { my ($partition) = @_; return committed_values($client, $topic, $partition); }

my $features = $client->call('ApiVersions', 4, {});
is_deeply([map { @$_{qw(min_version max_version)} } grep { $_->{name} eq 'transaction.version' } @{ $features->{supported_features} }],
    [0, 2], 'the second version is supported');
is_deeply([map { @$_{qw(min_version_level max_version_level)} } grep { $_->{name} eq 'transaction.version' } @{ $features->{finalized_features} }],
    [2, 2], 'and to be used');

# --- Ends and epochs ------------------------------------------------------------------------------------------

my $p = producer();
is($p->{error}, 'NONE', 'a producer');
my $first = $p->{epoch};
is($p->write(0, 'a', 'b'), 0, 'writes to partitions that nobody has added');
is($p->write(1, 'c'), 0, 'one by one');
is(committed() . committed(1), '', 'nothing of which is seen');
my %old = $p->ids;
is($p->commit, 'NONE', 'until it is committed');
wait_until('it is seen', sub { committed() eq 'a b' && committed(1) eq 'c' });
is($p->{epoch}, $first + 1, 'the next transaction has the next epoch');
is($p->write(0, 'd'), 3, 'and begins with the first sequence');

sub end_as {
    my ($committed, %ids) = @_;
    my $answer;
    wait_until('an answer', sub {
        $answer = $client->call('EndTxn', 5, { %ids, committed => $committed });
        error_name($answer->{error_code}) ne 'CONCURRENT_TRANSACTIONS';
    });
    return join ' ', error_name($answer->{error_code}), @$answer{qw(producer_id producer_epoch)};
}

is(end_as(1, %old), 'PRODUCER_FENCED -1 -1', 'the last end, asked for again in the middle of the next, is late');
%old = $p->ids;
is($p->abort, 'NONE', 'the next transaction is aborted');
is(end_as(0, %old), "NONE $p->{producer_id} $p->{epoch}", 'an end whose answer was lost is answered again');
is(end_as(1, %old), 'INVALID_TXN_STATE -1 -1', 'and is not the opposite');
is(end_as(1, $p->ids), 'INVALID_TXN_STATE -1 -1', 'nothing has been begun that could be committed');
my $epoch = $p->{epoch};
is($p->abort, 'NONE', 'but who does not know may abort');
is($p->{epoch}, $epoch + 1, 'and has a new epoch then, too');
wait_until('only what was committed is seen', sub { committed() eq 'a b' });

# --- What is late -----------------------------------------------------------------------------------------------

my $late = bless { %$p, epoch => $epoch, sequences => {} }, ref $p;
is($late->write(0, 'late'), 'INVALID_PRODUCER_EPOCH', 'a batch of an earlier transaction gets into none');
is(list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset}, list_offset($client, 7, $topic, -1)->{offset}, 'nor does it begin one');
$p->{sequences}{0} = 7;
is($p->write(0, 'gap'), 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'nor may the first be lost');
$p->{sequences} = {};
my $never = producer();
$never->{sequences}{0} = 3;
is($never->write(0, 'gap'), 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'not even of a producer that is new to the partition');

# --- Offsets ----------------------------------------------------------------------------------------------------

my $group = $broker->name('readers');
is($p->commit_offset($group, 5), 'NONE', 'offsets of a group that nobody has added');
is(offset_of($client, $group, $topic), -1, 'wait for the end');
is($p->commit, 'NONE', 'of the transaction that they have begun');
wait_until('they are committed', sub { offset_of($client, $group, $topic) == 5 });

# --- Both versions ------------------------------------------------------------------------------------------------

my $old = TransactionalProducer->new($client, $topic, id => $p->{id});
is($old->{producer_id}, $p->{producer_id}, 'an old client with its transactional id');
is($p->write(0, 'fenced'), 'INVALID_PRODUCER_EPOCH', 'fences it');
is($old->write(0, 'x'), 'INVALID_TXN_STATE', 'and has to add partitions');
$old->add(0);
is($old->write(0, 'e') =~ /^\d+$/, 1, 'before it writes');
is($old->commit, 'NONE', 'commits');
my $new = producer(id => $p->{id});
is($new->write(0, 'f') =~ /^\d+$/, 1, 'and is followed by a new one');
is($new->commit, 'NONE', 'as before');
wait_until('all of them are seen', sub { committed() eq 'a b e f' });

# --- Restart --------------------------------------------------------------------------------------------------------

if (my $server = $broker->server) {
    $new->write(0, 'g');
    for my $mode ('immediate', 'fast') {
        $server->node->stop($mode);
        $server->node->start;
        $server->wait_for_port;
        $client = $broker->connect;
        $_->use_client($client) for $new, $late;
        is(committed(), 'a b e f', "after a stop ($mode) a transaction that began itself is open still");
        is($late->write(0, 'late'), 'INVALID_PRODUCER_EPOCH', 'and what was late is late');
    }
    %old = $new->ids;
    is($new->commit, 'NONE', 'it ends');
    $server->node->stop('immediate');
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    is(end_as(1, %old), "NONE $new->{producer_id} $new->{epoch}", 'also for who has not heard of it before the server died');
    is(committed(), 'a b e f g', 'once');
}
$broker->finish;
