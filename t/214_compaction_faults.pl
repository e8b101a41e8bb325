# Compaction while the server crashes: whoever reads from the beginning ends up with the last acknowledged value of each key, at its
# offset.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 1);
my $server = $broker->server or plan skip_all => 'crashes our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('state', num_partitions => 1,
    configs => { 'cleanup.policy' => 'compact', 'segment.bytes' => 1_048_576, 'min.cleanable.dirty.ratio' => '0.01' });

my (%last, $written);

# Some records with keys that come again and again, one of them large.
sub write_some {
    my ($batches) = @_;
    for (1 .. $batches) {
        my @records = map { { key => 'k' . int(rand 50), value => 'v' . $written++, timestamp => int(time) * 1000 } } 1 .. 5;
        push @records, { key => 'large', value => $written++ . 'x' x 120_000, timestamp => int(time) * 1000 };
        my $answer = produce($client, 9, $topic, { 0 => build_batch(\@records) })->{0};
        die "error $answer->{error_code}" if $answer->{error_code};
        $last{ $records[$_]{key} } = ($answer->{base_offset} + $_) . ':' . substr($records[$_]{value}, 0, 20) for 0 .. $#records;
    }
    return;
}

# What a reader ends up with, and how many records it has seen.
sub state_now {
    my ($from, $seen, %state) = (0, 0);
    while (1) {
        my $answer  = fetch($client, 12, $topic, $from, request => { max_wait_ms => 0, min_bytes => 0 });
        my @batches = @{ $answer->{batches} } or last;
        for my $record (map { @{ $_->{records} } } @batches) {
            $record->{offset} >= $from or die "offset $record->{offset} after $from";
            $state{ $record->{key} } = "$record->{offset}:" . substr($record->{value}, 0, 20);
            ($from, $seen) = ($record->{offset} + 1, $seen + 1);
        }
        $from = $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1;
    }
    return (\%state, $seen);
}

sub clean {
    return $server->sql(q{SELECT bool_and(compacted_at IS NOT NULL) FROM kafka.segments WHERE closed}) eq 't';
}

$written = 0;
for my $round (1 .. 5) {
    write_some(25);
    $server->node->stop('immediate');
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    my ($state) = state_now();
    is_deeply($state, \%last, "crash $round: the last value of each key is there");
}
write_some(12);
wait_until('compaction', \&clean);
wait_until('the broker to know', sub { (state_now())[1] < 200 });
my ($state, $seen) = state_now();
is_deeply($state, \%last, 'likewise when all is compacted');
cmp_ok($seen, '<', 200, 'of ' . $written . ' records');
is($server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ 'compacted'}), 0, 'no table is left of what was begun');
is($server->sql(q{SELECT count(*) FROM kafka.segments WHERE "table" IS NULL}), 0, 'and none is missing');

$broker->finish;
