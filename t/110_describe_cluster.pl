# DescribeCluster 0-2: the cluster is one broker, which is also its controller.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $known  = metadata($client, 9, []);
my $node   = $known->{brokers}[0];

for my $version (0 .. 2) {
    my $name   = "v$version";
    my $answer = $client->call('DescribeCluster', $version, {});
    error_is($answer->{error_code}, 'NONE', "$name: the cluster is described");
    is($answer->{error_message},       undef,                "$name: no error message");
    is($answer->{cluster_id},          $known->{cluster_id}, "$name: its id is that of the metadata");
    is($answer->{controller_id},       $node->{node_id},     "$name: the broker is the controller");
    is($answer->{endpoint_type},       1,                    "$name: these are brokers") if $version >= 1;
    is(scalar @{ $answer->{brokers} }, 1,                    "$name: one broker");
    my $described = $answer->{brokers}[0];
    is_deeply(
        [@$described{qw(broker_id host port rack)}],
        [@$node{qw(node_id host port rack)}],
        "$name: the one of the metadata"
    );
    is($described->{is_fenced},                  0,           "$name: it is not fenced") if $version >= 2;
    is($answer->{cluster_authorized_operations}, -2147483648, "$name: operations only when asked for");
    $answer = $client->call('DescribeCluster', $version,
        { include_cluster_authorized_operations => 1, include_fenced_brokers => 1 });
    is($answer->{cluster_authorized_operations}, 0b1111110100000, "$name: everything is allowed");
    is(scalar @{ $answer->{brokers} },           1,               "$name: no broker is fenced");
}

for my $version (1, 2) {
    my $controllers = $client->call('DescribeCluster', $version, { endpoint_type => 2 });
    error_is($controllers->{error_code},
        'MISMATCHED_ENDPOINT_TYPE', "v$version: controllers are not to be found here");
    my $unknown = $client->call('DescribeCluster', $version, { endpoint_type => 9 });
    error_is($unknown->{error_code},
        'UNSUPPORTED_ENDPOINT_TYPE', "v$version: an endpoint type that does not exist");
}

$broker->finish;
