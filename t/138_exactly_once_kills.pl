# An idempotent producer writes numbers; two members of a group copy them in transactions, and another copier what these have
# committed, while the broker, the whole server and the copiers are killed: each record arrives once and in order. Copiers abort
# some transactions on purpose, and are sometimes replaced while they only seem to be dead. KILL_ROUNDS=50 for more rounds.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ExactlyOnce;
use KafkaTest;
use Test::More;

my $missing = ExactlyOnce::missing();
plan skip_all => $missing if $missing;

my $partitions = 3;
my $broker     = KafkaTest->start(
    'pg_kafka.group_initial_rebalance_delay_ms' => 0,
    'pg_kafka.group_min_session_timeout_ms'     => 1000,
    restart_after_crash                         => 'on'
);
my $server = $broker->server or plan skip_all => 'kills our own server';
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
$broker->create_topic($_, num_partitions => $partitions) for qw(numbers copies copies_of_copies);

my $producer = ExactlyOnce->start('produce', $broker->address, 'numbers', $partitions);
my @copiers  = (
    (map { ExactlyOnce->start('copy', $broker->address, qw(numbers copies first), "first-$_", 'session.timeout.ms=3000', 'heartbeat.interval.ms=300') } 1 .. 2),
    ExactlyOnce->start('copy', $broker->address, qw(copies copies_of_copies second second group.instance.id=second)));
my $reader = ExactlyOnce->run('kcat', '-b', $broker->address, qw(-X log_level=0 -C -E -u -t copies_of_copies -o beginning -f), "%p %s\n");

# --- Kills ----------------------------------------------------------------------------------------------------

# The producer gets records into each partition, and each copier commits.
sub wait_for_progress {
    my ($what) = @_;
    my %from = map { $_ => $_->mark } $producer, @copiers;
    wait_until("progress $what", sub {
        my ($dead) = grep { $_->ended } $producer, @copiers;
        die "progress $what: " . $dead->errors if $dead;
        my %written;
        $written{ (split ' ')[0] }++ for $producer->lines(qr/^\d/, $from{$producer});
        return 0 if grep { ($written{$_} // 0) < 50 } 0 .. $partitions - 1;
        return !grep { $_->lines(qr/^committed/, $from{$_}) < 3 } @copiers;
    });
    return;
}

sub kill_the_broker {
    my $before = $server->pid_of('broker');
    kill 'KILL', $before;
    $server->wait_for('another broker', sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    return;
}

# All of its processes at once.
sub kill_the_server {
    my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
    $server->node->kill9;
    kill 'KILL', @processes;
    $server->start_after_death(@processes);
    return;
}

sub kill_a_copier {
    my ($which) = @_;
    $copiers[$which]->signal('KILL');
    $server->wait_for('its end', sub { $copiers[$which]->ended });
    $copiers[$which] = $copiers[$which]->successor;
    return;
}

# It stands still as if it were dead, and goes on when another one has its transactional id.
sub replace_a_copier {
    my ($which) = @_;
    my $zombie = $copiers[$which];
    $zombie->signal('STOP');
    $copiers[$which] = $zombie->successor;
    wait_for_progress("with a copier's successor");
    $zombie->signal('CONT');
    $server->wait_for('the end of a copier that was replaced', sub { $zombie->ended });
    like($zombie->errors, qr/fenced/i, 'a copier that was replaced is fenced');
    return;
}

wait_for_progress('at first');
for my $round (1 .. $ENV{KILL_ROUNDS} // 3) {
    my $which = $round % @copiers;
    kill_the_broker();
    wait_for_progress('after the death of the broker');
    kill_a_copier($which);
    wait_for_progress('after the death of a copier');
    kill_the_server();
    wait_for_progress('after the death of the server');
    replace_a_copier($which);
    wait_for_progress('after the return of a copier');
    kill_a_copier($which);
    kill_the_broker();
    wait_for_progress('after the death of both');
    note("round $round is over");
}

# --- What there is --------------------------------------------------------------------------------------------

$producer->signal('TERM');
wait_until('the producer has delivered all', sub { $producer->ended });
is($producer->exit_code . $producer->errors, '0', 'all is delivered');
my @end = (0) x $partitions;
my @misplaced;
for my $line ($producer->lines(qr//)) {
    my ($partition, $number, $offset) = split ' ', $line;
    push @misplaced, $line if $number != $end[$partition]++ || $offset != $number;
}
is($misplaced[0], undef, 'in order, each at its offset');
my $expected = join '', map { my $partition = $_; map { "$partition $_\n" } 0 .. $end[$partition] - 1 } 0 .. $partitions - 1;

my $all = $expected =~ tr/\n//;
my @read;
while (@read < $all) {
    my $before = @read;
    wait_until('more is copied twice', sub { (@read = $reader->lines(qr//)) > $before });
}
ok(join('', sort { (split ' ', $a)[0] <=> (split ' ', $b)[0] } @read) eq $expected, 'a reader of the last copy has got each record once, in order');
for my $copier (@copiers) {
    $copier->signal('TERM');
    wait_until('the end of a copier', sub { $copier->ended });
    is($copier->exit_code . $copier->errors, '0', 'a copier ends well');
}
for my $name (qw(numbers copies copies_of_copies)) {
    my $consumed = join '', map { my $partition = $_; map { "$partition $_\n" } $server->consume($name, partition => $partition) } 0 .. $partitions - 1;
    ok($consumed eq $expected, "$name: each record once, in order");
}
cmp_ok($server->sql('SELECT count(*) FROM kafka.aborted_transaction'), '>', 0, 'others were aborted');
is($server->sql('SELECT count(*) FROM kafka.pending_offset'), 0, 'nothing is left of transactions');
note("$all records");
$broker->finish;
