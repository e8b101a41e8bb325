# Random histories of a compacted topic, with idempotent and transactional producers, while broker, janitor and server are killed:
# whoever reads what is committed, from wherever, ends up with the last committed value of each key, and sees nothing that was aborted.
# COMPACTION_SEED=n for another history.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;
use List::Util qw(max min);
use Test::More;
use Time::HiRes ();
use TransactionalProducer;

srand($ENV{COMPACTION_SEED} // 1);
my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 1, maintenance_work_mem => '1MB', restart_after_crash => 'on');
my $server = $broker->server or plan skip_all => 'kills our own server';
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
my $client = $broker->connect;

# --- What is written, and what is known of it ----------------------------------------------------------------------

# {records}{offset} is [key, value, transaction], {fate}{transaction} "committed" or "aborted"; open ones have none.
sub history {
    my ($name, $retention_ms) = @_;
    my $topic = $broker->create_topic($name, num_partitions => 1, configs => { 'cleanup.policy' => 'compact', 'segment.ms' => 100,
        'min.cleanable.dirty.ratio' => '0.01', 'delete.retention.ms' => $retention_ms });
    my @transactional = map { TransactionalProducer->new($client, $topic, id => "$name $_", timeout => 600_000, version => 1 + $_ % 2) } 0 .. 3;
    my @idempotent = map { { producer_id => $client->call('InitProducerId', 4, { transaction_timeout_ms => 60_000 })->{producer_id}, epoch => 0, sequences => {} } } 1, 2;
    return { topic => $topic, name => $name, retention => $retention_ms / 1000, transactional => \@transactional, idempotent => \@idempotent,
        records => {}, fate => {}, transactions => 0, written => 0, end => 0, reader => reader(0) };
}

