# Transactions by SQL: kafka.messages shows what a consumer of committed records sees, the views what the tools are told, the broker
# notices what somebody changes in the tables and goes on where that cannot be right, and all of it can be dumped and restored.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use PostgreSQL::Test::Utils ();
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'looks into the tables of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $ids    = 0;

sub producer { return TransactionalProducer->new($client, $topic, id => 'txn-' . ++$ids, @_); }

# A producer with an open transaction that has written the value to a partition.
sub open_transaction {
    my ($value, $partition) = @_;
    my $producer = producer();
    $producer->add($partition // 0);
    like($producer->write($partition // 0, $value), qr/^\d+$/, "$value is written");
    return $producer;
}

# What clients and SQL say of both partitions: committed values, all values, last stable offset, end.
sub by_clients {
    my ($client) = @_;
    return join "\n", map {
        my $partition = $_;
        join ' | ', committed_values($client, $topic, $partition), uncommitted_values($client, $topic, $partition),
            map { list_offset($client, 7, $topic, -1, partition_index => $partition, isolation_level => $_)->{offset} } 1, 0;
    } 0, 1;
}

my $values = q(coalesce(string_agg(convert_from(value, 'UTF8'), ' ' ORDER BY "offset"), ''));
my $by_sql = qq(SELECT (SELECT $values FROM kafka.messages m WHERE (m.topic, m.partition) = (p.topic, p.partition)),
                       (SELECT $values FROM kafka.log l WHERE (l.topic, l.partition) = (p.topic, p.partition) AND NOT control),
                       last_stable_offset, high_watermark FROM kafka.partitions p WHERE topic = 'orders' ORDER BY partition);

sub by_sql {
    my ($server) = @_;
    return $server->sql($by_sql) =~ s/\|/ | /gr;
}

# The offsets that are seen, in the order of the log or from its end.
sub offsets {
    my ($view, $way) = @_;
    return split /\n/, $server->sql(qq{SELECT partition, "offset" FROM kafka.$view WHERE topic = 'orders' ORDER BY partition $way, "offset" $way});
}

sub agree {
    my ($when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([reverse offsets($_, 'DESC')], [offsets($_, 'ASC')], "kafka.$_ is the same from the end backwards $when") for qw(messages log);
    return is(by_sql($server), by_clients($client), "SQL and clients agree $when");
}

# --- What is seen -------------------------------------------------------------------------------------------

my $p = producer();
$p->add(0, 1);
$p->write(0, 'a', 'b');
produce_values($client, $topic, 'plain');
is(by_sql($server), " | a b plain | 0 | 3\n |  | 0 | 0", 'an open transaction hides itself and what comes after it');
agree('while it is open');
my $session = $server->node->background_psql('postgres');
$session->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1});
$p->commit;
is(by_sql($server), "a b plain | a b plain | 4 | 4\n |  | 1 | 1", 'once it is committed all is seen');
agree('of what is committed');
like($session->query_safe($by_sql), qr/^\|a b plain\|0\|3\n\|\|0\|0$/, 'a snapshot from before it does not see it');
$session->query_safe('COMMIT');
$session->quit;
$p->add(0);
$p->write(0, 'c');
$p->abort;
is(by_sql($server), "a b plain | a b plain c | 6 | 6\n |  | 1 | 1", 'what is aborted is not seen');
is($server->sql('SELECT first_offset, last_offset, last_stable_offset FROM kafka.aborted_transaction'), '4|5|6', 'as is written down, with the last stable offset after it');
agree('of what is aborted');
is($server->sql(q{SELECT string_agg(concat_ws(':', "offset", transaction_state, control), ' ' ORDER BY "offset") FROM kafka.log WHERE partition = 0}),
    '0:committed:f 1:committed:f 2:f 3:committed:t 4:aborted:f 5:aborted:t', 'but told of in kafka.log');

# Anything that may happen: the seed is the same each time.
srand(137);
my @producers = map { producer(version => $_) } 1, 1, 2, 2;
for my $step (1 .. 160) {
    my ($producer, $partition) = ($producers[rand @producers], int rand 2);
    my $what = rand;
    if ($what < 0.2) {
        produce($client, 9, $topic, { $partition => batch_of("plain-$step") });
    } elsif ($what < 0.75) {
        $producer->add($partition) if $producer->{version} == 1;
        $producer->write($partition, map { "step-$step-$_" } 0 .. rand 3);
    } else {
        $producer->end($what < 0.88);
    }
    agree("after $step steps") if $step % 16 == 0;
}

# The same by a consumer that sorts it out by itself.
sub by_kcat {
    my ($level, $partition) = @_;
    my (undef, $values) = $server->kcat(['-C', '-q', '-e', '-t', 'orders', '-p', $partition, '-o', 'beginning', '-X', "isolation.level=$level", '-f', '%s ']);
    return $values =~ s/ $//r;
}
is(join("\n", map { join ' | ', by_kcat('read_committed', $_), by_kcat('read_uncommitted', $_) } 0, 1), by_sql($server) =~ s/ \| \d+ \| \d+$//gmr,
    'so does librdkafka');
cmp_ok($server->sql(q{SELECT count(*) FROM kafka.partitions WHERE last_stable_offset < high_watermark}), '>', 0, 'while transactions are open');
$_->end(rand() < 0.5) for @producers;
agree('at the end');
is($server->sql(q{SELECT count(*) FROM kafka.partitions WHERE last_stable_offset < high_watermark}), 0, 'when nothing is open any more');

# --- Views --------------------------------------------------------------------------------------------------

my $shop = producer(timeout => 45_000);
$shop->add(0, 1);
my $begin = $shop->write(1, 'first', 'second');
$shop->add_group('readers');
$client->call('TxnOffsetCommit', 3, { group_id => 'readers', $shop->ids,
        topics => [{ name => 'orders', partitions => [map { { partition_index => $_, committed_offset => 1, committed_metadata => '' } } 0, 1] }] });
is($server->sql(qq{SELECT state, producer_id, producer_epoch, partitions, groups, pending_offsets, timeout, started_at <= updated_at, now() - started_at < '1 hour'
                     FROM kafka.transactions WHERE transactional_id = '$shop->{id}'}),
    "Ongoing|$shop->{producer_id}|0|{\"orders\": [0, 1]}|{readers}|2|00:00:45|t|t", 'an open transaction');
is($server->sql(qq{SELECT state, producer_id, partitions, groups, pending_offsets FROM kafka.transactions WHERE transactional_id = '$p->{id}'}),
    "CompleteAbort|$p->{producer_id}|{}|{}|0", 'and one that was aborted');
my $new = producer();
is($server->sql(qq{SELECT state, started_at IS NULL FROM kafka.transactions WHERE transactional_id = '$new->{id}'}), 'Empty|t', 'and none');

sub producers_by_client {
    my @described = @{ $client->call('DescribeProducers', 0, { topics => [{ name => 'orders', partition_indexes => [0, 1] }, { name => 'many', partition_indexes => [0] }] })->{topics} };
    my @found;
    for my $partition (map { @{ $_->{partitions} } } @described) {
        push @found, map { join '|', $partition->{partition_index}, @$_{qw(producer_id producer_epoch last_sequence last_timestamp current_txn_start_offset)} }
            @{ $partition->{active_producers} };
    }
    return join "\n", sort @found;
}

sub producers_by_sql {
    return join "\n", sort split /\n/, $server->sql(q{SELECT partition, producer_id, producer_epoch, coalesce(last_sequence, -1),
        coalesce((extract(epoch FROM last_timestamp) * 1000)::bigint, -1), coalesce(transaction_start_offset, -1) FROM kafka.producers});
}

sub same_producers {
    my ($when) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(producers_by_sql(), producers_by_client(), "producers are shown as they stand $when");
}

$broker->create_topic('many');
same_producers('while none are stored');
like(producers_by_sql(), qr/^1\|$shop->{producer_id}\|0\|1\|\d+\|$begin$/m, 'the one that is writing among them');
my $many = $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id};
for my $sequence (0 .. 1_100) {
    my $batch = build_batch([{ value => 'x', timestamp => 1_700_000_000_000 + $sequence }], producer_id => $many, producer_epoch => 0, base_sequence => $sequence);
    $client->send_request('Produce', 9, { acks => -1, topic_data => [{ name => 'many', partition_data => [{ index => 0, records => $batch }] }] });
}
$client->receive for 0 .. 1_100;
cmp_ok($server->sql(q{SELECT offsets[1] FROM kafka.producer_snapshot}), '>', 900, 'they have been stored');
like(producers_by_sql(), qr/^0\|$many\|0\|1100\|1700000001100\|-1$/m, 'and what came later counts');
same_producers('after that');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
$_->use_client($client) for $shop, $p, $new;
same_producers('after a restart');
is($shop->commit, 'NONE', 'the transaction ends');
same_producers('and after its end');
is($server->sql(q{SELECT count(*) FROM kafka.pending_offset}), 0, 'nothing of it is left');

# --- Changes by SQL -----------------------------------------------------------------------------------------

my $patient = open_transaction('not seen');
$server->sql(qq{UPDATE kafka.transaction SET timeout_ms = 1 WHERE transactional_id = '$patient->{id}'});
wait_until('a time-out that was set by SQL', sub { $server->sql(qq{SELECT state FROM kafka.transactions WHERE transactional_id = '$patient->{id}'}) eq 'CompleteAbort' });
unlike(by_clients($client), qr/^[^|]*not seen/m, 'has aborted its transaction');
$server->sql(qq{DELETE FROM kafka.transaction WHERE transactional_id = '$patient->{id}'});
wait_until('a transactional id that was deleted', sub { $patient->add(0) eq 'INVALID_PRODUCER_ID_MAPPING' });
is($patient->init->{error}, 'NONE', 'can be begun anew');
my $open = open_transaction('kept');
$server->sql(q{TRUNCATE kafka.pending_offset});
is($open->commit, 'NONE', 'what was not changed goes on');
my $sliced = open_transaction('sliced');
$sliced->add_group('readers');
$server->sql('UPDATE kafka.transaction SET ' . join(', ', map { "$_->[0] = (ARRAY[NULL::$_->[1]] || $_->[0])[2:2]" } [topics => 'uuid'], [partitions => 'int'], [first_offsets => 'bigint'], [groups => 'text'])
      . " WHERE transactional_id = '$sliced->{id}'");
agree('of arrays that have had nulls');
unlike(by_clients($client), qr/^[^|]*sliced/m, 'whose transaction is open still');
is($sliced->commit, 'NONE', 'and ends');
like(by_clients($client), qr/^[^|]*kept/m, 'and is committed');
my $last = $server->sql(qq{SELECT max("offset") FROM kafka.log WHERE partition = 0 AND producer_id = $open->{producer_id} AND NOT control});
$server->sql(qq{INSERT INTO kafka.aborted_transaction SELECT id, 0, $last + 1, $open->{producer_id}, $last, $last + 2 FROM kafka.topic WHERE name = 'orders'});
agree('about what was called aborted by SQL');
unlike(by_clients($client), qr/^[^|]*kept/m, 'which is not seen any more');
my $next = $server->sql(q{SELECT high_watermark + 1 FROM kafka.partitions WHERE topic = 'orders' AND partition = 0});
$server->sql(qq{INSERT INTO kafka.aborted_transaction SELECT id, 0, $next, 1, 0, $next FROM kafka.topic WHERE name = 'orders'});
my $unlucky = open_transaction('again');
is($unlucky->abort, 'NONE', 'a row in the way of that of an aborted transaction');
is($server->sql(qq{SELECT producer_id FROM kafka.aborted_transaction WHERE last_offset = $next}), $unlucky->{producer_id}, 'is replaced');

# --- Damaged rows -------------------------------------------------------------------------------------------

$server->expect_in_log(qr/pg_kafka found damaged rows in kafka\.\w+: \d/);
my @tables = qw(transaction pending_offset aborted_transaction producer producer_snapshot);
$server->sql(join '; ', map { "ALTER TABLE kafka.$_->[0] $_->[1]" } map { my $table = $_; map { [$table, $_] } split /\n/,
    $server->sql(qq{SELECT 'DROP CONSTRAINT ' || quote_ident(conname) FROM pg_constraint WHERE conrelid = 'kafka.$table'::regclass AND contype = 'c'
        UNION ALL SELECT 'ALTER COLUMN ' || quote_ident(attname) || ' DROP NOT NULL' FROM pg_attribute a WHERE attrelid = 'kafka.$table'::regclass AND attnum > 0
            AND attnum <> ALL (SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = attrelid AND contype = 'p')}) } @tables);

my ($untouched, $broker_process) = (open_transaction('untouched', 1), $server->pid_of('broker'));
my $found = 0;
for my $damage ('epoch = 70000', 'epoch = NULL', 'last_epoch = -7', 'previous_producer_id = NULL', 'timeout_ms = -5', 'timeout_ms = NULL', q(state = 'Unknown'), 'state = NULL',
    'start_ms = -9223372036854775808', 'update_ms = NULL', 'groups = NULL', q(groups = '{NULL}'), q(groups = '{{a},{b}}'), 'topics = topics || topics', 'partitions = partitions || -1') {
    my $damaged = open_transaction('damaged-' . ++$found);
    $server->sql(qq{UPDATE kafka.transaction SET $damage WHERE transactional_id = '$damaged->{id}'});
    isnt($damaged->commit, 'NONE', "$damage: it cannot be committed");
    wait_until('it is aborted', sub { $server->sql(qq{SELECT state FROM kafka.transactions WHERE transactional_id = '$damaged->{id}'}) eq 'CompleteAbort' });
    is($server->log_count(qr/damaged rows in kafka\.transaction: 1$/m), $found, "$damage: which the log tells, once");
}
for my $damage ('number = 9223372036854775807', 'number = NULL', 'partition = -1', 'metadata = NULL', 'committed_offset = NULL') {
    my $damaged = open_transaction('damaged-' . ++$found);
    $damaged->add_group('readers');
    is($damaged->commit_offset('readers', 7), 'NONE', 'an offset is to be committed');
    $server->sql(qq{UPDATE kafka.pending_offset SET $damage WHERE transactional_id = '$damaged->{id}'});
    isnt($damaged->commit, 'NONE', "offset with $damage: its transaction cannot be committed");
    wait_until('it is aborted', sub { $server->sql(qq{SELECT state FROM kafka.transactions WHERE transactional_id = '$damaged->{id}'}) eq 'CompleteAbort' });
    is($server->sql('SELECT count(*) FROM kafka.pending_offset'), 0, 'and the offset with it');
}
is(offset_of($client, 'readers', $topic), 1, 'and no offset of them either');
agree('about what was damaged');
is(list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset}, list_offset($client, 7, $topic, -1)->{offset}, 'which holds up nobody');
unlike(by_clients($client), qr/^[^|]*damaged/m, 'and of which nothing is seen');

