# Idempotent producers: each of their batches is stored once and in order, whatever they send again (KIP-98, KIP-360).
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 3);
my $stamp  = int(time) * 1000;
my ($gap, $fenced) = ('OUT_OF_ORDER_SEQUENCE_NUMBER', 'INVALID_PRODUCER_EPOCH');

sub new_producer { return $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id} }

# A batch of $count records from that sequence on, of which each says where it stands.
sub batch {
    my ($id, $epoch, $sequence, $count, %with) = @_;
    return build_batch([map { { value => "$id/$epoch/" . ($sequence + $_), timestamp => $stamp + ($sequence + $_) % 1000 } } 0 .. ($count // 1) - 1],
        producer_id => $id, producer_epoch => $epoch, base_sequence => $sequence, %with);
}

# What becomes of a batch in partition 0: the offset that it got, or the error.
sub append {
    my ($id, $epoch, $sequence, $count, %with) = @_;
    my $answer = produce($client, $with{version} // 9, $with{topic} // $topic, { $with{partition} // 0 => batch($id, $epoch, $sequence, $count) })
        ->{ $with{partition} // 0 };
    return $answer->{error_code} ? error_name($answer->{error_code}) : $answer->{base_offset};
}

sub end { return list_offset($client, 7, $_[0] // $topic, -1)->{offset} }

# --- Sequences --------------------------------------------------------------------------------------------

my $id = new_producer();
for my $version (3 .. 13) {
    my $producer = new_producer();
    my $end      = end();
    is(append($producer, 0, 0, 3, version => $version), $end, "v$version: the first batch of a producer");
    is(append($producer, 0, 0, 3, version => $version), $end, "v$version: the same again has the same offset");
    is(append($producer, 0, 3, 1, version => $version), $end + 3, "v$version: the next batch");
    is(append($producer, 0, 5, 1, version => $version), $gap, "v$version: one that is missing before it");
    is(end(), $end + 4, "v$version: each is stored once");
}
my $again = produce($client, 9, $topic, { 0 => batch($id, 0, 0, 2) })->{0};
is($again->{log_append_time_ms}, -1, 'a batch has its own time');
my $repeated = produce($client, 9, $topic, { 0 => batch($id, 0, 0, 2) })->{0};
is_deeply($repeated, { %$again, log_append_time_ms => $stamp + 1 }, 'sent again it is answered with the offset and the time that it has');

is(append($id, 0, 2 * $_, 2), $again->{base_offset} + 2 * $_, "batch $_") for 1 .. 6;
is(append($id, 0, 2 * $_, 2), $again->{base_offset} + 2 * $_, "batch $_ again") for 2 .. 6;
is(append($id, 0, 2, 2), $gap, 'what is longer ago than five batches is not known any more');
is(append($id, 0, 4, 4), $gap, 'nor are two batches in one');
is(append($id, 0, 12, 1), $gap, 'or a part of one');
is(append($id, 0, 14, 1, partition => 1), 0, 'another partition knows nothing of it: there it may begin anywhere');
is(append($id, 0, 15, 1, partition => 1), 1, 'and goes on');
is(append($id, 0, 14, 1), $again->{base_offset} + 14, 'each partition on its own');

# --- Epochs -----------------------------------------------------------------------------------------------

is(append($id, 1, 15, 1), $gap, 'a new epoch begins with 0');
my $end = end();
is(append($id, 1, 0, 1), $end, 'as it does here');
is(append($id, 0, 15, 1), $fenced, 'which ends the epoch before');
is(append($id, 0, 14, 1), $fenced, 'also for what it has stored');
is(append($id, 1, 0, 1), $end, 'the first batch of the new one again');
is(append($id, 1, 1, 1), $end + 1, 'and the next');
is(append($id, 5, 0, 1), $end + 2, 'epochs may be left out');
is(append($id, 4, 0, 1), $fenced, 'but do not come back');

# --- Sequences that wrap ------------------------------------------------------------------------------------

my $old = new_producer();
$end = end();
is(append($old, 0, 2**31 - 2, 4), $end, 'a batch over the largest sequence');
is(append($old, 0, 2**31 - 2, 4), $end, 'the same again');
is(append($old, 0, 2, 1), $end + 4, 'goes on with what comes after 0');
is(append($old, 0, 0, 1), $gap, 'and not with 0');
my $edge = new_producer();
is(append($edge, 0, 2**31 - 1, 1), $end + 5, 'a batch with the largest sequence');
is(append($edge, 0, 0, 1), $end + 6, 'is followed by 0');

# --- Several partitions and producers in one request ----------------------------------------------------------

my ($x, $y, $z) = map { new_producer() } 1 .. 3;
append($y, 0, $_, 1, partition => 1) for 0 .. 2;
my $both = produce($client, 9, $topic, { 0 => batch($x, 0, 0, 5), 1 => batch($y, 0, 3, 1), 2 => batch($z, 0, 100, 2) });
is_deeply([map { error_name($both->{$_}{error_code}) } 0 .. 2], [('NONE') x 3], 'each partition is held against its own sequences');
my $mixed = produce($client, 9, $topic, { 0 => batch($x, 0, 5, 1), 1 => batch($y, 0, 5, 1), 2 => batch($z, 0, 100, 2) });
is_deeply([map { error_name($mixed->{$_}{error_code}) } 0 .. 2], ['NONE', $gap, 'NONE'], 'and has its own error');
is($mixed->{2}{base_offset}, $both->{2}{base_offset}, 'or offset');

# --- One turn ------------------------------------------------------------------------------------------------

# Sent before the first is answered, on connections of their own: clients do so after a timeout.
my $hasty   = new_producer();
my @clients = map { $broker->connect } 1 .. 8;
for my $round (0 .. 49) {
    my $request = { acks => -1, timeout_ms => 1000, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch($hasty, 0, $round, 1) }] }] };
    $_->send_request('Produce', 9, $request) for @clients;
    my %answers = map { my $p = $_->receive->{responses}[0]{partition_responses}[0]; (error_name($p->{error_code}) . " $p->{base_offset}" => 1) } @clients;
    fail("round $round: " . join ', ', keys %answers) if keys %answers != 1 || !$answers{ 'NONE ' . (end() - 1) };
}
pass('the same batch on eight connections is stored once, and each time answered');

# A pipeline of batches.
my $fast = new_producer();
$end = end();
for my $sequence (0 .. 99) {
    $client->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch($fast, 0, $sequence, 1) }] }] });
}
is_deeply([map { $client->receive->{responses}[0]{partition_responses}[0]{base_offset} } 0 .. 99], [map { $end + $_ } 0 .. 99], 'batches one after the other are in order');

