# Requests, good and bad, whose answers two brokers can be compared by (190). A case is a name and a function
# of a broker (KafkaTest) and its topics that returns what came back, freed of everything that differs between
# any two brokers: addresses, ids, times, texts of messages, and the order of lists.
package KafkaCases;

use strict;
use warnings;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use KafkaWire::Messages;

our $stamp;    # the time of the records in the log, the same for all brokers
BEGIN { $stamp = int(time) * 1000 - 60_000; }
use KafkaCases::Consumers;
use KafkaCases::Groups;
use KafkaCases::Records;
use KafkaCases::Topics;

my $no_id = '0' x 32;

# The topics that cases use, made on a broker. `log` holds six records in three batches, the second in gzip.
sub topics {
    my ($broker) = @_;
    my %configs = (
        small   => { 'max.message.bytes'      => 1000 },
        compact => { 'cleanup.policy'         => 'compact' },
        stamped => { 'message.timestamp.type' => 'LogAppendTime' },
    );
    my %topics = (missing => $broker->missing_topic, suffix => $broker->name(''));
    for my $name (qw(log empty scratch doomed), sort keys %configs) {
        $topics{$name} = $broker->create_topic($name, num_partitions => 2, configs => $configs{$name} // {});
    }
    my $client = $broker->connect;
    for my $i (0 .. 2) {
        my @records = map { { key => "k$_", value => "v$_", timestamp => $stamp + $i * 10 + $_ } } 0, 1;
        produce($client, 9, $topics{log},
            { 0 => build_batch(\@records, codec => $i == 1 ? 'gzip' : 'none') });
    }
    return \%topics;
}

# All cases: [name, function] pairs.
sub all { return map { $_->all } map { "KafkaCases::$_" } qw(Records Topics Groups Consumers); }

# cases_of($api, \%requests, $lowest, $highest): a case for each request in each version of the API (within
# those given). A request is a function of the topics and the version.
sub cases_of {
    my ($api, $requests, $lowest, $highest) = @_;
    my @cases;
    for my $version (KafkaWire::Messages::versions($api)) {
        next if $version < ($lowest // $version) || $version > ($highest // $version);
        push @cases,
            map { _case("$api v$version: $_", $api, $version, $requests->{$_}) } sort keys %$requests;
    }
    return @cases;
}

sub _case {
    my ($name, $api, $version, $request) = @_;
    my $ask = sub {
        my ($broker, $topics) = @_;
        my $client = $broker->connect(patience => 20);
        my $answer = $client->call($api, $version, $request->($topics, $version));
        return defined $answer ? comparable($answer, $broker) : 'the connection was closed';
    };
    return [$name, $ask];
}

# --- What can be compared --------------------------------------------------------------------------

my %passing = map { $_ => 1 } qw(
    throttle_time_ms host port cluster_id error_message batch_index_error_message api_keys
    supported_features finalized_features finalized_features_epoch);

# Beside an error these say nothing, and Kafka itself sends now this, now that.
my %moot = map { $_ => 1 } qw(log_start_offset aborted_transactions);

sub comparable {
    my ($value, $broker, $field) = @_;
    return _list($value, $broker, $field) if ref $value eq 'ARRAY';
    return _message($value, $broker) if ref $value;
    return $value if !defined $value || !defined $field;
    return error_name($value) if $field eq 'error_code';
    return $value eq $no_id ? 'no id' : 'an id' if $field eq 'topic_id' && $value =~ /^[0-9a-f]{32}$/;
    return $value == 0 ? 0 : 'some' if $field eq 'session_id';
    return $value == -1 ? -1 : 'some' if $field =~ /^(log_append_time_ms|base_offset)$/;
    return [map { _batch($_) } read_batches($value)] if $field eq 'records';
    return $value =~ s/\Q$broker->{suffix}\E//r if $field =~ /^(name|topic)$/ && length $broker->{suffix};
    return $value;
}

sub _message {
    my ($message, $broker) = @_;
    my @fields = grep { !$passing{$_} } keys %$message;
    @fields = grep { !$moot{$_} } @fields if $message->{error_code};
    return { map { $_ => comparable($message->{$_}, $broker, $_) } @fields };
}

sub _batch {
    my ($batch) = @_;
    return join ' ', @$batch{qw(base_offset last_offset_delta attributes crc_ok max_timestamp)};
}

# The order of topics and partitions in an answer is free, and what was asked twice may be answered twice.
sub _list {
    my ($list, $broker, $field) = @_;
    return { map { $_->{name} => _config($_) } @$list } if $field eq 'configs';
    my @items = map { comparable($_, $broker, 'item') } @$list;
    return [sort { $a <=> $b } @items] if $field eq 'partitions' && !grep { ref } @items;
    return [sort @items] if $field eq 'subscribed_topic_names';
    return \@items if !@items || !ref $items[0];
    my ($key) = grep { exists $items[0]{$_} }
        qw(group_id member_id name topic topic_id key partition_index index partition node_id broker_id batch_index);
    my %unique = map { (($_->{$key} // '') . ' ' . ($_->{error_code} // '') => $_) } @items;
    return [@unique{ sort keys %unique }];
}

# A default is a default, whether the cluster or the software says so.
sub _config {
    my ($config) = @_;
    my $source = $config->{config_source} == 3 ? 5 : $config->{config_source};
    return "$source " . ($config->{value} // 'null');
}

1;
