# Several leader epochs in one log, within a segment and over many: where each ended, and what a consumer is told whose log
# went another way. What is right is computed here from what was written when.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire;
use KafkaWire::Batch;
use PgKafka;
use Test::More;

my $server = PgKafka->new(streaming => 1);
$server->expect_in_log(qr/specified neither "?primary_conninfo"? nor "?restore_command"?/);
my %config = (dense => '{}', sparse => '{}', sized => '{"segment.bytes": "1048576"}', untouched => '{}');
$server->sql("SELECT kafka.create_topic('$_', 2, '$config{$_}')") for sort keys %config;
my $client  = KafkaWire->connect('127.0.0.1', $server->kafka_port);
my $current = 0;
my %epochs  = map { $_ => [[], []] } keys %config;    # of the records, by topic and partition

# A new timeline is a new epoch.
sub next_epoch {
    $server->restart_promoted;
    $client = KafkaWire->connect('127.0.0.1', $server->kafka_port);
    return is(metadata($client, 9, ['dense'])->{topics}[0]{partitions}[0]{leader_epoch}, ++$current, "epoch $current");
}

my %batch = (dense => batch_of('a', 'b'), sparse => batch_of('c'), sized => build_batch([{ value => 's' x 400_000 }, {}, {}]));

sub append {
    my ($topic, $partition, $times) = @_;
    my $log = $epochs{$topic}[$partition];
    for (1 .. $times // 1) {
        my $told = produce($client, 9, { name => $topic }, { $partition => $batch{$topic} })->{$partition};
        die "not appended to $topic at " . scalar @$log if $told->{error_code} != 0 || $told->{base_offset} != @$log;
        push @$log, ($current) x { dense => 2, sparse => 1, sized => 3 }->{$topic};
    }
    return;
}

# The largest epoch up to the one asked for of which there is a record, and the offset after it.
sub true_end {
    my ($log, $epoch) = @_;
    return [-1, -1] if $epoch < 0 || $epoch > $current;
    return [$current, scalar @$log] if $epoch == $current;
    my @until = grep { $_ <= $epoch } @$log;
    return [@until ? $until[-1] : $epoch, scalar @until];
}

# Holds all answers that depend on epochs against the truth.
sub check_all {
    my ($when) = @_;
    for my $topic (sort keys %epochs) {
        my @asked = map { my $p = $_; map { { partition => $p, current_leader_epoch => $current, leader_epoch => $_ } } -1 .. $current + 1 } 0, 1;
        my $answer = $client->call('OffsetForLeaderEpoch', 4, { topics => [{ topic => $topic, partitions => \@asked }] });
        my @got = map { [@$_{qw(error_code leader_epoch end_offset)}] } @{ $answer->{topics}[0]{partitions} };
        my @expected = map { [0, @{ true_end($epochs{$topic}[$_->{partition}], $_->{leader_epoch}) }] } @asked;
        is_deeply(\@got, \@expected, "$when: OffsetForLeaderEpoch tells where each epoch of $topic ended");
        for my $partition (0, 1) {
            my (%got, %expected);
            for my $epoch (0 .. $current) {
                my $log = $epochs{$topic}[$partition];
                my ($end_epoch, $end) = @{ true_end($log, $epoch) };
                for my $offset (grep { $_ >= 0 } 0, $end - 1, $end, $end + 1) {
                    my $fetched = fetch($client, 12, { name => $topic }, $offset, partition => $partition,
                        ask => { last_fetched_epoch => $epoch, current_leader_epoch => $current, partition_max_bytes => 1 });
                    my $diverging = $fetched->{diverging_epoch};
                    my $diverged  = $end_epoch < $epoch || $end < $offset;
                    $got{"$epoch-$offset"}      = $diverging ? "$diverging->{epoch} $diverging->{end_offset} " . length $fetched->{records} : $fetched->{batches}[0]{partition_leader_epoch};
                    $expected{"$epoch-$offset"} = $diverged ? "$end_epoch $end 0" : $log->[$offset];
                }
            }
            is_deeply(\%got, \%expected, "$when: Fetch tells partition $partition of $topic from a log that diverged");
        }
    }
    return;
}

# Epochs 2 and 4 leave nothing; partition 1 of `sized` has records in its first and its last segments only.
append($_, 0, 2) for qw(dense sparse sized);
append('sized', 1);
check_all('the first epoch');
next_epoch();
check_all('a new epoch without records');
append('dense', 0);
append('dense', 1, 2);
append('sized', 0, 5);
check_all('the second epoch');
next_epoch();
check_all('an epoch to be left empty');
next_epoch();
append('dense', $_, 3) for 1, 0;
append('sized', 0, 4);
check_all('the fourth epoch');
next_epoch();
next_epoch();
append('sparse', 0, 2);
append('sized', $_) for 1, 0, 0;
append('dense', 0) for 1 .. 20;
check_all('the sixth epoch');

my $segments = "SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name =";
is($server->sql("$segments 'dense'"), 1, 'the six epochs are in one segment of one topic');
cmp_ok($server->sql("$segments 'sized'"), '>=', 6, 'and in many of the other');
$server->node->restart;
$server->wait_for_port;
$client = KafkaWire->connect('127.0.0.1', $server->kafka_port);
check_all('after a restart');
for my $believed (0 .. $current + 1) {
    my $error = $believed < $current ? 'FENCED_LEADER_EPOCH' : $believed > $current ? 'UNKNOWN_LEADER_EPOCH' : 'NONE';
    error_is(epoch_end($client, 4, { name => 'dense' }, 0, current_leader_epoch => $believed)->{error_code}, $error,
        "a client that believes in epoch $believed");
}
$server->finish;
