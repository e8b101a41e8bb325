# Where the broker listens and what it tells clients of itself: host, advertised_host, advertised_port and node_id, all
# while the server runs.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IO::Socket::IP;
use KafkaTest;
use KafkaRequests;
use KafkaWire;
use Test::More;

my $broker  = KafkaTest->start;
my $server  = $broker->server;
my $port    = $server->kafka_port;
my $has_ip6 = defined IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1);
my $topic   = $broker->create_topic('orders', num_partitions => 2);

sub client_at { my ($address) = @_; return eval { KafkaWire->connect($address, $port) }; }

# The broker's address and id as each API that tells them does.
sub told {
    my ($client) = @_;
    my $metadata = metadata($client, 9, [$topic->{name}]);
    my $cluster  = $client->call('DescribeCluster', 1, {});
    my $old      = $client->call('FindCoordinator', 3, { key => 'g' });
    my $new      = $client->call('FindCoordinator', 4, { coordinator_keys => ['g'] })->{coordinators}[0];
    my $node     = $metadata->{brokers}[0];
    my %leaders  = map { $_ => 1 } map { ($_->{leader_id}, @{ $_->{replica_nodes} }, @{ $_->{isr_nodes} }) } @{ $metadata->{topics}[0]{partitions} };
    return {
        Metadata              => "$node->{host} $node->{port} $node->{node_id}",
        DescribeCluster       => join(' ', @{ $cluster->{brokers}[0] }{qw(host port broker_id)}),
        'FindCoordinator v3'  => join(' ', @$old{qw(host port node_id)}),
        'FindCoordinator v4'  => join(' ', @$new{qw(host port node_id)}),
        controllers           => "$metadata->{controller_id} $cluster->{controller_id}",
        'leaders of partitions' => join(' ', keys %leaders)
    };
}

sub expected {
    my ($host, $told_port, $id) = @_;
    my $node = "$host $told_port $id";
    return { (map { $_ => $node } 'Metadata', 'DescribeCluster', 'FindCoordinator v3', 'FindCoordinator v4'),
        controllers => "$id $id", 'leaders of partitions' => $id };
}

# Connections to these addresses succeed, those to the others do not.
sub listens_on {
    my ($hosts, @addresses) = @_;
    my %wanted = map { $_ => 1 } @addresses;
    $server->set('pg_kafka.host' => $hosts);
    for my $address ('127.0.0.1', '127.0.0.2', $has_ip6 ? '::1' : ()) {
        wait_until("$hosts: " . ($wanted{$address} ? 'an answer' : 'silence') . " on $address", sub {
            my $client = client_at($address);
            return !$client if !$wanted{$address};
            my $told = $client && eval { told($client) };    # it may have come to a listener that was about to be closed
            return $told && is_deeply($told, expected($address, $port, 1), "$hosts: a client of $address is told that address");
        });
    }
    return pass("pg_kafka.host = '$hosts' listens there and nowhere else");
}

# --- Listening -------------------------------------------------------------------------------------

my $early = $broker->connect;
listens_on('127.0.0.2',             '127.0.0.2');
listens_on('127.0.0.1,127.0.0.2',   '127.0.0.1', '127.0.0.2');
listens_on(' 127.0.0.2 ',           '127.0.0.2');
SKIP: {
    skip 'there is no IPv6', 4 if !$has_ip6;
    listens_on('::1',               '::1');
    listens_on('127.0.0.1, ::1',    '127.0.0.1', '::1');
    listens_on('::',                '::1');
    listens_on('*',                 '127.0.0.1', '127.0.0.2', '::1');
}
listens_on('0.0.0.0',               '127.0.0.1', '127.0.0.2');
listens_on('127.0.0.1',             '127.0.0.1');
is_deeply(told($early), expected('127.0.0.1', $port, 1), 'a connection from before all changes goes on');

# A name that nobody knows does not keep the broker from listening elsewhere.
$server->expect_in_log(qr/could not resolve pg_kafka\.host "no-such-host\.invalid"/);
listens_on('no-such-host.invalid, 127.0.0.2', '127.0.0.2');
$server->wait_for_log(qr/could not resolve pg_kafka\.host "no-such-host\.invalid"/);
listens_on('127.0.0.1', '127.0.0.1');

# --- What clients are told -------------------------------------------------------------------------

# The same connection is told something else as soon as the settings are in effect.
sub told_after {
    my ($settings, @expected) = @_;
    $server->set(%$settings);
    my $expected = expected(@expected);
    wait_until("@expected is told", sub { told($early)->{Metadata} eq $expected->{Metadata} });
    return is_deeply(told($early), $expected, "every API tells @expected");
}
my $host_setting = 'pg_kafka.advertised_host';
my $port_setting = 'pg_kafka.advertised_port';
told_after({ $host_setting => 'kafka.example' }, 'kafka.example', $port, 1);
told_after({ $port_setting => 1234 },            'kafka.example', 1234,  1);
told_after({ $host_setting => '' },              '127.0.0.1',     1234,  1);
told_after({ $host_setting => '2001:db8::7', $port_setting => 0 }, '2001:db8::7', $port, 1);
told_after({ $host_setting => '' },              '127.0.0.1',     $port, 1);
told_after({ 'pg_kafka.node_id' => 0 },          '127.0.0.1',     $port, 0);
told_after({ 'pg_kafka.node_id' => 2147483647 }, '127.0.0.1',     $port, 2147483647);

my $assigned = create_topics($early, 7, [map { { name => "assigned-to-$_", num_partitions => -1, replication_factor => -1,
    assignments => [{ partition_index => 0, broker_ids => [$_] }] } } 1, 2147483647]);
error_is($assigned->{'assigned-to-2147483647'}{error_code}, 'NONE', 'a partition can be assigned to the new id');
error_is($assigned->{'assigned-to-1'}{error_code}, 'INVALID_REPLICA_ASSIGNMENT', 'and no longer to the old one');
my ($code, $listing) = kcat(['-b', $broker->address, '-L']);
like($listing, qr/broker 2147483647 at 127\.0\.0\.1:$port/, 'kcat is told the same');
is(produce_values($early, $topic, 'x'), 0, 'the log does not depend on the id');
$broker->finish;