# Where it cannot be told who has written what, nothing can be aborted.
my ($whose, $where, $nested) = map { open_transaction($_) } 'whose', 'where', 'nested';
$server->sql(qq{UPDATE kafka.transaction SET producer_id = NULL WHERE transactional_id = '$whose->{id}'; UPDATE kafka.transaction SET partitions = NULL WHERE transactional_id = '$where->{id}';
    UPDATE kafka.transaction SET topics = ARRAY[topics, topics] WHERE transactional_id = '$nested->{id}'});
wait_until('those are not open any more', sub { $server->sql(q{SELECT count(*) FROM kafka.transactions WHERE state = 'Ongoing'}) == 2 });
is($whose->init->{error}, 'NONE', 'who has lost his producer id gets another one');
agree('about what nobody can tell');
is($untouched->add(0), 'NONE', 'what is not damaged goes on');
like($untouched->write(0, 'elsewhere'), qr/^\d+$/, 'also elsewhere');

my $idempotent = $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id};
sub append {
    my ($sequence) = @_;
    my $answer = produce($client, 9, $topic, { 1 => build_batch([{ value => 'i' }], producer_id => $idempotent, producer_epoch => 0, base_sequence => $sequence) })->{1};
    return $answer->{error_code} ? error_name($answer->{error_code}) : $answer->{base_offset};
}
my $first = append(0);
$server->sql(qq{UPDATE kafka.producer SET first_sequences = NULL WHERE producer_id = $p->{producer_id} AND partition = 0; INSERT INTO kafka.producer (topic_id, partition, producer_id) SELECT id, 5, 5 FROM kafka.topic WHERE name = 'orders'});
is(append(0), $first, 'producers beside damaged ones are known');
same_producers('without those');
for my $offsets ('{-5,NULL}', '{9223372036854775807,9223372036854775807}') {
    $server->sql(qq{UPDATE kafka.producer_snapshot SET offsets = '$offsets'});
    is(append(0), $first, "and if it is not known how far they are stored ($offsets), by the log");
    same_producers('likewise');
}
is(append(1), $first + 1, 'they go on');
cmp_ok($server->log_count(qr/damaged rows in kafka\.producer: 2$/m), '>', 0, 'the log tells of producers');
cmp_ok($server->log_count(qr/damaged rows in kafka\.producer_snapshot: 1$/m), '>', 0, 'and of that');
$server->sql(q{INSERT INTO kafka.aborted_transaction (topic_id, partition, last_offset) SELECT id, 0, 0 FROM kafka.topic WHERE name = 'orders'});
committed_values($client, $topic, $_) for 0, 1;
is($server->pid_of('broker'), $broker_process, 'the broker has survived all of it');

