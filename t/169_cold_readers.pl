# Consumers that read much more from tables than a turn allows: each gets what a turn allows, one after the other.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IO::Select;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $readers = 6;
my $broker  = KafkaTest->start('pg_kafka.tail_cache' => 0, 'pg_kafka.response_memory' => '1GB');
my $maker   = $broker->connect;

# Several readers send the request, each again as soon as it has been answered, until there are so many answers. Returns who
# was answered in which order, and the sizes of the answers.
sub read_in_turn {
    my ($answers, $request, $clients) = @_;
    my @clients = map { $broker->connect } 1 .. $clients // $readers;
    my %number  = map { fileno($clients[$_]{socket}) => $_ } 0 .. $#clients;
    my $waiting = IO::Select->new(map { $_->{socket} } @clients);
    my $frame   = $maker->request_frame('Fetch', 11, $request, no_answer => 1);
    $_->send_raw($frame) for @clients;
    my (@order, @sizes);
    while (@order < $answers) {
        my @ready = $waiting->can_read(60) or die 'no answer';
        for my $number (map { $number{ fileno $_ } } @ready) {
            push @order, $number;
            push @sizes, length $clients[$number]->receive_frame;
            $clients[$number]->send_raw($frame);
        }
    }
    $_->close for @clients;
    return (\@order, \@sizes);
}

# --- How much each gets ----------------------------------------------------------------------------

my ($size, $batches) = (90_000, 200);
my $large = $broker->create_topic('large');
my $batch = batch_of('x' x $size);
produce($maker, 9, $large, { 0 => $batch }) for 1 .. $batches;
my $most  = $batches * length $batch;
my $whole = { fetch_offset => 0, partition_max_bytes => $most };
my (undef, $sizes) = read_in_turn(6 * $readers, { max_bytes => $most, max_wait_ms => 500, min_bytes => 1, topics => [fetch_partitions($large, { 0 => $whole })] });
cmp_ok((sort { $a <=> $b } @$sizes)[0], '>', 10 * $size, 'nobody is put off with the little that the one before has left');

# --- In which order --------------------------------------------------------------------------------

# Looking into so many partitions is all that a turn does, and the answer is short: who gets it asks again before the next turn.
my $partitions = 400;
my $wide       = $broker->create_topic('wide', num_partitions => $partitions);
my $record     = batch_of('x');
produce($maker, 9, $wide, { map { $_ => $record } 0 .. $partitions - 1 });
my ($order) = read_in_turn(30 * $readers, { max_bytes => $most, max_wait_ms => 500, min_bytes => 1,
        topics => [fetch_partitions($wide, { map { $_ => { fetch_offset => 0, partition_max_bytes => 1000 } } 0 .. $partitions - 1 })] });

# How many answers any reader got between two of another one, or before its first, or after its last, at most.
my $most_between = 0;
for my $reader (0 .. $readers - 1) {
    my %since;
    for my $number (@$order) {
        %since = (), next if $number == $reader;
        $since{$number}++;
        $most_between = $since{$number} if $since{$number} > $most_between;
    }
}
note("order: @$order");
cmp_ok($most_between, '<=', 2, 'and nobody is overtaken by those who ask again');

# --- How much work the waiting of many is ----------------------------------------------------------

# Ticks of the processor that the broker's main thread has had.
sub work_done {
    my $pid = $broker->server->pid_of('broker');
    open my $stat, '<', "/proc/$pid/task/$pid/stat" or die "no stat: $!";
    my @fields = split / /, readline($stat) =~ s/^.*\) //r;
    return $fields[11] + $fields[12];
}

# Work for so many answers to so many readers, each of whom asks for more than a turn looks into.
sub work_for {
    my ($answers, $clients, $request) = @_;
    my $before = work_done();
    read_in_turn($answers, $request, $clients);
    return work_done() - $before;
}

if ($broker->is_ours) {
    my $count  = 5000;
    my $widest = $broker->create_topic('widest', num_partitions => $count);
    produce($maker, 9, $widest, { map { $_ => $record } 0 .. $count - 1 });
    my $request = { max_bytes => $most, max_wait_ms => 500, min_bytes => 1,
        topics => [fetch_partitions($widest, { map { $_ => { fetch_offset => 0, partition_max_bytes => 1 } } 0 .. $count - 1 })] };
    my $answers = 200;
    my ($few, $many) = map { work_for($answers, $_, $request) } 4, 100;
    note("ticks for $answers answers: $few to 4 readers, $many to 100");
    cmp_ok($many, '<', 3 * $few, 'an answer is about as much work however many wait for theirs');
}
$broker->finish;
