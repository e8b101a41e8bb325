# The waiting of Fetch: an answer comes when there is enough to tell, or when max_wait_ms is over. What is
# asserted is what an answer holds and what wakes it; how long it took is only bounded by the test's patience.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker  = KafkaTest->start;
my $client  = $broker->connect;
my $forever = 2**31 - 1;

sub poll {
    my ($asking, $topic, $offset, %with) = @_;
    my $version = delete $with{version} // 12;
    $asking->send_request(
        'Fetch', $version,
        {
            max_wait_ms => $forever,
            min_bytes   => 1,
            %with,
            topics => [fetch_partitions($topic, { 0 => { fetch_offset => $offset } })]
        }
    );
    return;
}

sub polled_values {
    my ($answer) = @_;
    return
        map { $_->{value} }
        records_of(
        [map { read_batches($_->{records}) } map { @{ $_->{partitions} } } @{ $answer->{responses} }]);
}

# Only when other connections have been served twice is it sure that the broker has looked at the poll.
sub has_not_answered {
    my ($asking, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    list_offset($broker->connect, 7, { name => 'x' }, -1) for 1, 2;
    return ok(!$asking->readable, $test);
}

# --- max_wait_ms -----------------------------------------------------------------------------------

my $quiet = $broker->create_topic('quiet');
for my $wait (0, 1, 50, -1) {
    poll($client, $quiet, 0, max_wait_ms => $wait);
    my $answer = $client->receive;
    is_deeply([polled_values($answer)], [], "max_wait_ms=$wait: an empty answer in the end");
    is($answer->{responses}[0]{partitions}[0]{error_code}, 0, "max_wait_ms=$wait: which is no error");
    is($answer->{responses}[0]{partitions}[0]{high_watermark},
        0, "max_wait_ms=$wait: with the high watermark");
}
poll($client, $quiet, 0, max_wait_ms => $forever, min_bytes => 0);
is_deeply([polled_values($client->receive)], [], 'min_bytes=0 does not wait');

# --- What wakes a poll -----------------------------------------------------------------------------

for my $version (4, 11, 12, 13, 18) {
    my $topic  = $broker->create_topic("woken-$version");
    my $waiter = $broker->connect;
    for my $round (0 .. 2) {
        poll($waiter, $topic, $round, version => $version);
        has_not_answered($waiter, "v$version, round $round: a poll at the end of the log waits");
        produce_values($client, $topic, "news $round");
        is_deeply([polled_values($waiter->receive)],
            ["news $round"], "v$version, round $round: a producer wakes it");
    }
}

my $shared  = $broker->create_topic('shared');
my @waiters = map { $broker->connect } 1 .. 10;
poll($_, $shared, 0) for @waiters;
produce_values($client, $shared, 'for all');
is_deeply([map { polled_values($_->receive) } @waiters], [('for all') x 10],
    'one message wakes every waiter');

my $other  = $broker->create_topic('other');
my $waiter = $broker->connect;
poll($waiter, $shared, 1);
produce_values($client, $other, 'not for it');
has_not_answered($waiter, 'news elsewhere do not wake it');
produce_values($client, $shared, 'but these do');
is_deeply([polled_values($waiter->receive)], ['but these do'], 'news in its own topic do');

my $wide = $broker->create_topic('wide', num_partitions => 3);
$waiter->send_request(
    'Fetch', 12,
    {
        max_wait_ms => $forever,
        min_bytes   => 1,
        topics      => [
            fetch_partitions($wide,   { map { $_ => { fetch_offset => 0 } } 0 .. 2 }),
            fetch_partitions($shared, { 0 => { fetch_offset => 2 } })
        ]
    }
);
produce($client, 9, $wide, { 2 => batch_of('in the last partition') });
is_deeply([polled_values($waiter->receive)], ['in the last partition'], 'any of its partitions wakes a poll');

# --- min_bytes -------------------------------------------------------------------------------------

my $counted = $broker->create_topic('counted');
my $size    = length batch_of('a' x 100);
for my $version (4, 12, 18) {
    my $from = list_offset($client, 7, $counted, -1)->{offset};
    poll($waiter, $counted, $from, version => $version, min_bytes => 3 * $size);
    produce_values($client, $counted, 'a' x 100);
    has_not_answered($waiter, "v$version: one of three batches is not enough");
    produce_values($client, $counted, 'b' x 100);
    has_not_answered($waiter, "v$version: two are not");
    produce_values($client, $counted, 'c' x 100);
    is_deeply([map { substr $_, 0, 1 } polled_values($waiter->receive)],
        [qw(a b c)], "v$version: min_bytes waits for the third");
}
poll($waiter, $counted, 0, max_wait_ms => 200, min_bytes => 2**30);
is(scalar(my @all = polled_values($waiter->receive)),
    9, 'when max_wait_ms is over, what is there comes, however little');
poll($waiter, $counted, 0, isolation_level => 1, min_bytes => 9 * $size);
is(scalar(@all = polled_values($waiter->receive)), 9, 'read_committed counts the same bytes');

# --- Sessions, and clients that go -----------------------------------------------------------------

my $session = $client->call('Fetch', 12,
    { session_epoch => 0, topics => [fetch_partitions($quiet, { 0 => { fetch_offset => 0 } })] });
$waiter->send_request('Fetch', 12,
    { max_wait_ms => $forever, min_bytes => 1, session_id => $session->{session_id}, session_epoch => 1 });
has_not_answered($waiter, 'an incremental poll waits');
produce_values($client, $quiet, 'in the session');
is_deeply([polled_values($waiter->receive)], ['in the session'], 'an incremental poll is woken');

for my $reset (0, 1) {
    my @leaving = map { $broker->connect } 1 .. 5;
    poll($_, $quiet, list_offset($client, 7, $quiet, -1)->{offset}) for @leaving;
    $_->close(reset => $reset) for @leaving;
}
my $after = produce_values($client, $quiet, 'after they left');
values_are(fetch($client, 12, $quiet, $after),
    ['after they left'], 'clients that leave a long poll disturb nobody');

$broker->finish;
