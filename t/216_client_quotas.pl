# DescribeClientQuotas and AlterClientQuotas 0-1: there are no client quotas, which clients are told.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use Test::More;

my $broker = KafkaTest->start;
$broker->server or plan skip_all => 'a Kafka has client quotas';
my $client = $broker->connect;

sub entity { return [{ entity_type => 'client-id', entity_name => $_[0] }]; }

# What is answered for each entity: "name: error".
sub alter {
    my ($version, @entries) = @_;
    my $answer = $client->call('AlterClientQuotas', $version, { entries => \@entries });
    return join ', ', map { ($_->{entity}[0]{entity_name} // 'default') . ': ' . KafkaWire::Errors::error_name($_->{error_code}) . ($_->{error_message} ? " ($_->{error_message})" : '') } @{ $answer->{entries} };
}

sub describe {
    my ($version, @components) = @_;
    my $answer = $client->call('DescribeClientQuotas', $version, { components => \@components });
    error_is($answer->{error_code}, 'NONE', "v$version: quotas are described");
    return $answer->{entries};
}

for my $version (0, 1) {
    is(alter($version, { entity => entity('app'), ops => [{ key => 'producer_byte_rate', value => 1024.5 }] }),
        'app: INVALID_REQUEST (This broker has no client quotas)', "v$version: to set one is refused");
    is(alter($version,
            { entity => entity('app'), ops => [{ key => 'producer_byte_rate', remove => 1 }] },
            { entity => entity(undef), ops => [{ key => 'producer_byte_rate', remove => 1 }, { key => 'consumer_byte_rate', value => 1 }] }),
        'app: NONE, default: INVALID_REQUEST (This broker has no client quotas)', "v$version: to remove one that is not there is not");
    is_deeply(describe($version), [], "v$version: there are none");
    is_deeply(describe($version, { entity_type => 'client-id', match_type => 0, match => 'app' }), [], "v$version: of a client either");
}
$broker->finish;
