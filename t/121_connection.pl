# Connections: the order of answers, several requests in flight, acks=0, limits and idle connections.
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
my $topic   = $broker->create_topic('connection', num_partitions => 2);
my $forever = 2**31 - 1;

sub long_poll {
    my ($asking, $offset, $partition) = @_;
    return $asking->send_request(
        'Fetch', 12,
        {
            max_wait_ms => $forever,
            min_bytes   => 1,
            topics      => [fetch_partitions($topic, { $partition => { fetch_offset => $offset } })]
        }
    );
}

# --- Framing ---------------------------------------------------------------------------------------

my $frame = $client->request_frame('Metadata', 9, { topics => [{ name => $topic->{name} }] });
$client->send_raw($_) for split //, $frame;
is($client->receive->{topics}[0]{name}, $topic->{name}, 'a request in single bytes');

my @kinds = (
    ['ApiVersions',     0],
    ['Metadata',        0],
    ['ApiVersions',     3],
    ['ListOffsets',     7],
    ['Metadata',        12],
    ['FindCoordinator', 4]
);
my @requests = map { @kinds } 1 .. 20;
my $frames   = join '', map { $client->request_frame(@$_, {}) } @requests;
$client->send_raw(substr($frames, 0, 1001));
$client->send_raw(substr($frames, 1001));
my @answers = map { $client->receive } @requests;
is(
    scalar(grep { defined } @answers),
    scalar @requests,
    'many requests in two pieces are answered in their order'
);

$client->send_raw($client->request_frame('ApiVersions', 0, {}) . $client->request_frame('Metadata', 0, {}));
ok($client->receive && $client->receive, 'ApiVersions and Metadata back to back, as kafka-python probes');

my $big = build_batch([{ value => 'y' x 900_000 }]);
my $tail =
    $client->request_frame('Produce', 9,
    { topic_data => [{ name => $topic->{name}, partition_data => [{ index => 1, records => $big }] }] })
    . $client->request_frame('Metadata', 9, { topics => [] });
$client->send_raw($tail);
is($client->receive->{responses}[0]{partition_responses}[0]{error_code}, 0, 'a large request');
ok($client->receive, 'and the one right behind it');

# --- Order -----------------------------------------------------------------------------------------

long_poll($client, 0, 0);
$client->send_request('Metadata',    9, { topics => [] });
$client->send_request('ApiVersions', 0, {});
my $other = $broker->connect;
ok(list_offset($other, 7, $topic, -1), 'another connection is served meanwhile');
ok(!$client->readable,                 'what is pipelined behind a long poll waits');
produce_values($other, $topic, 'wakes the poll');
my $woken = $client->receive;
is(
    (read_batches($woken->{responses}[0]{partitions}[0]{records}))[0]{records}[0]{value},
    'wakes the poll',
    'first comes the long poll'
);
is(scalar @{ $client->receive->{brokers} }, 1, 'then the request behind it');
error_is($client->receive->{error_code}, 'NONE', 'then the one behind that');

my $first  = list_offset($client, 7, $topic, -1)->{offset};
my @values = map { "in flight $_" } 1 .. 60;
$client->send_raw(
    join '',
    map {
        $client->request_frame(
            'Produce',
            9,
            {
                topic_data =>
                    [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of($_) }] }]
            }
        )
    } @values
);
my @offsets = map { $client->receive->{responses}[0]{partition_responses}[0]{base_offset} } @values;
is_deeply(
    \@offsets,
    [$first .. $first + $#values],
    'Produce requests in flight together get offsets in their order'
);
values_are(fetch($client, 12, $topic, $first), \@values, 'and their records are in that order');

$client->send_request(
    'Produce',
    9,
    {
        topic_data =>
            [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of('just now') }] }]
    }
);
$client->send_request('Fetch', 12,
    { topics => [fetch_partitions($topic, { 0 => { fetch_offset => $first + @values } })] });
$client->receive;
is((read_batches($client->receive->{responses}[0]{partitions}[0]{records}))[0]{records}[0]{value},
    'just now', 'a Fetch behind a Produce sees its record');

# --- acks=0 ----------------------------------------------------------------------------------------

my $silent = $broker->create_topic('silent');
produce($client, 9, $silent, { 0 => batch_of("quiet $_") }, acks => 0) for 1 .. 5;
is($client->call('Metadata', 9, { topics => [] })->{controller_id},
    1, 'acks=0 is not answered: the next answer is the next request\'s');