sub write_batch {
    my ($h, $producer, $records, %with) = @_;
    my $number = $producer ? $producer->{sequences}{0} // 0 : -1;
    my %ids = $producer ? (producer_id => $producer->{producer_id}, producer_epoch => $producer->{epoch}, base_sequence => $number) : ();
    my @batch = ([map { { key => $_->[0], value => $_->[1], timestamp => int(time) * 1000 } } @$records], %with, %ids);
    my %transaction;
    if ($producer && $producer->{id}) {
        $producer->add(0) if $producer->{version} == 1 && !defined $producer->{open};
        $producer->{open} //= $h->{transactions}++;
        push @batch, attributes => 0x10 | ($with{attributes} // 0);
        %transaction = (transactional_id => $producer->{id});
    }
    my $bytes  = build_batch(@batch);
    my $answer = produce($client, !$producer || ($producer->{version} // 1) == 1 ? 9 : 12, $h->{topic}, { 0 => $bytes }, %transaction)->{0};
    die 'not written: ' . error_name($answer->{error_code}) if $answer->{error_code};
    $producer->{sequences}{0} = $number + @$records if $producer;
    $producer->{last} = [$bytes, $answer->{base_offset}] if $producer && !$producer->{id};
    $h->{records}{ $answer->{base_offset} + $_ } = [@{ $records->[$_] }[0, 1], $producer && $producer->{open}] for 0 .. $#$records;
    $h->{end} = $answer->{base_offset} + @$records;
    return;
}

sub end_transaction {
    my ($h, $producer, $committed) = @_;
    return if !defined $producer->{open};
    my $error = $producer->end($committed);
    die "not ended: $error" if $error ne 'NONE';
    $h->{fate}{ delete $producer->{open} } = $committed ? 'committed' : 'aborted';
    $h->{end}++;
    return;
}

sub random_records { my ($h) = @_; return [map { [ 'k' . int(rand 12), rand() < 0.25 ? undef : 'v' . $h->{written}++ ] } 1 .. 1 + rand 3]; }

# More keys at a time than there is room for: compressed they are small.
sub long_keys { my ($h) = @_; return [map { [ "long $_ " . 'x' x 9000, 'v' . $h->{written}++ ] } 1 .. 130]; }

sub step {
    my ($h) = @_;
    my $what = rand 20;
    my $transactional = $h->{transactional}[rand @{ $h->{transactional} }];
    return write_batch($h, undef, random_records($h)) if $what < 3;
    return write_batch($h, $h->{idempotent}[rand 2], random_records($h)) if $what < 6;
    return write_batch($h, $transactional, random_records($h)) if $what < 13;
    return end_transaction($h, $transactional, rand() < 0.5) if $what < 18;
    return write_batch($h, undef, long_keys($h), codec => 'gzip', attributes => 1) if $what < 18.3;
    return read_on($h->{reader}, $h, 1 + int rand 4);
}

# --- What readers see ------------------------------------------------------------------------------------------------

sub reader { my ($from) = @_; return { begun_at => $from, position => $from, since => Time::HiRes::time(), table => {} }; }

# Takes up to so many Fetches; true if there was nothing more.
sub read_on {
    my ($reader, $h, $fetches) = @_;
    for (1 .. $fetches) {
        my $answer  = fetch($client, 12, $h->{topic}, $reader->{position}, request => { isolation_level => 1, max_wait_ms => 0, min_bytes => 0, max_bytes => 3000 }, ask => { partition_max_bytes => 3000 });
        my @aborted = sort { $a->{first_offset} <=> $b->{first_offset} } @{ $answer->{aborted_transactions} // [] };
        my @batches = @{ $answer->{batches} } or return 1;
        my %out;
        for my $batch (@batches) {
            my $last = $batch->{base_offset} + $batch->{last_offset_delta};
            die "offset $last after $reader->{position}" if $last < $reader->{position};
            $out{ (shift @aborted)->{producer_id} } = 1 while @aborted && $aborted[0]{first_offset} <= $last;
            if ($batch->{attributes} & 0x20) {
                delete $out{ $batch->{producer_id} } if unpack('x2 n', $batch->{records}[0]{key}) == 0;
            } elsif (!($batch->{attributes} & 0x10 && $out{ $batch->{producer_id} })) {
                take($reader, $h, $_) for grep { $_->{offset} >= $reader->{position} } @{ $batch->{records} };
            }
            $reader->{position} = $last + 1;
        }
    }
    return;
}

sub take {
    my ($reader, $h, $record) = @_;
    my ($key, $value, $transaction) = @{ $h->{records}{ $record->{offset} } };
    push @{ $h->{wrong} }, "another record at $record->{offset}" if $key ne $record->{key} || ($value // 'null') ne ($record->{value} // 'null');
    push @{ $h->{wrong} }, "an aborted record at $record->{offset}" if defined $transaction && ($h->{fate}{$transaction} // 'open') ne 'committed';
    $reader->{table}{$key} = $record->{offset};
    return;
}

# Whatever keeps a reader from the newest of a key: it may be a tombstone that nobody has to see any more.
sub missed {
    my ($reader, $h) = @_;
    my ($stable) = (min(grep { my $t = $h->{records}{$_}[2]; defined $t && !$h->{fate}{$t} } keys %{ $h->{records} }), $h->{end});
    $stable //= $h->{end};
    my %newest;
    for my $offset (sort { $a <=> $b } keys %{ $h->{records} }) {
        my ($key, undef, $transaction) = @{ $h->{records}{$offset} };
        $newest{$key} = $offset if $offset < $stable && (!defined $transaction || $h->{fate}{$transaction} eq 'committed');
    }
    my $slow = Time::HiRes::time() - $reader->{since} > $h->{retention};
    my @missed = grep { $newest{$_} >= $reader->{begun_at} && ($reader->{table}{$_} // -1) != $newest{$_} && !($slow && !defined $h->{records}{ $newest{$_} }[1]) } keys %newest;
    return join ' ', map { substr($_, 0, 10) . "\@$newest{$_}" . '/' . ($reader->{table}{$_} // 'nothing') } sort @missed;
}

sub check {
    my ($h, $when) = @_;
    $h->{wrong} = [];
    my @readers = ($h->{reader}, reader(0), map { reader(int rand $h->{end}) } 1 .. 2);
    for my $reader (@readers) {
        1 until read_on($reader, $h, 100);
    }
    is(join(', ', @{ $h->{wrong} }), '', "$when: readers of $h->{name} see nothing else");
    is(join('; ', grep { $_ } map { missed($_, $h) } @readers), '', "$when: readers of $h->{name} miss nothing");
    for my $producer (grep { $_->{last} } @{ $h->{idempotent} }) {
        is(produce($client, 9, $h->{topic}, { 0 => $producer->{last}[0] })->{0}{base_offset}, $producer->{last}[1], "$when: what is sent again is known");
    }
    return;
}

# --- Kills -----------------------------------------------------------------------------------------------------------

sub kill_worker {
    my ($which) = @_;
    my $before = $server->pid_of('broker');
    kill 'KILL', $server->pid_of($which);
    $server->wait_for('another broker', sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    return;
}

sub kill_server {
    my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
    $server->node->kill9;
    $server->start_after_death(@processes);
    return;
}

# The first transactional id answers once coordinators have read their tables.
sub connect_again {
    my (@histories) = @_;
    $server->wait_for_port;
    $client = $broker->connect;
    wait_until('the coordinator is there', sub {
        error_name($client->call('FindCoordinator', 4, { key_type => 1, coordinator_keys => ['x'] })->{coordinators}[0]{error_code}) eq 'NONE';
    });
    $_->use_client($client) for map { @{ $_->{transactional} } } @histories;
    return;
}

my @histories = (history('strict', 86_400_000), history('brief', 0));
my @kills = (sub { kill_worker('janitor') }, \&kill_server, sub { kill_worker('broker') }, sub { $server->node->restart });
for my $round (1 .. @kills) {
    step($histories[rand @histories]) for 1 .. 120;
    write_batch($histories[0], undef, long_keys($histories[0]), codec => 'gzip', attributes => 1);
    check($_, "round $round") for @histories;
    $kills[$round - 1]->();
    connect_again(@histories);
    check($_, "after kill $round") for @histories;
}

# --- In the end --------------------------------------------------------------------------------------------------------

for my $h (@histories) { end_transaction($h, $_, rand() < 0.5) for @{ $h->{transactional} }; }

# While anything of a transaction is left its marker stays.
my $brief = $histories[1];
write_batch($brief, undef, [map { [ "k$_", 'v' . $brief->{written}++ ] } 0 .. 11]);

# What is known of producers is stored with the server's end, and markers may go after that.
$server->node->restart;
connect_again(@histories);

sub all_batches {
    my ($h) = @_;
    my ($from, @all) = (0);
    while (my @batches = @{ fetch($client, 12, $h->{topic}, $from, request => { max_wait_ms => 0, min_bytes => 0 })->{batches} }) {
        push @all, @batches;
        $from = $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1;
    }
    return @all;
}

my $id_of = "(SELECT id FROM kafka.topic WHERE name = '$brief->{topic}{name}')";
my $rest  = sub {
    write_batch($brief, undef, [[ 'last', 'v' . $brief->{written}++ ]]);
    # Whoever reads all the time keeps the janitor from the tables: not before it is through but for the newest two.
    my $new = "SELECT count(*) FROM kafka.segment WHERE topic_id = $id_of AND compacted_ms IS NULL";
    wait_until('a round of the janitor', sub { $server->sql($new) <= 2 });
    my @all = all_batches($brief);
    return if grep { $_->{attributes} & 0x30 && !$_->{count} || $_->{attributes} & 0x20 } @all;
    my @records = map { @{ $_->{records} } } @all;
    my %times;
    $times{ $_->{key} }++ for grep { $_->{key} ne 'last' } @records;
    return !(grep { $_ > 1 } values %times) && !(grep { !defined $_->{value} } @records);
};
wait_until('markers, tombstones and what is superseded to go', $rest);
check($brief, 'in the end');
is($server->sql("SELECT count(*) FROM kafka.aborted_transaction WHERE topic_id = $id_of"), 0, 'nobody is told of transactions of which nothing is left');
is($server->sql("SELECT count(*) FROM pg_class WHERE relname ~ 'compacted'"), 0, 'no table is left of what was begun');
check($histories[0], 'in the end');
is_deeply([grep { $_->{attributes} & 0x40 && $_->{base_timestamp} < time * 1000 } all_batches($histories[0])], [], 'what is to stay for a day has not been given less');
$broker->finish;
