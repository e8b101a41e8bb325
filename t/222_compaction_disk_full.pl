# A disk that fills up in the middle of a compaction: it is given up and tried again, nothing is lost meanwhile, and the topic is served.
# The tables are on a small file system, the WAL is not.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use SmallDisk '64m';
use Test::More;

use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;

my $broker = KafkaTest->start('pg_kafka.cleaner_backoff_ms' => 20);
my $server = $broker->server;
$server->node->stop;
SmallDisk::take($server->node->data_dir . '/base');
$server->node->start;
$server->wait_for_port;

my $client = $broker->connect;
my $topic  = $broker->create_topic('state', num_partitions => 1, configs => { 'segment.bytes' => 5_000_000, 'min.cleanable.dirty.ratio' => '0.01' });

# One key that comes again and again, and one that comes once.
my %last;
sub write_one {
    my ($n)    = @_;
    my @values = map { pack 'N*', map { int rand 2**32 } 1 .. 25_000 } 0, 1;
    my $answer = produce($client, 9, $topic, { 0 => build_batch([{ key => 'again', value => $values[0] }, { key => "once $n", value => $values[1] }]) })->{0};
    return error_name($answer->{error_code}) if $answer->{error_code};
    $last{again}     = $answer->{base_offset} . ':' . substr($values[0], 0, 8);
    $last{"once $n"} = $answer->{base_offset} + 1 . ':' . substr($values[1], 0, 8);
    return 'NONE';
}
sub state_now {
    my ($from, $seen, %state) = (0, 0);
    while (1) {
        my @batches = @{ fetch($client, 12, $topic, $from, request => { max_wait_ms => 0, min_bytes => 0 })->{batches} } or return (\%state, $seen);
        $state{ $_->{key} } = "$_->{offset}:" . substr($_->{value}, 0, 8) for map { @{ $_->{records} } } @batches;
        $seen += @{ $_->{records} } for @batches;
        $from = $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1;
    }
}
sub replacements { return $server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ 'compacted'}); }

my $n = 0;
write_one($n++) for 1 .. 100;    # 20 MB
cmp_ok($server->sql(q{SELECT count(*) FROM kafka.segment}), '>=', 3, 'several segments');
SmallDisk::fill(2);
$server->expect_in_log(qr/could not compact topic "\Q$topic->{name}\E"/, qr/No space left on device/);
$server->sql("SELECT kafka.alter_topic('$topic->{name}', '{\"cleanup.policy\": \"compact\"}')");
$server->wait_for_log(qr/could not compact topic "\Q$topic->{name}\E": could not (?:extend|write).*No space left on device/);
is($server->log_count(qr/could not compact topic/), 1, 'the log tells of it once');
my ($state, $seen) = state_now();
is_deeply($state, \%last, 'nothing is lost');
is($seen, 200, 'nor taken away');
wait_until('room for a record', sub { write_one($n) eq 'NONE' });
$n++;
SmallDisk::empty();
wait_until('compaction', sub { $server->sql(q{SELECT bool_and(compacted_at IS NOT NULL) FROM kafka.segments WHERE closed}) eq 't' });
is(replacements(), 0, 'nothing is left of what was begun');
wait_until('the broker to know', sub { (state_now())[1] < 150 });
($state, $seen) = state_now();
is_deeply($state, \%last, 'once there is room it is done, and nothing is lost');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
is_deeply((state_now())[0], \%last, 'nor after a restart');
$broker->finish;
