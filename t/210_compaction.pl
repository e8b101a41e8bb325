# cleanup.policy=compact: of each key the last record stays, at its offset, for clients and SQL alike, while others read and write.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 20, 'pg_kafka.retention_check_interval_ms' => 20, maintenance_work_mem => '1MB');
my $server = $broker->server or plan skip_all => 'looks into the tables of our own server';
my $client = $broker->connect;

sub topic {
    my ($name, %configs) = @_;
    return $broker->create_topic($name, num_partitions => 2,
        configs => { 'cleanup.policy' => 'compact', 'segment.bytes' => 1_048_576, 'min.cleanable.dirty.ratio' => '0.01', %configs });
}

sub write_batch {
    my ($topic, $partition, @records) = @_;
    my $answer = produce($client, 9, $topic, { $partition => build_batch([map { { key => $_->[0], value => $_->[1], timestamp => $_->[2] // int(time) * 1000 } } @records]) })->{$partition};
    is(error_name($answer->{error_code}), 'NONE', 'written') if $answer->{error_code};
    return $answer->{base_offset};
}

# Fills the open segment, so that the next batch begins another: with a key of its own.
my $filler = 0;
sub roll {
    my ($topic) = @_;
    my $before = newest_segment($topic);
    do { write_batch($topic, 1, [ 'filler' . $filler++, 'x' x 400_000 ]) } while newest_segment($topic) == $before;
    return;
}
sub id_of    { return "(SELECT id FROM kafka.topic WHERE name = '$_[0]{name}')"; }
sub newest_segment { return $server->sql('SELECT max(id) FROM kafka.segment WHERE topic_id = ' . id_of($_[0])); }
sub segments { return $server->sql('SELECT count(*) FROM kafka.segment WHERE topic_id = ' . id_of($_[0])); }

sub wait_for_compaction {
    my ($topic) = @_;
    $server->wait_for('compaction', sub {
        $server->sql('SELECT bool_and(compacted_ms IS NOT NULL) FROM kafka.segment WHERE max_timestamps IS NOT NULL AND topic_id = ' . id_of($topic)) eq 't';
    });
    return;
}

# The broker hears of a compaction soon after it.
sub becomes {
    my ($topic, $expected, $what) = @_;
    wait_until($what, sub { content($topic) eq $expected });
    return is(content($topic), $expected, $what);
}

# "offset:key=value" of all records from the beginning on, in as many Fetches as it takes.
sub content {
    my ($topic, $partition) = @_;
    my ($from, @seen) = (0);
    while (1) {
        my $answer = fetch($client, 12, $topic, $from, partition => $partition // 0, request => { max_wait_ms => 0, min_bytes => 0 });
        my @batches = @{ $answer->{batches} } or return join ' ', @seen;
        push @seen, map { "$_->{offset}:" . ($_->{key} // 'null') . '=' . ($_->{value} // 'null') } map { @{ $_->{records} } } grep { !($_->{attributes} & 0x20) } @batches;
        $from = $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1;
    }
}

sub in_sql {
    my ($topic, $partition) = @_;
    return $server->sql("SELECT string_agg(\"offset\" || ':' || coalesce(convert_from(key, 'UTF8'), 'null') || '=' || coalesce(convert_from(value, 'UTF8'), 'null'), ' ' ORDER BY \"offset\")"
          . " FROM kafka.messages WHERE topic = '$topic->{name}' AND partition = " . ($partition // 0));
}

# --- Keys -----------------------------------------------------------------------------------------------------

my $users = topic('users');
write_batch($users, 0, [a => '1'], [b => '1'], [a => '2']);
write_batch($users, 0, [c => '1']);
roll($users);
write_batch($users, 0, [c => '2'], [d => '1']);
wait_for_compaction($users);
becomes($users, '1:b=1 2:a=2 3:c=1 4:c=2 5:d=1', 'the last of each key stays; what is in the open segment does not count yet');
is(in_sql($users), content($users), 'SQL sees the same');
roll($users);
wait_for_compaction($users);
becomes($users, '1:b=1 2:a=2 4:c=2 5:d=1', 'once it is closed it does');
is(list_offset($client, 7, $users, -2)->{offset}, 0, 'the log starts where it did');
is(list_offset($client, 7, $users, -1)->{offset}, 6, 'and ends where it did');
is((fetch($client, 12, $users, 0))->{batches}[0]{base_offset}, 0, 'a reader of an offset that is gone gets what comes after it');
is(write_batch($users, 0, [e => '1']), 6, 'offsets go on');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
is(content($users), '1:b=1 2:a=2 4:c=2 5:d=1 6:e=1', 'all of it is there after a restart');
is(write_batch($users, 0, [e => '2']), 7, 'and goes on');

my ($table) = $server->sql('SELECT \'kafka.segment_\' || min(id) FROM kafka.segment WHERE topic_id = ' . id_of($users));
is($server->sql("SELECT relname FROM pg_class WHERE oid = (SELECT conindid FROM pg_constraint WHERE conrelid = '$table'::regclass AND contype = 'p')"),
    $table =~ s/kafka\.//r . '_pkey', 'a table that was replaced has its names again');
is($server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ '_compacted'}), 0, 'and nothing is left of it');
is($server->sql("SELECT bytes = (SELECT sum(length(data)) FROM $table) FROM kafka.segments WHERE \"table\" = '$table'::regclass"), 't', 'kafka.segments tells how many bytes it has now');
is($server->sql("SELECT string_agg(concat_ws(',', closed, newest_at IS NOT NULL, compacted_at >= created_at, start_offsets[1]), ' ' ORDER BY segment) FROM kafka.segments WHERE topic = '$users->{name}'"),
    't,t,t,0 t,t,t,4 f,f,6', 'and what else there is to know');

# --- By time --------------------------------------------------------------------------------------------------

my $timed = topic('timed');
my $t     = int(time) * 1000 - 100_000;
write_batch($timed, 0, [a => '1', $t + 9000], [b => '1', $t + 1000]);
write_batch($timed, 0, [a => '2', $t + 2000]);
roll($timed);
write_batch($timed, 0, [c => '1', $t + 3000]);
wait_for_compaction($timed);
$server->wait_for('the broker to know', sub { list_offset($client, 7, $timed, -3)->{offset} == 3 });
becomes($timed, '1:b=1 2:a=2 3:c=1', 'the newest record is gone');
is(list_offset($client, 7, $timed, $t + 1500)->{offset}, 2, 'a search by time finds what is left');
is(list_offset($client, 7, $timed, $t + 2500)->{offset}, 3, 'also in the next segment');
is(list_offset($client, 7, $timed, $t + 5000)->{offset}, -1, 'or nothing');

# --- Tombstones -----------------------------------------------------------------------------------------------

my $deletes = topic('deletes', 'delete.retention.ms' => 0);
write_batch($deletes, 0, [a => '1'], [b => '1']);
write_batch($deletes, 0, ['a', undef]);
roll($deletes);
wait_for_compaction($deletes);
wait_until('the value to go', sub { content($deletes) =~ /^1:b=1(?: 2:a=null)?$/ });
write_batch($deletes, 0, [c => '1']);
roll($deletes);
wait_for_compaction($deletes);
becomes($deletes, '1:b=1 3:c=1', 'so is the tombstone, the next time, when its time is over');
my $kept = topic('kept');
write_batch($kept, 0, [a => '1']);
write_batch($kept, 0, ['a', undef]);
roll($kept);
wait_for_compaction($kept);
becomes($kept, '1:a=null', 'else it stays');
my ($batch) = @{ fetch($client, 12, $kept, 0)->{batches} };
is($batch->{attributes} & 0x40, 0x40, 'with the time when it may go');
cmp_ok(abs($batch->{base_timestamp} - 86_400_000 - time * 1000), '<', 600_000, 'in a day');

# More keys than fit into maintenance_work_mem.
my $many = topic('many', 'delete.retention.ms' => 0);
write_batch($many, 0, map { [ "key $_", '1' ] } 0 .. 39_999);
write_batch($many, 0, map { [ "key $_", undef ] } 0 .. 29_999);
roll($many);
wait_for_compaction($many);
write_batch($many, 0, [ 'the last' => '1' ]);
roll($many);
wait_for_compaction($many);
becomes($many, join(' ', map({ "$_:key $_=1" } 30_000 .. 39_999), '70000:the last=1'), 'keys that are deleted stay so when memory has no room for all');

# --- Transactions and producers -----------------------------------------------------------------------------------

my $ledger = topic('ledger', 'delete.retention.ms' => 0);
my ($commits, $aborts, $open) = map { TransactionalProducer->new($client, $ledger, id => $_, version => 2) } 'commits', 'aborts', 'open';

sub transact {
    my ($producer, $key, $value) = @_;
    my $topic = $producer->{topic};
    my $first = $producer->{sequences}{0} // 0;
    my $batch = build_batch([{ key => $key, value => $value }], attributes => 0x10, producer_id => $producer->{producer_id}, producer_epoch => $producer->{epoch}, base_sequence => $first);
    my $answer = produce($client, 12, $topic, { 0 => $batch }, transactional_id => $producer->{id})->{0};
    $producer->{sequences}{0} = $first + 1;
    return $answer->{base_offset};
}
transact($commits, a => '1');
$commits->commit;
transact($aborts, a => '2');
transact($aborts, b => '2');
$aborts->abort;
transact($commits, c => '1');
$commits->commit;
roll($ledger);
wait_for_compaction($ledger);
becomes($ledger, '0:a=1 5:c=1', 'what was aborted goes, and supersedes nothing');
is(committed_values($client, $ledger), '1 1', 'readers of committed records see the rest');
transact($open, a => '3');
roll($ledger);
transact($commits, d => '1');
roll($ledger);
is($server->sql('SELECT count(*) FROM kafka.segment WHERE compacted_ms IS NOT NULL AND topic_id = ' . id_of($ledger)), 1, 'what a transaction has open, and what follows, waits');
$open->commit;
$commits->commit;
roll($ledger);
wait_for_compaction($ledger);
becomes($ledger, '5:c=1 7:a=3 8:d=1', 'until it has ended');

# Told of what was aborted a client takes all that the producer wrote for aborted, until it comes to a marker.
sub told_of_aborted {
    my $answer = fetch($client, 12, $_[0], 0, request => { isolation_level => 1, max_wait_ms => 0, min_bytes => 0 });
    return join ' ', map { "$_->{producer_id}\@$_->{first_offset}" } @{ $answer->{aborted_transactions} // [] };
}
sub control_batches { return scalar grep { $_->{attributes} & 0x20 } @{ fetch($client, 12, $_[0], 0)->{batches} }; }

my $books = topic('books', 'delete.retention.ms' => 0);
my $writer = TransactionalProducer->new($client, $books, id => 'writer');
$writer->add(0);
transact($writer, a => '1');
$writer->abort;
is(told_of_aborted($books), "$writer->{producer_id}\@0", 'readers are told of an aborted transaction');
is(control_batches($books), 1, 'which has a marker');
wait_until('the marker to go', sub { roll($books); return control_batches($books) == 0 });
$writer->add(0);
transact($writer, a => '2');
$writer->commit;
is(told_of_aborted($books), '', 'but not when its marker is gone');
is(committed_values($client, $books), '2', 'so that they see what the producer wrote later');
is($server->sql('SELECT count(*) FROM kafka.aborted_transaction WHERE topic_id = ' . id_of($books)), 0, 'of which no table tells either');

my $id   = $client->call('InitProducerId', 4, { transaction_timeout_ms => 60_000 })->{producer_id};
my $plain = topic('plain');
sub numbered { return build_batch([{ key => 'k', value => "v$_[0]" }], producer_id => $id, producer_epoch => 0, base_sequence => $_[0]); }
produce($client, 9, $plain, { 0 => numbered($_) }) for 0 .. 2;
roll($plain);
wait_for_compaction($plain);
becomes($plain, '2:k=v2', 'records of an idempotent producer');
$server->node->stop('immediate');
$server->node->start;
$server->wait_for_port;
$client = $broker->connect;
is(produce($client, 9, $plain, { 0 => numbered(1) })->{0}{base_offset}, 1, 'that are gone are known when they are sent again');
is(produce($client, 9, $plain, { 0 => numbered(3) })->{0}{base_offset}, 3, 'and it goes on');

# --- Others at the same time --------------------------------------------------------------------------------------

my $busy = topic('busy');
write_batch($busy, 0, [ "k" . $_ % 5, "v$_" ]) for 1 .. 20;
roll($busy);
my $reader = $server->node->background_psql('postgres');
$reader->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM kafka.messages WHERE topic = '$kept->{name}'");
wait_for_compaction($busy);
is($reader->query_safe("SELECT count(*) FROM kafka.messages WHERE topic = '$busy->{name}' AND partition = 0"), 5, 'a transaction with an older snapshot does not find an empty table');
$reader->query_safe('COMMIT');
write_batch($busy, 0, [ "k" . $_ % 5, "w$_" ]) for 1 .. 20;
my ($held) = $server->sql('SELECT \'kafka.segment_\' || min(id) FROM kafka.segment WHERE topic_id = ' . id_of($busy));
$reader->query_safe("BEGIN; LOCK TABLE $held IN ACCESS SHARE MODE");
roll($busy);
$server->wait_for_log(qr/a segment of topic "busy" is in use and will be compacted later/);
is(scalar(split ' ', content($busy)), 25, 'while somebody holds a table it stays');
$reader->query_safe('COMMIT');
$reader->quit;
wait_for_compaction($busy);
becomes($busy, join(' ', map { 20 + $_ - 1 . ':k' . $_ % 5 . "=w$_" } 16 .. 20), 'then it is replaced');

# --- Segments without anything --------------------------------------------------------------------------------------

my $sparse = topic('sparse', 'delete.retention.ms' => 0);
my $made_before = $server->sql(q{SELECT last_value FROM pg_sequences WHERE sequencename = 'segment_id_seq'});
write_batch($sparse, 0, [a => '1']);
write_batch($sparse, 1, [ 'only' => 'x' x 400_000 ]) for 1 .. 8;
write_batch($sparse, 0, [b => '1']);
write_batch($sparse, 1, [ 'only' => 'x' x 400_000 ]) for 1 .. 8;
write_batch($sparse, 1, [ 'last' => 'x' ]);
roll($sparse);
wait_for_compaction($sparse);
wait_until('empty segments to go', sub { segments($sparse) < 7 });
cmp_ok($server->sql(q{SELECT last_value FROM pg_sequences WHERE sequencename = 'segment_id_seq'}) - $made_before, '>=', 8, 'of many segments few are left');
is($server->sql('SELECT count(*) FROM kafka.segment WHERE compacted_ms IS NOT NULL AND 0 = ALL (bytes) AND topic_id = ' . id_of($sparse)), 0, 'those of which nothing is left are dropped');
is(content($sparse), '0:a=1 1:b=1', 'what is left of a partition is found beyond segments without any of it');
like(content($sparse, 1), qr/^15:only=x+ 16:last=x (?:\d+:filler\d+=x+ ?)+$/, 'and of the other');
is(content($sparse), in_sql($sparse), 'by SQL, too');
is(list_offset($client, 7, $sparse, -2)->{offset}, 0, 'the log starts where it did');
is(write_batch($sparse, 0, [c => '1']), 2, 'and goes on');

# A partition that comes second in a request, and stands where nothing is any more, gets what comes later.
my $both_partitions = $client->call('Fetch', 12, { max_wait_ms => 0, min_bytes => 0, topics => [{ topic => $sparse->{name}, partitions => [
                { partition => 0, fetch_offset => 0, partition_max_bytes => 1_000_000 }, { partition => 1, fetch_offset => 0, partition_max_bytes => 1_000_000 }] }] });
my ($second) = grep { $_->{partition_index} == 1 } @{ $both_partitions->{responses}[0]{partitions} };
cmp_ok(length($second->{records} // ''), '>', 400_000, 'also a partition that comes second');

# What comes after a gap is in memory, and nothing before it.
my $gap = topic('gap', 'delete.retention.ms' => 0);
write_batch($gap, 0, [a => '1']);
write_batch($gap, 0, ['a', undef]);
wait_until('the tombstone to go', sub { roll($gap); wait_for_compaction($gap); content($gap) eq '' });
is(write_batch($gap, 0, [b => '1']), 2, 'a record after a gap');
is((fetch($client, 12, $gap, 1))->{batches}[0]{base_offset}, 2, 'is what a reader in the gap gets');
is(content($gap), '2:b=1', 'or one from the beginning');

# A reader of committed records comes to a gap and an open transaction behind it, and has to wait for its turn with another partition; meanwhile
# the transaction ends. The lock makes the broker take both requests at once.
my $behind = topic('behind', 'delete.retention.ms' => 0, 'segment.bytes' => 4_194_304);
write_batch($behind, 0, [a => '1']);
write_batch($behind, 0, ['a', undef]);
wait_until('the tombstone to go', sub { roll($behind); wait_for_compaction($behind); content($behind) eq '' });
my $committer = TransactionalProducer->new($client, $behind, id => 'behind', version => 2);
my $large = sub { build_batch([{ key => "k$_[0]", value => 'x' x 400_000, timestamp => int(time) * 1000 }], attributes => 0x10,
    producer_id => $committer->{producer_id}, producer_epoch => $committer->{epoch}, base_sequence => $_[0]) };
is(produce($client, 12, $behind, { 0 => $large->($_) }, transactional_id => $committer->{id})->{0}{base_offset}, 2 + $_, 'a transaction behind a gap') for 0 .. 7;
my $locked = $broker->create_topic('locked');
produce_values($client, $locked, 'x');
my $locker = $server->node->background_psql('postgres');
my ($stuck, $behindhand) = map { $broker->connect } 1, 2;
$locker->query_safe('BEGIN; LOCK TABLE kafka.segment_' . newest_segment($locked) . ' IN EXCLUSIVE MODE');
$stuck->send_request('Produce', 9, { acks => -1, timeout_ms => 30_000, topic_data => [{ name => $locked->{name}, partition_data => [{ index => 0, records => batch_of('y') }] }] });
$server->wait_for('the broker to wait', sub { $server->sql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'kafka.segment_" . newest_segment($locked) . "'::regclass") });
$behindhand->send_request('Fetch', 12, { max_wait_ms => 500, min_bytes => 1, max_bytes => 8_000_000, isolation_level => 1,
    topics => [fetch_partitions($behind, { 0 => { fetch_offset => 0, partition_max_bytes => 4_000_000 }, 1 => { fetch_offset => 0, partition_max_bytes => 1_000_000 } })] });
my $end = { $committer->ids, committed => 1 };
$client->send_request('EndTxn', 5, $end);
$locker->query_safe('COMMIT');
$locker->quit;
is(error_name($client->receive->{error_code}), 'NONE', 'it ends');
my ($fetched) = grep { $_->{partition_index} == 0 } @{ $behindhand->receive->{responses}[0]{partitions} };
my @offsets = map { $_->{base_offset} } read_batches($fetched->{records});
ok(!@offsets || $offsets[0] == 2, 'a reader is not sent past what was committed while it waited') or diag "@offsets";

# --- Policies ---------------------------------------------------------------------------------------------------

my $mixed = $broker->create_topic('mixed', num_partitions => 2, configs => { 'segment.bytes' => 1_048_576, 'min.cleanable.dirty.ratio' => '0.01' });
write_batch($mixed, 0, [undef, 'no key'], [a => '1'], [a => '2']);
roll($mixed);
$server->sql("SELECT kafka.alter_topic('$mixed->{name}', '{\"cleanup.policy\": \"compact\"}')");
wait_for_compaction($mixed);
becomes($mixed, '0:null=no key 2:a=2', 'a topic that becomes one to be compacted loses no record without a key');
my $both = topic('both', 'cleanup.policy' => 'compact,delete', 'retention.ms' => 3_600_000);
write_batch($both, 0, [a => 'old', 1_700_000_000_000]);
write_batch($both, 1, [ "f$_", 'x' x 400_000, 1_700_000_000_000 ]) for 1 .. 4;
$server->wait_for('retention', sub { list_offset($client, 7, $both, -2)->{offset} == 1 });
is(content($both), '', 'with compact,delete what is too old goes as a whole');
$broker->finish;
