# What is stored of producers can be locked, damaged or gone, older than partitions and segments, or of a topic that was deleted: no
# batch is refused for it, none is stored twice, and none is lost because a deleted topic had one like it.
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

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'locks the tables of our own server';
my $client = $broker->connect;
my ($gap, $fenced) = ('OUT_OF_ORDER_SEQUENCE_NUMBER', 'INVALID_PRODUCER_EPOCH');

sub new_producer { return $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id} }

# The offset of a batch of one record, or the error.
sub append {
    my ($topic, $id, $epoch, $sequence, %with) = @_;
    my $partition = $with{partition} // 0;
    my $batch = build_batch([{ value => $with{value} // "$epoch/$sequence" }], producer_id => $id, producer_epoch => $epoch, base_sequence => $sequence);
    my $answer = produce($client, 9, $topic, { $partition => $batch })->{$partition};
    return $answer->{error_code} ? error_name($answer->{error_code}) : $answer->{base_offset};
}

# Many at once; the errors and the last offset.
sub append_many {
    my ($topic, $id, @sequences) = @_;
    for my $sequence (@sequences) {
        my $batch = build_batch([{ value => "0/$sequence" }], producer_id => $id, producer_epoch => 0, base_sequence => $sequence);
        $client->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => $batch }] }] });
    }
    my @answers = map { $client->receive->{responses}[0]{partition_responses}[0] } @sequences;
    return join ' ', (map { error_name($_->{error_code}) } grep { $_->{error_code} } @answers), $answers[-1]{base_offset};
}

sub end { my ($topic, %with) = @_; return list_offset($client, 7, $topic, -1, %with)->{offset}; }

# Up to where producers of the partition are stored.
sub stored_until {
    my ($topic) = @_;
    return $server->sql("SELECT coalesce(max(offsets[1]), 0) FROM kafka.producer_snapshot WHERE topic_id = '$topic->{id}'");
}

# "immediate" leaves what is stored of producers as it is; "fast" brings it up to date.
sub restart {
    my ($mode) = @_;
    $server->node->stop($mode);
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    return;
}

# --- A snapshot that cannot be written ---------------------------------------------------------------------------

