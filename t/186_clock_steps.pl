# The clock is set forwards and backwards under load: nothing acknowledged is lost, offsets stay contiguous, what waits is
# answered, connections stay, and a search by time finds what it should.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Faults;
use KafkaTest;
use KafkaRequests;
use Load;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'sets the clock of our own server';
my $faults = Faults->start($broker);
my $pid    = $server->pid_of('broker');
my $load   = Load->start($broker, 'load', 3);
$load->wait_for_progress('at first');

my $client  = $broker->connect;
my $sleeper = $broker->connect;
my $stamped = $broker->create_topic('stamped', configs => { 'message.timestamp.type' => 'LogAppendTime' });
my $quiet   = $broker->create_topic('quiet');
$sleeper->call('ApiVersions', 0, {});
my ($hour, $day) = (3600, 86400);

# The time of each record as the broker stamped it, in steps of the clock. Producers, whose clock is right, may be an hour ahead.
my @clocks = (0, $hour, -$hour / 2, 30 * $day, -$hour / 2, 0);
my @stamps;
for my $clock (@clocks) {
    my $waiter = $broker->connect;
    $waiter->send_request('Fetch', 12,
        { max_wait_ms => 1000, min_bytes => 1, topics => [fetch_partitions($quiet, { 0 => { fetch_offset => 0 } })] });
    $server->wait_for('a parked fetch', sub { $server->sql('SELECT parked_requests FROM kafka.status') > 0 });
    $faults->set_clock($clock);
    my $answer = produce($client, 9, $stamped, { 0 => batch_of("at $clock") })->{0};
    push @stamps, $answer->{log_append_time_ms};
    cmp_ok(abs($answer->{log_append_time_ms} / 1000 - time - $clock), '<', 60, "clock $clock: a record has the time of the clock");
    is($waiter->receive->{error_code}, 0, "clock $clock: a fetch that waits is answered");
    $load->wait_for_progress("with the clock at $clock");
    is($sleeper->call('ApiVersions', 0, {})->{error_code}, 0, "clock $clock: connections stay");
}
values_are(fetch($client, 12, $stamped, 0), [map { "at $_" } @clocks], 'all are there in their order');

# The first record whose time is that late, as Kafka has it.
for my $wanted (@stamps) {
    my ($first) = grep { $stamps[$_] >= $wanted } 0 .. $#stamps;
    is(list_offset($client, 7, $stamped, $wanted)->{offset}, $first, "the first record at $wanted or later");
}
is($server->pid_of('broker'), $pid, 'the broker has lived through it');
$load->stop;
$load->verify;
$broker->finish;