# --- Producer ids -------------------------------------------------------------------------------------------

my $highest = $server->sql('SELECT greatest((SELECT max(producer_id) FROM kafka.transaction), (SELECT max(producer_id) FROM kafka.producers))');
$server->sql(q{SELECT setval('kafka.producer_id_seq', 0, false)});
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
cmp_ok($client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id}, '>', $highest, 'a sequence that was set back gives no producer id twice');
is($server->log_count(qr/pg_kafka sets kafka\.producer_id_seq to/), 1, 'as the log tells');
$untouched->use_client($client);
is($untouched->commit, 'NONE', 'open transactions are open still, and end');
like(by_clients($client), qr/^[^|]*elsewhere.*\n[^|]*untouched/, 'in all partitions');
agree('at last');

# --- Dump and restore ---------------------------------------------------------------------------------------

my $source = PgKafka->new(name => 'source');
$client = KafkaTest->at($source->address)->connect;
$source->sql(q{SELECT kafka.create_topic('orders', 2)});
my $done = TransactionalProducer->new($client, $topic, id => 'done');
my $half = TransactionalProducer->new($client, $topic, id => 'half', timeout => 600_000);
for my $commit (1, 0) {
    $done->add(0);
    $done->write(0, "end-$commit");
    $done->end($commit);
}
$half->add(0, 1);
$half->write(0, 'half');
produce_values($client, $topic, 'plain');
$half->add_group('readers');
is($half->commit_offset('readers', 7), 'NONE', 'with an offset of a group');
my $seen = by_clients($client);
is($seen, "end-1 | end-1 end-0 half plain | 4 | 6\n |  | 0 | 0", 'this is what there is to be restored');
my %views = map { $_ => $source->sql("SELECT * FROM kafka.$_ ORDER BY 1, 2, 3") } qw(transactions producers log);
my $dump  = PostgreSQL::Test::Utils::tempdir() . '/dump';
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', "$dump.sql", $source->node->connstr('postgres')],        'pg_dump');
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', $dump, '-Fd', $source->node->connstr('postgres')], 'pg_dump as a directory');