my $topic = $broker->create_topic('orders');
my $id    = new_producer();
my $next  = 0;
for my $what ('fails', 'is locked') {
    my $stored = stored_until($topic);
    my $session;
    if ($what eq 'fails') {
        $server->expect_in_log(qr/pg_kafka could not store what it knows of producers/);
        $server->sql('ALTER TABLE kafka.producer_snapshot ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
    } else {
        $session = $server->node->background_psql('postgres');
        $session->query_safe('BEGIN; LOCK TABLE kafka.producer');
    }
    is(append_many($topic, $id, $next .. $next + 1_099), $next + 1_099, "a snapshot that $what makes no batch fail");
    is(append($topic, $id, 0, $next + 1_099), $next + 1_099, 'the last one, sent again, is known');
    is(append($topic, $id, 0, $next + 1_101), $gap, 'and so is what comes next');
    is(stored_until($topic), $stored, 'nothing is stored');
    $next += 1_100;
    $session ? ($session->query_safe('COMMIT'), $session->quit) : $server->sql('ALTER TABLE kafka.producer_snapshot DROP CONSTRAINT full_disk');
    restart('immediate');
    is(append($topic, $id, 0, $_), $_, "batch $_ is known all the same") for $next - 5, $next - 1;
    is(append($topic, $id, 0, $next + 1), $gap, 'as is a gap');
    is(append_many($topic, $id, $next .. $next + 1_199), $next + 1_199, 'when nothing is in the way');
    cmp_ok(stored_until($topic), '>', $next, 'producers are stored again');
    $next += 1_200;
}
is($server->log_count(qr/pg_kafka could not store what it knows of producers/), 1, 'the log has told of a failure, once, and not of a lock');

# A lock in the way of reading them: what cannot be known is not guessed.
restart('immediate');
$server->expect_in_log(qr/canceling statement due to lock timeout/);
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.producer');
is(append($topic, $id, 0, $next), 'KAFKA_STORAGE_ERROR', 'producers that cannot be read have to try again');
$session->query_safe('COMMIT');
$session->quit;
is(append($topic, $id, 0, $next), $next, 'and are known then');
is(append($topic, $id, 0, $next - 1), $next - 1, 'as they were');

# --- Segments ------------------------------------------------------------------------------------------------------

# With so little time for a segment each turn begins a new one.
my $rolled = $broker->create_topic('rolled', configs => { 'segment.ms' => 1 });
for my $round (1 .. 2) {
    my ($end, $producer) = (end($rolled), new_producer());
    append($rolled, $producer, 0, $_) for 0 .. 6;
    cmp_ok($server->sql("SELECT count(*) FROM kafka.segment WHERE topic_id = '$rolled->{id}'"), '>=', 5 * $round, 'a producer writes to several segments');
    restart('immediate');
    is(append($rolled, $producer, 0, $_), $end + $_, "batch $_, sent again after a crash, is known from its segment") for 2 .. 6;
    is(append($rolled, $producer, 0, 1), $gap, 'one that is longer ago is not stored again');
    is(append($rolled, $producer, 0, 8), $gap, 'nor is there a gap');
    is(append($rolled, $producer, 0, 7), $end + 7, 'it goes on');
    restart('fast');    # in the second round there is something stored, which lies in an earlier segment
}

# --- Epochs of markers ----------------------------------------------------------------------------------------------

my $copied = $broker->create_topic('copied');
my $copier = TransactionalProducer->new($client, $copied, id => 'copier', version => 2);
is($copier->write(0, 'a'), 0, 'a transaction writes');
my $before = $copier->{epoch};
is($copier->commit, 'NONE', 'and ends');
is($copier->{epoch}, $before + 1, 'with a marker of the next epoch');
for my $mode ('immediate', 'fast', 'immediate') {
    restart($mode);
    is(append($copied, $copier->{producer_id}, $before, 1), $fenced, "after a stop ($mode) what is of the epoch before is late, without transaction as well");
    is(append($copied, $copier->{producer_id}, $before + 1, 1), $gap, 'and the next epoch begins with 0');
    my ($known) = grep { $_->{producer_id} == $copier->{producer_id} }
        @{ $client->call('DescribeProducers', 0, { topics => [{ name => 'copied', partition_indexes => [0] }] })->{topics}[0]{partitions}[0]{active_producers} };
    is_deeply([@$known{qw(producer_epoch last_sequence)}], [$before + 1, -1], 'as tools are told');
}
$copier->use_client($client);
is($copier->write(0, 'b'), 2, 'the next transaction goes on');
is($copier->commit, 'NONE', 'and ends');

# --- Partitions that are added ----------------------------------------------------------------------------------------

my $grows  = $broker->create_topic('grows');
my $writer = new_producer();
append($grows, $writer, 0, $_) for 0 .. 2;
restart('fast');
is(stored_until($grows), 3, 'the producers of a topic are stored');
$server->sql("INSERT INTO kafka.partition (topic_id, partition) VALUES ('$grows->{id}', 1)");
wait_until('the partition is there', sub { defined end($grows, partition_index => 1) && end($grows, partition_index => 1) == 0 });
is(append($grows, $writer, 0, $_, partition => 1), $_, "batch $_ in a partition that was added") for 0 .. 2;
for my $mode ('immediate', 'fast', 'immediate') {
    restart($mode);
    is(append($grows, $writer, 0, $_), $_, "after a stop ($mode) batch $_ is known in the old partition") for 0 .. 2;
    is(append($grows, $writer, 0, $_, partition => 1), $_, 'and in the new one') for 0 .. 2;
    is(append($grows, $writer, 0, 4, partition => $_), $gap, 'in both nothing may be missing') for 0, 1;
}

# --- Topics that are made anew ------------------------------------------------------------------------------------------

my $doomed = $broker->create_topic('doomed');
my $twice  = new_producer();
is(append($doomed, $twice, 0, $_, value => 'old'), $_, "batch $_ in a topic") for 0 .. 1;
for my $when ('at once', 'after a restart', 'after a crash') {
    my $old = $doomed->{id};
    delete_topics($client, 5, ['doomed']);
    $doomed = $broker->create_topic('doomed');
    isnt($doomed->{id}, $old, "another topic with its name, $when");
    restart($when eq 'after a crash' ? 'immediate' : 'fast') if $when ne 'at once';
    is(append($doomed, $twice, 0, $_, value => $when), $_, "batch $_ of a producer that had written the like to the old one is stored") for 0 .. 1;
    is(append($doomed, $twice, 0, $_, value => 'again'), $_, 'once') for 0 .. 1;
    values_are(fetch($client, 12, $doomed, 0), [$when, $when], 'as it was sent');
}

# --- Without what is stored ---------------------------------------------------------------------------------------------

my $bare = $broker->create_topic('bare');
my $last = new_producer();
append($bare, $last, 3, $_) for 0 .. 7;
restart('fast');
$server->sql('TRUNCATE kafka.producer, kafka.producer_snapshot');
restart('immediate');
is(append($bare, $last, 3, $_), $_, "without a snapshot batch $_ is known from the log") for 3 .. 7;
is(append($bare, $last, 3, 9), $gap, 'as is a gap');
is(append($bare, $last, 2, 8), $fenced, 'and an old epoch');
is(append($bare, $last, 3, 8), 8, 'its producer goes on');
$broker->finish;
