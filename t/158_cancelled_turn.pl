# pg_cancel_backend of the broker while it waits in the middle of a turn: the turn is refused with an error that
# clients retry, what was acknowledged is there once and at its offset, and the broker goes on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.tail_cache' => 0);    # so that consumers read tables, too
my $server = $broker->server;
my $client = $broker->connect;
my $pid    = $server->pid_of('broker');
$server->expect_in_log(qr/pg_kafka could not/, qr/canceling statement due to (?:user request|lock timeout)/);

# Cancels the broker as soon as it waits for a lock; false if it does not within about two seconds.
$server->sql(<<'SQL');
CREATE FUNCTION cancel_waiting(broker int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1000 LOOP
        IF EXISTS (SELECT FROM pg_locks WHERE pid = broker AND NOT granted) THEN
            RETURN pg_cancel_backend(broker);
        END IF;
        PERFORM pg_sleep(0.002);
    END LOOP;
    RETURN false;
END $$;
CREATE FUNCTION cancel_often(broker int, times int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. times LOOP
        PERFORM pg_cancel_backend(broker), pg_sleep(random() * 0.004);
    END LOOP;
END $$;
SQL
my ($holder, $canceller) = map { $server->node->background_psql('postgres') } 1, 2;

sub cancellations { return $server->log_count(qr/canceling statement due to user request/); }

# Sends while somebody holds the lock, cancels the broker as it waits for it, lets go of the lock, and gives what
# $receive returns. The lock timeout may have been faster, so it is tried until the cancellation was it.
sub cancelled {
    my ($lock, $send, $receive) = @_;
    for (1 .. 20) {
        my $before = cancellations();
        $holder->query_safe("BEGIN; $lock");
        $send->();
        $canceller->query_safe("SELECT cancel_waiting($pid)");
        $holder->query_safe('COMMIT');
        my @received = $receive->();
        return @received if cancellations() > $before;
    }
    die 'the broker was never cancelled';
}

# The newest segment's table of a topic.
sub segment {
    my ($of) = @_;
    return $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id"
            . " WHERE t.name = '$of->{name}'");
}

# Sends batches on several connections at once and waits for all answers; keeps the values that were acknowledged by
# partition and offset, and returns the names of the errors of the others.
my %acknowledged;
my $number    = 0;
my @producers = map { $broker->connect } 1 .. 3;

sub send_batches {
    my ($topic, $asked) = @_;
    for my $producer (@producers) {
        for (1 .. 4) {
            my $partition = $number % 2;
            my $value     = 'value ' . $number++;
            push @$asked, [$producer, $partition, $value];
            my $data = [{ index => $partition, records => batch_of($value) }];
            $producer->send_request('Produce', 9,
                { topic_data => [{ name => $topic->{name}, partition_data => $data }] });
        }
    }
    return;
}

sub receive_answers {
    my ($topic, $asked) = @_;
    my @errors;
    for (splice @$asked) {
        my ($producer, $partition, $value) = @$_;
        my $told = $producer->receive->{responses}[0]{partition_responses}[0];
        push @errors, KafkaWire::Errors::error_name($told->{error_code}) if $told->{error_code} != 0;
        $acknowledged{ $topic->{name} }{$partition}{ $told->{base_offset} } = $value if $told->{error_code} == 0;
    }
    return @errors;
}

# What consumers read is what was acknowledged, each record at the offset that was told, from 0 without a gap.
sub log_is_what_was_acknowledged {
    my ($topic, $when) = @_;
    for my $partition (0, 1) {
        my $told = $acknowledged{ $topic->{name} }{$partition} // {};
        my @expected = map { [$_, $told->{$_}] } 0 .. keys(%$told) - 1;
        my @read;
        while (@read < list_offset($client, 7, $topic, -1, partition_index => $partition)->{offset}) {
            my @more = records_of(fetch($client, 12, $topic, scalar @read, partition => $partition));
            last if !@more;
            push @read, map { [$_->{offset}, $_->{value}] } @more;
        }
        is_deeply(\@read, \@expected, "$when: partition $partition has what was acknowledged and nothing else");
    }
    return;
}

sub only_retriable {
    my ($errors, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %seen = map { $_ => 1 } @$errors;
    return is_deeply([sort keys %seen], ['KAFKA_STORAGE_ERROR'], $test);
}

# --- While a batch is written ----------------------------------------------------------------------

my $topic = $broker->create_topic('cancelled', num_partitions => 2);
my @asked;
send_batches($topic, \@asked);
is_deeply([receive_answers($topic, \@asked)], [], 'undisturbed, every batch is acknowledged');
for my $round (1 .. 3) {
    my @errors = cancelled('LOCK TABLE ' . segment($topic), sub { send_batches($topic, \@asked) }, sub { receive_answers($topic, \@asked) });
    only_retriable(\@errors, "round $round: the turn that was cancelled is refused with an error that clients retry");
    is($server->pid_of('broker'), $pid, "round $round: the broker lives on");
    send_batches($topic, \@asked);
    is_deeply([receive_answers($topic, \@asked)], [], "round $round: afterwards every batch is acknowledged");
    log_is_what_was_acknowledged($topic, "round $round");
}

# --- While a segment is made -----------------------------------------------------------------------

# A topic's first segment, and one that follows another.
my $first   = $broker->create_topic('first',   num_partitions => 2);
my $rolling = $broker->create_topic('rolling', num_partitions => 2, configs => { 'segment.ms' => 1 });
send_batches($rolling, \@asked);
is_deeply([receive_answers($rolling, \@asked)], [], 'a first segment is made');
for my $made ($first, $rolling) {
    my $name   = "making the segment of $made->{name}";
    my @errors = cancelled('LOCK TABLE kafka.segment IN SHARE MODE', sub { send_batches($made, \@asked) },
        sub { receive_answers($made, \@asked) });
    only_retriable(\@errors, "$name: the turn that was cancelled is refused");
    send_batches($made, \@asked);
    is_deeply([receive_answers($made, \@asked)], [], "$name: afterwards every batch is acknowledged");
    log_is_what_was_acknowledged($made, $name);
}
my $orphans = "SELECT count(*) FROM pg_class c WHERE relname ~ '^segment_\\d+\$' AND relkind = 'r'"
    . " AND NOT EXISTS (SELECT FROM kafka.segment s WHERE c.relname = 'segment_' || s.id)";
is($server->sql($orphans), 0, 'no table of a segment that was not made is left over');

# --- acks=0 ----------------------------------------------------------------------------------------

my $silent;
my ($closed) = cancelled(
    'LOCK TABLE ' . segment($first),
    sub { $silent = $broker->connect; produce($silent, 9, $first, { 0 => batch_of('unheard') }, acks => 0) },
    sub { $silent->closed_by_peer }
);
ok($closed, 'acks=0: the connection is closed, so that the producer notices');
log_is_what_was_acknowledged($first, 'acks=0');

# --- While tables are read -------------------------------------------------------------------------

sub refused_and_repeated {
    my ($what, $request, $error_of) = @_;
    my ($answer) = cancelled('LOCK TABLE ' . segment($first), sub { $client->send_request(@$request) }, sub { $client->receive });
    error_is($error_of->($answer), 'KAFKA_STORAGE_ERROR', "$what that is cancelled gets an error that clients retry");
    error_is($error_of->($client->call(@$request)), 'NONE', "$what asked again is answered");
    return;
}
refused_and_repeated('a Fetch', ['Fetch', 12, { topics => [fetch_partitions($first, { 0 => { fetch_offset => 0 } })] }],
    sub { $_[0]{error_code} || $_[0]{responses}[0]{partitions}[0]{error_code} });
refused_and_repeated('a Fetch without sessions', ['Fetch', 4, { topics => [fetch_partitions($first, { 0 => { fetch_offset => 0 } })] }],
    sub { $_[0]{responses}[0]{partitions}[0]{error_code} });
refused_and_repeated('a search by time',
    ['ListOffsets', 7, { topics => [{ name => $first->{name}, partitions => [{ partition_index => 0, timestamp => 5 }] }] }],
    sub { $_[0]{topics}[0]{partitions}[0]{error_code} });
log_is_what_was_acknowledged($first, 'after the reads');

# --- At any moment ---------------------------------------------------------------------------------

for my $at_random ($topic, $rolling) {
    my ($out, $err) = ('', '');
    my $storm = IPC::Run::start(['psql', '-XAtq', '-d', $server->node->connstr('postgres'), '-c', "SELECT cancel_often($pid, 400)"],
        '>', \$out, '2>', \$err);
    my (@errors, $rounds);
    do {
        send_batches($at_random, \@asked);
        push @errors, receive_answers($at_random, \@asked);
        fetch($client, 12, $at_random, 0);
            $storm->pump_nb;
    } while (++$rounds < 20 || $storm->pumpable);
    $storm->finish;
    is($err, '', "$at_random->{name}: the broker was cancelled at any moment");
    is(scalar(grep { $_ ne 'KAFKA_STORAGE_ERROR' } @errors), 0, "$at_random->{name}: what is refused may be tried again");
    is_deeply([send_batches($at_random, \@asked), receive_answers($at_random, \@asked)], [], "$at_random->{name}: afterwards every batch is acknowledged");
    log_is_what_was_acknowledged($at_random, "$at_random->{name} at any moment");
}

is($server->pid_of('broker'), $pid, 'it is the same broker as in the beginning');
$_->quit for $holder, $canceller;
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
log_is_what_was_acknowledged($_, "$_->{name} after a restart") for $topic, $first, $rolling;
$broker->finish;