sub is_restored {
    my ($target, $how) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $target->wait_for('the restored log', sub { eval { by_clients(KafkaTest->at($target->address)->connect) eq $seen } });
    my $client = KafkaTest->at($target->address)->connect;
    is(by_sql($target), $seen, "$how: SQL and clients see what they saw");
    is($target->sql("SELECT * FROM kafka.$_ ORDER BY 1, 2, 3"), $views{$_}, "$how: kafka.$_ is as it was") for sort keys %views;
    my $producer = bless { %$half, client => $client, sequences => { 0 => 1 } }, ref $half;
    is($producer->write(0, 'whole'), 6, "$how: an open transaction goes on");
    is($producer->commit, 'NONE', "$how: and ends");
    is(by_clients($client), "end-1 half plain whole | end-1 end-0 half plain whole | 8 | 8\n |  | 1 | 1", "$how: as a whole");
    is(offset_of($client, 'readers', $topic), 7, "$how: with its offsets");
    cmp_ok($client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id}, '>', $half->{producer_id}, "$how: producer ids go on");
    return;
}

my $target = PgKafka->new(name => 'target');
$target->restore_step_by_step("$dump.sql", sub {
    eval { committed_values(KafkaTest->at($target->address)->connect, $topic) };
});
is_restored($target, 'psql');
my $archive = PgKafka->new(name => 'archive', extension => 0);
PostgreSQL::Test::Utils::command_ok(['pg_restore', '-d', $archive->node->connstr('postgres'), $dump], 'pg_restore');
is_restored($archive, 'pg_restore');
for my $other ($source, $target, $archive) {
    $other->check;
    $other->node->stop;
}
$broker->finish;