# acks=0 and 1.
my $quiet = new_producer();
$end = end();
produce($client, 9, $topic, { 0 => batch($quiet, 0, 0, 1) }, acks => 0) for 1 .. 2;
is(produce($client, 9, $topic, { 0 => batch($quiet, 0, 1, 1) }, acks => 1)->{0}{base_offset}, $end + 1, 'what comes without answer is stored once, too');

# --- Bad batches -----------------------------------------------------------------------------------------------

my $bad = new_producer();
$end = end();
is(append($bad, 0, $_, 1), 'INVALID_RECORD', "the sequence $_") for -1, -2;
is(end(), $end, 'is not stored');

# --- LogAppendTime ------------------------------------------------------------------------------------------------

my $dated = $broker->create_topic('dated', configs => { 'message.timestamp.type' => 'LogAppendTime' });
my $d     = new_producer();
my $first = produce($client, 9, $dated, { 0 => batch($d, 0, 0, 1) })->{0};
is(produce($client, 9, $dated, { 0 => batch($d, 0, 0, 1) })->{0}{log_append_time_ms}, $first->{log_append_time_ms}, 'the time at which it was appended is said again');

# --- kcat --------------------------------------------------------------------------------------------------------

my $told = $broker->create_topic('told');
my ($exit, undef, $errors) =
    kcat(['-P', '-b', $broker->address, '-t', $told->{name}, '-X', 'enable.idempotence=true'], input => join '', map { "value $_\n" } 1 .. 1000);
is($exit, 0, 'kcat ends well') or diag $errors;
is(end($told), 1000, 'kcat produces as an idempotent producer');
my ($batch) = @{ fetch($client, 12, $told, 0)->{batches} };
cmp_ok($batch->{producer_id}, '>=', 0, 'its batches say so');
$broker->finish;
