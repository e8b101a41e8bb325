# FindCoordinator 0-6: every group, transaction and share group is coordinated by the only broker.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $node   = metadata($client, 1, [])->{brokers}[0];

sub coordinators {
    my ($version, $type, @keys) = @_;
    my $answer = $client->call('FindCoordinator', $version,
        { key => $keys[0], key_type => $type, coordinator_keys => \@keys });
    return $version < 4 ? $answer : @{ $answer->{coordinators} };
}

$broker->wait_for_coordinators if !$broker->is_ours;

for my $version (0 .. 6) {
    for my $type ($version < 1 ? 0 : (0, 1)) {
        my ($answer) = coordinators($version, $type, 'some-group');
        my $test = "v$version, key type $type";
        error_is($answer->{error_code}, 'NONE', "$test: there is a coordinator");
        is($answer->{node_id},                $node->{node_id}, "$test: it is the broker of the metadata");
        is("$answer->{host}:$answer->{port}", "$node->{host}:$node->{port}", "$test: at the same address");
        is($answer->{key},                    'some-group', "$test: the key comes back") if $version >= 4;
    }
}

my @answers = coordinators(4, 0, 'a', 'b', 'c');
is_deeply([sort map { $_->{key} } @answers], [qw(a b c)], 'v4 answers each key of a request');
is_deeply([coordinators(4, 0)],              [],          'v4 without keys is answered without coordinators');
for my $version (3, 4) {
    my ($answer) = coordinators($version, 0, '');
    error_is($answer->{error_code}, 'NONE', "v$version: the coordinator of the empty group id can be found");
}
for my $version (1, 3, 4, 6) {
    my ($answer) = coordinators($version, 77, 'x');
    error_is($answer->{error_code}, 'INVALID_REQUEST', "v$version: an unknown key type");
    is($answer->{node_id}, -1, "v$version: an unknown key type has no coordinator");
}

$broker->finish;
