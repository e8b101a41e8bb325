# kill -9 of the broker and of the whole server while producers write: every acknowledged record is there afterwards,
# once or more (producers retry what was not acknowledged), at the offset that was acknowledged, and offsets have no gap.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $producers = 4;
my $broker    = KafkaTest->start(restart_after_crash => 'on');
my $server    = $broker->server;
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
my $topic = $broker->create_topic('load', num_partitions => $producers);
my $acked = PostgreSQL::Test::Utils::tempdir();

# One producer: batches of one to twenty records to its partition until the file "stop" appears; each acknowledged batch
# is written down as "offset count first-value".
sub produce_until_stopped {
    my ($partition) = @_;
    open my $log, '>', "$acked/$partition" or die $!;
    my ($client, $number) = (undef, 0);
    while (!-e "$acked/stop") {
        my $count  = 1 + $number % 20;
        my @values = map { "p$partition-" . ($number + $_) } 0 .. $count - 1;
        my $answer = eval {
            $client //= $broker->connect;
            produce($client, 9, $topic, { $partition => batch_of(@values) })->{$partition};
        };
        if (!$answer) { undef $client; select undef, undef, undef, 0.01; next; }
        next if $answer->{error_code} != 0;
        $log->syswrite("$answer->{base_offset} $count $number\n");
        $number += $count;
    }
    return;
}

my @children;
for my $partition (0 .. $producers - 1) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        eval { produce_until_stopped($partition) };
        warn $@ if $@;
        require POSIX;
        POSIX::_exit($@ ? 1 : 0);
    }
    push @children, $pid;
}

sub acknowledged {
    my ($partition) = @_;
    open my $log, '<', "$acked/$partition" or return;
    return map { [split ' '] } grep { /\n\z/ } <$log>;
}

# All producers get something acknowledged.
sub wait_for_progress {
    my ($what) = @_;
    my @before = map { scalar(() = acknowledged($_)) } 0 .. $producers - 1;
    $server->wait_for("progress $what", sub { !grep { (() = acknowledged($_)) < $before[$_] + 20 } 0 .. $producers - 1 });
    return;
}

wait_for_progress('at first');
for my $round (1 .. 2) {
    my $pid = $server->pid_of('broker');
    kill 'KILL', $pid;
    $server->wait_for('another broker', sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $pid });
    wait_for_progress("after kill $round of the broker");
}
for my $round (1 .. 2) {
    my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
    $server->node->kill9;
    $server->start_after_death(@processes);
    wait_for_progress("after kill $round of the server");
}
open my $stop, '>', "$acked/stop" or die $!;
waitpid $_, 0 for @children;

my $client = $broker->connect;
for my $partition (0 .. $producers - 1) {
    my $end     = list_offset($client, 7, $topic, -1, partition_index => $partition)->{offset};
    my @records = split /\n/, $server->sql(
        "SELECT \"offset\", convert_from(value, 'UTF8') FROM kafka.messages"
            . " WHERE topic = '$topic->{name}' AND partition = $partition ORDER BY 1");
    my @values = map { (split /\|/)[1] } @records;
    is_deeply([map { (split /\|/)[0] } @records], [0 .. $end - 1], "partition $partition: offsets have no gap");
    my @lost;
    for my $batch (acknowledged($partition)) {
        my ($offset, $count, $number) = @$batch;
        push @lost, grep { ($values[$offset + $_] // '') ne "p$partition-" . ($number + $_) } 0 .. $count - 1;
    }
    is(scalar @lost, 0, "partition $partition: every acknowledged record is at its offset");
    cmp_ok(scalar(() = acknowledged($partition)), '>=', 100, "partition $partition: there was load");
}
$broker->finish;
