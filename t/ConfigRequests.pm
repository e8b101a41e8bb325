# The requests about configs, each as one function that takes a client (KafkaWire) and says what comes back. A resource is a
# type and a name: [TOPIC, 'orders'].
package ConfigRequests;

use strict;
use warnings;
use Exporter 'import';
use KafkaWire::Errors;

use constant { TOPIC => 2, BROKER => 4, BROKER_LOGGER => 8, CLIENT_METRICS => 16, GROUP => 32 };
use constant { SET => 0, DELETE => 1, APPEND => 2, SUBTRACT => 3 };

our @EXPORT = qw(TOPIC BROKER BROKER_LOGGER CLIENT_METRICS GROUP SET DELETE APPEND SUBTRACT
    describe config_of values_of change replace alter_all list_resources);

# describe($client, $version, $resource, keys => \@names, %request): the configs by name, and the name of the error.
sub describe {
    my ($client, $version, $resource, %request) = @_;
    my $keys   = delete $request{keys};
    my $answer = $client->call('DescribeConfigs', $version, {
        resources => [{ resource_type => $resource->[0], resource_name => $resource->[1], configuration_keys => $keys }], %request });
    my $result = $answer->{results}[0];
    my %configs = map { $_->{name} => $_ } @{ $result->{configs} };
    return wantarray ? (\%configs, error_name($result->{error_code}), $result->{error_message}) : \%configs;
}

# One config, described with all that can be said.
sub config_of {
    my ($client, $resource, $name) = @_;
    return describe($client, 4, $resource, keys => [$name], include_synonyms => 1, include_documentation => 1)->{$name};
}

# By name the values of some configs.
sub values_of {
    my ($client, $resource, @names) = @_;
    my $configs = describe($client, 4, $resource, keys => \@names);
    return { map { $_ => $configs->{$_}{value} } keys %$configs };
}

# change($client, $version, $resource, \@changes, %request): the name of the error. A change is [name => operation, value].
sub change {
    my ($client, $version, $resource, $changes, %request) = @_;
    my @configs = map { { name => $_->[0], config_operation => $_->[1], value => $_->[2] } } @$changes;
    return (alter_all($client, 'IncrementalAlterConfigs', $version, [[@$resource, \@configs]], %request))[0];
}

# replace($client, $version, $resource, \%configs, %request): the name of the error.
sub replace {
    my ($client, $version, $resource, $configs, %request) = @_;
    my @configs = map { { name => $_, value => $configs->{$_} } } sort keys %$configs;
    return (alter_all($client, 'AlterConfigs', $version, [[@$resource, \@configs]], %request))[0];
}

# Several resources at once, each [type, name, \@configs]: the names of the errors, in their order.
sub alter_all {
    my ($client, $api, $version, $resources, %request) = @_;
    my $answer = $client->call($api, $version, { %request,
        resources => [map { { resource_type => $_->[0], resource_name => $_->[1], configs => $_->[2] } } @$resources] });
    my %errors;
    push @{ $errors{"$_->{resource_type} $_->{resource_name}"} }, $_->{error_code} for @{ $answer->{responses} };
    return map { error_name(shift @{ $errors{"$_->[0] $_->[1]"} }) } @$resources;
}

# list_resources($client, $version, @types): [type, name] of each, sorted, and the name of the error.
sub list_resources {
    my ($client, $version, @types) = @_;
    my $answer = $client->call('ListConfigResources', $version, { resource_types => \@types });
    my @listed = sort { $a->[0] <=> $b->[0] || $a->[1] cmp $b->[1] }
        map { [$_->{resource_type} // CLIENT_METRICS, $_->{resource_name}] } @{ $answer->{config_resources} };
    return (\@listed, error_name($answer->{error_code}));
}

1;
