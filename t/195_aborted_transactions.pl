# Which aborted transactions a reader of committed records is told of, wherever it reads: at the end, where the broker knows the
# last ones, and before, where it reads them from a table and keeps some for the next Fetch.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 1);

# Three producers, each with a transaction open at most times, two of three of which are aborted.
my ($end, @aborted, %open) = (0);
my @producers = map { TransactionalProducer->new($client, $topic, id => "p$_", version => 2) } 0 .. 2;

sub write_one {
    my ($producer) = @_;
    my $offset = $producer->write(0, "at $end");
    $offset == $end or die "written at $offset, not $end";
    $open{ $producer->{id} } //= $end;
    $end++;
    return;
}

sub end_one {
    my ($producer, $committed) = @_;
    my $first = delete $open{ $producer->{id} };
    push @aborted, { producer_id => $producer->{producer_id}, first_offset => $first, last_offset => $end } if !$committed;
    my $error = $producer->end($committed);
    die "not ended: $error" if $error ne 'NONE';
    $end++;
    return;
}

sub write_some {
    my ($turns) = @_;
    for my $turn (1 .. $turns) {
        my $producer = $producers[$turn * 7 % 5 % 3];
        write_one($producer);
        end_one($producer, $turn % 6 == 0) if $turn % 2 == 0;
    }
    return;
}

# What a Fetch from this offset on is told of, and what it should be, in the order of the first offsets; and where the next one begins.
sub told_at {
    my ($from, $bytes) = @_;
    my $answer = fetch($client, 12, $topic, $from, ask => { partition_max_bytes => $bytes }, request => { isolation_level => 1, max_wait_ms => 0, min_bytes => 0 });
    my @batches = @{ $answer->{batches} };
    my $next    = @batches ? $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1 : $from;
    my @told    = @{ $answer->{aborted_transactions} // [] };
    my @due     = @batches ? grep { $_->{last_offset} >= $from && $_->{first_offset} < $next } @aborted : ();
    return (_shown(@told), _shown(@due), $next);
}

sub _shown { return join ' ', sort map { "$_->{producer_id}\@$_->{first_offset}" } @_; }

# Reads from there on in steps; how many of them there were if each was told what it should be.
sub walk {
    my ($from, $bytes) = @_;
    my $steps = 0;
    while (1) {
        my ($told, $due, $next) = told_at($from, $bytes);
        if ($told ne $due) { diag("at $from: told '$told', should be '$due'"); return 0; }
        return $steps if $next == $from;
        ($from, $steps) = ($next, $steps + 1);
    }
}

sub reads_right {
    my ($when) = @_;
    cmp_ok(walk(0, 500), '>', $end / 20, "$when: read from the beginning, few batches at a time");
    cmp_ok(walk(0, 20_000), '>', 1, "$when: many at a time");
    my @wrong = grep { my ($told, $due) = told_at($_ * 7919 % $end, 1 + $_ * 104_729 % 3000); $told ne $due } 1 .. 200;
    is("@wrong", '', "$when: anywhere");
    return;
}

sub restart {
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    $_->use_client($client) for @producers;
    return;
}

write_some(400);
reads_right('what the broker has seen');
restart();
reads_right('after a restart');

# What ends behind a reader that stands still is told to it.
my ($late) = @producers;
write_one($late) if !exists $open{ $late->{id} };
my $stable = list_offset($client, 7, $topic, -1, isolation_level => 1)->{offset};
walk(0, 500);
is((told_at($stable, 500))[2], $stable, 'a reader at the end of what is decided');
end_one($_, 0) for grep { exists $open{ $_->{id} } } @producers;
my ($told, $due, $next) = told_at($stable, 1_000_000);
is($told, $due, 'is told of what was aborted then');
is($next, $end, 'to the end');

# More than the broker knows by heart.
write_some(3000);
end_one($_, 0) for grep { exists $open{ $_->{id} } } @producers;
cmp_ok(scalar @aborted, '>', 1000, 'more are aborted');
reads_right('more than is kept');
restart();
reads_right('after another restart');

# One that was open all the while: all that ended meanwhile is told at its beginning.
$server->sql("UPDATE kafka.aborted_transaction SET first_offset = 0 WHERE last_offset = $aborted[-1]{last_offset}");
$server->sql("UPDATE kafka.aborted_transaction SET last_stable_offset = 0");
$aborted[-1]{first_offset} = 0;
restart();
reads_right('one that was open from the beginning to the end');

# Backwards, by SQL.
my $long = $broker->create_topic('long', num_partitions => 1);
my $writer = TransactionalProducer->new($client, $long, id => 'last', version => 2);
for my $i (1 .. 2200) {
    $writer->write(0, $i);
    $i % 100 ? $writer->abort : $writer->commit;
}
my $looked_at = sub { return $server->sql("SELECT pg_stat_force_next_flush(), sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'aborted_transaction'") =~ s/.*\|//r; };
my $before = $looked_at->();
is($server->sql(qq(SELECT string_agg(convert_from(value, 'UTF8'), ' ') FROM (SELECT value FROM kafka.messages WHERE topic = 'long' AND partition = 0 ORDER BY "offset" DESC LIMIT 100) m)),
    join(' ', map { 100 * $_ } reverse 1 .. 22), 'what is aborted is not shown backwards either');
$server->wait_for('statistics', sub { $looked_at->() >= $before + 2178 });
cmp_ok($looked_at->() - $before, '<', 20_000, 'for which few aborted transactions are looked at more than once');
$broker->finish;
