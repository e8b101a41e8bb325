# What other brokers got wrong about producers and transactions, each by its name: sequences of the wrong partition or epoch, answers to
# what is sent again, partitions that nobody added, transactions that hang or are seen in part, commits that rewrite their records.
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
my ($ids, $topics) = (0, 0);

sub new_topic { return $broker->create_topic('topic-' . ++$topics, num_partitions => 3); }

sub producer {
    my ($topic, %with) = @_;
    return TransactionalProducer->new($client, $topic, id => $broker->name('txn-' . ++$ids), %with);
}

sub transactional_batch {
    my ($p, $sequence, @values) = @_;
    return build_batch([map { { value => $_, timestamp => int(time) * 1000 } } @values], attributes => 0x10, producer_id => $p->{producer_id}, producer_epoch => $p->{epoch}, base_sequence => $sequence);
}

# By partition the offset or the error of each batch, all of one request: { partition => [sequence, values] }.
sub write_at_once {
    my ($p, $topic, $batches) = @_;
    my $answers = produce($client, $p->{version} == 2 ? 12 : 9, $topic, { map { $_ => transactional_batch($p, @{ $batches->{$_} }) } keys %$batches }, transactional_id => $p->{id});
    return { map { $_ => $answers->{$_}{error_code} ? error_name($answers->{$_}{error_code}) : $answers->{$_}{base_offset} } keys %$answers };
}

