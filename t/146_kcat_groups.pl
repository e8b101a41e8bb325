# Groups of kcat's consumers that rebalance cooperatively, or keep their place by an instance id, while the broker is killed and the
# server is restarted: partitions that need not move do not, and each record is read once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupConsumer;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start(
    'pg_kafka.group_initial_rebalance_delay_ms' => 0,
    'pg_kafka.group_min_session_timeout_ms'     => 1000,
    restart_after_crash                         => 'on'
);
my $server = $broker->server or plan skip_all => 'kills our own server';
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/
);
my $topic    = $broker->create_topic('orders', num_partitions => 6);
my $written  = 0;
my @sessions = ('session.timeout.ms=30000', 'heartbeat.interval.ms=200');

# Values are numbers, so that what was read can be told from what was written.
sub write_values {
    my ($count) = @_;
    my $client = $broker->connect;
    for (1 .. $count) {
        produce($client, 9, $topic, { $written % 6 => batch_of($written) });
        $written++;
    }
    return;
}

sub consumer {
    my ($group, @settings) = @_;
    return GroupConsumer->start($broker->address, $group, ['orders'], settings => [@sessions, @settings]);
}

sub partitions_of { return map { split / /, $_->assigned } @_; }
sub all_assigned  { return join(' ', sort(partitions_of(@_))) eq join ' ', map { "orders-$_" } 0 .. 5; }
sub generation    { my ($group) = @_; return $server->sql("SELECT epoch FROM kafka.consumer_group WHERE group_id = '$group'"); }

# Everything was read, each record once, those of a partition in order.
sub read_ok {
    my ($test, @consumers) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    wait_until("$test: $written records", sub { @{ [map { $_->records } @consumers] } >= $written });
    my @values = map { $_->[3] } map { $_->records } @consumers;
    is_deeply([sort { $a <=> $b } @values], [0 .. $written - 1], $test);
    for my $consumer (@consumers) {
        my %last;
        my @backwards = grep { ($last{ $_->[1] } // -1) >= $_->[2] || !defined($last{ $_->[1] } = $_->[2]) } $consumer->records;
        is_deeply(\@backwards, [], "$test: in order");
    }
    return;
}

sub kill_the_broker {
    my $before = $server->pid_of('broker');
    kill 'KILL', $before;
    $server->wait_for('another broker', sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    $server->wait_for_port;
    return;
}

sub restart { $server->node->restart; $server->wait_for_port; return; }

# --- Cooperative ---------------------------------------------------------------------------------------

my @cooperative = ('partition.assignment.strategy=cooperative-sticky');
write_values(60);
my @consumers;
for my $count (1 .. 3) {
    push @consumers, consumer('cooperative', @cooperative);
    wait_until("$count consumers share", sub { all_assigned(@consumers) && !grep { $_->assigned eq '' } @consumers });
    read_ok("$count cooperative consumers read everything once", @consumers);
    write_values(30);
}
read_ok('and go on', @consumers);
is_deeply([map { scalar(split / /, $_->assigned) } @consumers], [2, 2, 2], 'each has as many partitions as the others');
my @revoked = map { my ($what, @partitions) = @$_; $what eq 'revoked' ? @partitions : () } $consumers[0]->changes;
is(scalar @revoked, 4, 'the first has given up four partitions in all');
is_deeply([grep { my $p = $_; grep { $p eq $_ } @revoked } partitions_of($consumers[0])], [], 'and none of those that it has kept');

my $generation = generation('cooperative');
my @parts      = map { $_->assigned } @consumers;
for my $disturb (\&kill_the_broker, \&restart) {
    write_values(30);
    $disturb->();
    write_values(30);
    read_ok('the broker has been away', @consumers);
}
is(generation('cooperative'), $generation, 'there was no rebalance');
is_deeply([map { $_->assigned } @consumers], \@parts, 'everybody has what it had');

(shift @consumers)->stop;
wait_until('one has left', sub { all_assigned(@consumers) });
write_values(30);
wait_until('the others read on', sub { my %seen = map { $_->[3] => 1 } map { $_->records } @consumers; !grep { !$seen{$_} } $written - 30 .. $written - 1 });
$_->stop for @consumers;

# --- Static members ------------------------------------------------------------------------------------

sub static_consumer { my ($instance) = @_; return consumer('static', "group.instance.id=$instance"); }

my %static = map { $_ => static_consumer($_) } qw(a b);
wait_until('two static members share', sub { all_assigned(values %static) && !grep { $_->assigned eq '' } values %static });
read_ok('they read everything', values %static);
$generation = generation('static');
my $changes = scalar $static{b}->changes;
my $had     = $static{a}->assigned;
$static{a}->stop;
write_values(12);
restart();
my $back = static_consumer('a');
wait_until('one comes back under its name', sub { $back->assigned eq $had });
write_values(12);
read_ok('nothing is missed and nothing read twice', values %static, $back);
is(generation('static'), $generation, 'there was no rebalance');
is(scalar $static{b}->changes, $changes, 'the other was not told anything');
my $double = static_consumer('a');
wait_until('a second one of the same name takes its place', sub { $double->assigned eq $had });
wait_until('the first is told that it is fenced', sub { $back->assigned; $back->log =~ /fenced/i });
$_->stop for values %static, $back, $double;

$broker->finish;