wait_until('the records are there', sub { list_offset($client, 7, $silent, -1)->{offset} == 5 });
values_are(fetch($client, 12, $silent, 0), [map { "quiet $_" } 1 .. 5], 'acks=0 stores the records in order');

my $mixed = $broker->create_topic('mixed');
for my $i (1 .. 20) {
    my $records =
        { topic_data =>
            [{ name => $mixed->{name}, partition_data => [{ index => 0, records => batch_of($i) }] }] };
    $client->send_request('Produce', 9, { acks => $i % 2 ? 0 : -1, %$records }, no_answer => $i % 2);
}
is_deeply(
    [map { $client->receive->{responses}[0]{partition_responses}[0]{base_offset} } 1 .. 10],
    [map { 2 * $_ - 1 } 1 .. 10],
    'acks=0 and acks=all of one connection stay in order'
);
values_are(fetch($client, 12, $mixed, 0), [1 .. 20], 'and so do their records');

for my $case (
    ['a missing topic',     $broker->missing_topic, 0, batch_of('x')],
    ['a missing partition', $topic,                 7, batch_of('x')],
    ['a bad batch',         $topic,                 0, build_batch([{ value => 'x' }], crc_xor => 1)]
    )
{
    my ($what, $to, $partition, $records) = @$case;
    my $unlucky = $broker->connect;
    produce($unlucky, 9, $to, { $partition => $records }, acks => 0);
    ok($unlucky->closed_by_peer, "acks=0 to $what: the connection is closed, so that the producer notices");
}

# --- Many connections ------------------------------------------------------------------------------

my @many = map { $broker->connect } 1 .. 100;
$_->send_request('Metadata', 9, { topics => [] }) for @many;
is(scalar(grep { $_->receive } @many), 100, 'a hundred connections are served');
$_->close for @many;

# --- Settings --------------------------------------------------------------------------------------

if ($broker->is_ours) {
    my $server = $broker->server;
    $server->set('pg_kafka.max_connections' => 5);
    wait_until(
        'the limit holds',
        sub {
            my @clients = map  { $broker->connect } 1 .. 5;
            my $refused = grep { !$_->call('ApiVersions', 0, {}) } @clients;
            $_->close for @clients;
            return $refused;
        }
    );
    is($client->call('Metadata', 9, { topics => [] })->{controller_id},
        1, 'connections from before the limit are served');
    $other->close;
    wait_until(
        'there is room again',
        sub {
            eval { $broker->connect->call('ApiVersions', 0, {}) }
        }
    );
    pass('a connection that ends makes room for another');
    $server->set('pg_kafka.max_connections' => 1000);

    $server->set('pg_kafka.connections_max_idle_ms' => 300);
    my $idle = wait_until('a client gets in',
        sub { my $c = $broker->connect; $c->call('ApiVersions', 0, {}) ? $c : undef });
    ok($idle->closed_by_peer, 'an idle connection is closed');
    my $busy = $broker->connect;
    $busy->send_request(
        'Fetch', 12,
        {
            max_wait_ms => 1500,
            min_bytes   => 1,
            topics      => [fetch_partitions($silent, { 0 => { fetch_offset => 5 } })]
        }
    );
    ok($busy->receive, 'one that waits in a long poll is not idle');
    $server->set('pg_kafka.connections_max_idle_ms' => 600000);

    $server->set('pg_kafka.advertised_host' => 'kafka.example', 'pg_kafka.advertised_port' => 1234);
    my $told = wait_until(
        'the advertised address is told',
        sub {
            my $node = metadata($broker->connect, 9, [])->{brokers}[0];
            return $node->{host} eq 'kafka.example' ? $node : undef;
        }
    );
    is($told->{port}, 1234, 'pg_kafka.advertised_host and advertised_port are what clients are told');
    $server->set('pg_kafka.advertised_host' => '', 'pg_kafka.advertised_port' => 0);
    wait_until('it is told no longer',
        sub { metadata($broker->connect, 9, [])->{brokers}[0]{host} eq $broker->host });

    $server->set('pg_kafka.max_request_bytes' => '64kB');
    ok(
        wait_until(
            'a request of 70 KB is too large',
            sub {
                my $c = $broker->connect;
                return !produce($c, 9, $silent, { 0 => batch_of('z' x 70_000) });
            }
        ),
        'a request above pg_kafka.max_request_bytes closes the connection'
    );
    ok($broker->connect->call('Metadata', 9, { topics => [] }), 'smaller ones are served');
}

$broker->finish;