# Kafka writes markers after it has answered.
sub committed_is {
    my ($topic, $expected, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @ends;
    wait_until('the end is seen', sub {
        @ends = map { list_offset($client, 7, $topic, -1, isolation_level => $_)->{offset} } 0, 1;
        return $ends[0] == $ends[1] && ($broker->is_ours || committed_values($client, $topic) eq $expected);
    });
    return is(committed_values($client, $topic), $expected, $test);
}

for my $version (1, 2) {
    # --- Sequences --------------------------------------------------------------------------------------------------

    my $topic = new_topic();
    my $p     = producer($topic, version => $version);
    $p->add(0, 1, 2) if $version == 1;
    write_at_once($p, $topic, { 0 => [0, 'a', 'b'], 1 => [0, 'c'] });
    is_deeply(write_at_once($p, $topic, { 0 => [2, 'd'], 1 => [1, 'e'], 2 => [0, 'f'] }), { 0 => 2, 1 => 1, 2 => 0 },
        "v$version: a request of a transaction to several partitions, each with sequences of its own");
    is_deeply(write_at_once($p, $topic, { 0 => [2, 'd'], 1 => [3, 'gap'], 2 => [1, 'g'] }), { 0 => 2, 1 => 'OUT_OF_ORDER_SEQUENCE_NUMBER', 2 => 1 },
        "v$version: of which one is a duplicate, one has a gap and one is new");
    is_deeply(write_at_once($p, $topic, { 0 => [0, 'a', 'b'] }), { 0 => 0 }, "v$version: a duplicate is answered with its own offset, not with the first or last one");
    is($p->commit, 'NONE', "v$version: they are committed");
    committed_is($topic, 'a b d', "v$version: each once");

    # The client has not heard that its batch was stored, but has committed. Kafka asks for the transaction before it looks for duplicates.
    my %late = $version == 2 ? (epoch => $p->{epoch} - 1) : ();
    my $late = bless { %$p, %late }, ref $p;
    my $said = write_at_once($late, $topic, { 0 => [2, 'd'] })->{0};
    is($said, $version == 2 ? 'INVALID_PRODUCER_EPOCH' : $broker->expected(ours => 2, kafka => 'INVALID_TXN_STATE'), "v$version: a batch of a transaction that has ended, sent again, is stored in no other");
    committed_is($topic, 'a b d', "v$version: nor does it open one");

    # --- A new producer with the same transactional id --------------------------------------------------------------

    for my $time (1 .. 2) {
        my $heir = producer($topic, id => $p->{id}, version => $version);
        $heir->add(0) if $version == 1;
        my $end = list_offset($client, 7, $topic, -1)->{offset};
        is_deeply(write_at_once($heir, $topic, { 0 => [0, 'a', "heir$time"] }), { 0 => $end }, "v$version: a restarted producer begins with sequence 0 of its epoch, which is no duplicate, $time");
        is($heir->commit, 'NONE', "v$version: and commits, $time");
    }
    committed_is($topic, 'a b d a heir1 a heir2', "v$version: all of it is stored");

    # Nobody ends what the last one has left open, but the next one.
    my $dead = producer($topic, version => $version);
    $dead->add(0) if $version == 1;
    my $begin = list_offset($client, 7, $topic, -1)->{offset};
    is($dead->write(0, 'left'), $begin, "v$version: a producer dies in its transaction");
    is(list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset}, $begin, "v$version: before which readers of committed records wait");
    my $next = producer($topic, id => $dead->{id}, version => $version);
    committed_is($topic, 'a b d a heir1 a heir2', "v$version: until another one with its id aborts it, so that nothing hangs");
    is($next->{producer_id}, $dead->{producer_id}, "v$version: with the same producer id");

    # --- What nobody has added -----------------------------------------------------------------------------------------

    if ($version == 1) {
        my $other = producer($topic);
        is($other->add(1), 'NONE', 'a transaction with one partition');
        is_deeply(write_at_once($other, $topic, { 0 => [0, 'x'], 1 => [0, 'y'] }), { 0 => 'INVALID_TXN_STATE', 1 => list_offset($client, 7, $topic, -1, partition_index => 1)->{offset} - 1 },
            'a partition that was never added to the transaction is not written to');
        is($other->add(1, 2), 'NONE NONE', 'partitions may be added twice');
        is(join(' ', sort split / /, $other->add(0, 7)), 'OPERATION_NOT_ATTEMPTED UNKNOWN_TOPIC_OR_PARTITION', 'all or none of them');
        is($other->add(-1), 'UNKNOWN_TOPIC_OR_PARTITION', 'and none with a negative number');
        is(write_at_once($other, $topic, { 0 => [0, 'x'] })->{0}, 'INVALID_TXN_STATE', 'then none was added');
        is($other->abort, 'NONE', 'after an error the rest is aborted');
        is(committed_values($client, $topic, 1) =~ /y/ ? 'seen' : 'hidden', 'hidden', 'and not seen');
    }

    # --- Ends ------------------------------------------------------------------------------------------------------------

    my $q = producer($topic, version => $version);
    for my $commit (1, 0) {
        $q->add(0) if $version == 1;
        my $way = $commit ? 'commit' : 'abort';
        $q->write(0, $way);
        my %before = $q->ids;
        is($q->end($commit), 'NONE', "v$version: $way");
        my ($api, $end) = ($version == 2 ? 5 : 3);
        for (1 .. 2) {
            my $again;
            wait_until('an answer', sub { $again = $client->call('EndTxn', $api, { %before, committed => $commit }); error_name($again->{error_code}) ne 'CONCURRENT_TRANSACTIONS' });
            is(error_name($again->{error_code}), 'NONE', "v$version: $way whose answer was lost is answered again");
            $end //= list_offset($client, 7, $topic, -1)->{offset};
        }
        is(error_name($client->call('EndTxn', $api, { %before, committed => !$commit })->{error_code}), 'INVALID_TXN_STATE', "v$version: the opposite of $way is not");
        is(list_offset($client, 7, $topic, -1)->{offset}, $end, "v$version: nothing more is written");
    }

    # --- Time --------------------------------------------------------------------------------------------------------------

    my $times = new_topic();
    my ($patient, $hasty) = map { producer($times, version => $version, timeout => $_) } 600_000, 500;
    for my $each ($patient, $hasty) { $each->add(0, 1) if $version == 1; }
    $patient->write(1, 'patient');
    $hasty->write(0, 'hasty');
    wait_until('the one is aborted', sub { list_offset($client, 7, $times, -1, isolation_level => 1)->{offset} == 2 });
    is(list_offset($client, 7, $times, -1, isolation_level => 1, partition_index => 1)->{offset}, 0, "v$version: each transaction has the time that its producer asked for");
    is($patient->commit, 'NONE', "v$version: the other one is committed");
    isnt($hasty->commit, 'NONE', "v$version: what was aborted for its time is not");
    is(committed_values($client, $times), '', "v$version: and not seen");
    for my $timeout (-1, 0, 2**31 - 1) {
        is(producer($times, version => $version, timeout => $timeout)->{error}, 'INVALID_TRANSACTION_TIMEOUT', "v$version: a time-out of $timeout ms is refused");
    }
}

# --- What readers of committed records get ---------------------------------------------------------------------------------

my $topic = new_topic();
my ($p, $q) = map { producer($topic) } 1 .. 2;
$_->add(0) for $p, $q;
$p->write(0, 'open');
$q->write(0, 'aborted');
produce_values($client, $topic, 'plain');
$q->abort;
is(committed_values($client, $topic), '', 'what lies above an open transaction is not read before it, so that nothing is read in another order');
$p->write(0, 'more');
$p->commit;
committed_is($topic, 'open plain more', 'then all is read once, and nothing that was aborted');
my $from = fetch($client, 12, $topic, 2, request => { isolation_level => 1 });
is_deeply([map { $_->{value} } records_of($from)]->[0], 'plain', 'also from the middle on');
is_deeply($from->{aborted_transactions}, [{ producer_id => $q->{producer_id}, first_offset => 1 }], 'with the aborted transaction that began before');

my $server = $broker->server;
if ($server) {
    # A member that was replaced does not commit offsets in a transaction.
    my $group = $broker->name('fenced');
    my $r     = producer($topic, version => 2);
    is($r->commit_offset($group, 1, generation_id => 7, member_id => 'gone'), 'ILLEGAL_GENERATION', 'no offsets in a transaction from a generation of a group that is gone');
    commit_offsets($client, 8, $group, $topic, { 0 => 5 });
    is($r->commit_offset($group, 1, generation_id => 7, member_id => 'gone'), 'UNKNOWN_MEMBER_ID', 'nor from who is not a member any more');
    is($r->abort, 'NONE', 'nothing of them is left');
    is(offset_of($client, $group, $topic), 5, 'in the group');

    # A commit writes markers, and touches no record.
    my $large = new_topic();
    my $s     = producer($large, version => 2);
    for my $partition (0 .. 2) { $s->write($partition, map { "record $_" } 1 .. 100) for 1 .. 10; }
    my $table = 'kafka.segment_' . $server->sql("SELECT max(id) FROM kafka.segment WHERE topic_id = '$large->{id}'");
    my $rows  = sub { return [split /\n/, $server->sql("SELECT ctid, xmin, partition, last_offset FROM $table ORDER BY partition, last_offset")]; };
    my @before = @{ $rows->() };
    is($s->commit, 'NONE', 'a transaction of 3,000 records is committed');
    my %after = map { $_ => 1 } @{ $rows->() };
    is_deeply([grep { !$after{$_} } @before], [], 'which rewrites none of their rows');
    is(keys(%after) - @before, 3, 'and adds one for each partition');

    # What is kept of transactions goes with their topics.
    $s->write(0, 'aborted');
    $s->abort;
    is($server->sql("SELECT count(*) FROM kafka.aborted_transaction WHERE topic_id = '$large->{id}'"), 1, 'what was aborted is written down');
    $s->write(0, 'open');
    $s->commit_offset('of-large', 1);
    delete_topics($client, 5, [$large->{name}]);
    wait_until('nothing is left of a deleted topic, its aborted transactions and pending offsets', sub {
        $server->sql("SELECT (SELECT count(*) FROM kafka.aborted_transaction WHERE topic_id = '$large->{id}') + (SELECT count(*) FROM kafka.pending_offset WHERE topic_id = '$large->{id}')
            + (SELECT count(*) FROM kafka.producer WHERE topic_id = '$large->{id}')") == 0 });
    is($s->abort, 'NONE', 'and its open transaction ends');

    # Epochs come to their end.
    for my $version (1, 2) {
        my $old = producer($topic, version => $version);
        $server->sql("UPDATE kafka.transaction SET epoch = 32765 WHERE transactional_id = '$old->{id}'");
        my $last = wait_until('the epoch is taken over', sub { my $p = producer($topic, id => $old->{id}, version => $version); $p->{epoch} != 1 ? $p : undef });
        is("$last->{epoch} $last->{producer_id}", "32766 $old->{producer_id}", "v$version: the last epoch of a producer id");
        $last->add(0) if $version == 1;
        like($last->write(0, "last$version"), qr/^\d+$/, "v$version: can be written with");
        my $new = producer($topic, id => $old->{id}, version => $version);
        is($new->{epoch}, 0, "v$version: after it comes the first one");
        isnt($new->{producer_id}, $old->{producer_id}, "v$version: of another producer id");
        like($last->write(0, 'late'), qr/^(?:INVALID_PRODUCER_EPOCH|INVALID_PRODUCER_ID_MAPPING)$/, "v$version: the one before is fenced");
        $new->add(0) if $version == 1;
        like($new->write(0, "new$version"), qr/^\d+$/, "v$version: which goes on");
        is($new->commit, 'NONE', "v$version: and commits");
    }
    committed_is($topic, 'open plain more new1 new2', 'what the last epoch had open was aborted');
}
$broker->finish;
