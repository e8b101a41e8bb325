# The requests that many tests need, each as one function that takes a client (KafkaWire) and says what comes
# back. A topic is { name => ..., id => ... }: versions that ask by name take the one, those that ask by id
# the other.
package KafkaRequests;

use strict;
use warnings;
use Exporter 'import';
use KafkaWire::Batch;

our @EXPORT =
    qw(batch_of create_topics delete_topics epoch_end fetch fetch_partitions list_offset metadata produce
    produce_values records_of);

# One batch with these values and no keys, stamped like the present time.
sub batch_of {
    my (@values) = @_;
    my $now = time * 1000;
    return build_batch([map { { value => $_, timestamp => $now } } @values]);
}

# produce($client, $version, $topic, { partition => $records, ... }, %request): the answers by partition;
# undef if the broker closed the connection. With `acks => 0` no answer is waited for.
sub produce {
    my ($client, $version, $topic, $records, %request) = @_;
    my $message = {
        %request,
        topic_data => [{
            name           => $topic->{name},
            topic_id       => $topic->{id},
            partition_data => [map { { index => $_, records => $records->{$_} } } sort keys %$records]
        }]
    };
    return $client->send_request('Produce', $version, $message, no_answer => 1)
        if ($request{acks} // -1) == 0;
    my $answer = $client->call('Produce', $version, $message) // return undef;
    return { map { $_->{index} => $_ } @{ $answer->{responses}[0]{partition_responses} } };
}

# Appends the values to partition 0 as one batch, and returns the base offset that they got.
sub produce_values {
    my ($client, $topic, @values) = @_;
    my $answer = produce($client, 9, $topic, { 0 => batch_of(@values) })->{0};
    die "produce failed with error $answer->{error_code}" if $answer->{error_code} != 0;
    return $answer->{base_offset};
}

# The Fetch request for partitions of one topic: { partition => { fetch_offset => ..., ... }, ... }.
sub fetch_partitions {
    my ($topic, $partitions) = @_;
    return {
        topic      => $topic->{name},
        topic_id   => $topic->{id},
        partitions =>
            [map { { partition => $_, %{ $partitions->{$_} } } } sort { $a <=> $b } keys %$partitions]
    };
}

# fetch($client, $version, $topic, $offset, %with): the answer for partition 0 (or $with{partition}), with its
# batches read into `batches`. `request => {}` sets fields of the request, `ask => {}` those of the partition.
sub fetch {
    my ($client, $version, $topic, $offset, %with) = @_;
    my $partitions = { $with{partition} // 0 => { fetch_offset => $offset, %{ $with{ask} // {} } } };
    my $answer     = $client->call('Fetch', $version,
        { topics => [fetch_partitions($topic, $partitions)], %{ $with{request} // {} } });
    my $partition = $answer->{responses}[0]{partitions}[0] // return { error_code => $answer->{error_code} };
    return { %$partition, batches => [read_batches($partition->{records})] };
}

# The records of a fetched partition (or a list of batches) in order.
sub records_of {
    my ($fetched) = @_;
    return map { @{ $_->{records} } } @{ ref $fetched eq 'HASH' ? $fetched->{batches} : $fetched };
}

# list_offset($client, $version, $topic, $timestamp, %ask): the answer for partition 0 (or
# $ask{partition_index}).
sub list_offset {
    my ($client, $version, $topic, $timestamp, %ask) = @_;
    my $isolation = delete $ask{isolation_level} // 0;
    my $answer    = $client->call(
        'ListOffsets',
        $version,
        {
            isolation_level => $isolation,
            timeout_ms      => 10000,
            topics          => [{
                name       => $topic->{name},
                partitions => [{ partition_index => 0, timestamp => $timestamp, %ask }]
            }]
        }
    );
    return $answer->{topics}[0]{partitions}[0];
}

# Where a leader epoch ended in partition 0 (or $ask{partition}).
sub epoch_end {
    my ($client, $version, $topic, $epoch, %ask) = @_;
    my $partitions = [{ partition => 0, leader_epoch => $epoch, %ask }];
    my $answer     = $client->call('OffsetForLeaderEpoch', $version,
        { topics => [{ topic => $topic->{name}, partitions => $partitions }] });
    return $answer->{topics}[0]{partitions}[0];
}

# metadata($client, $version, \@names or undef for all, %request): the whole answer.
sub metadata {
    my ($client, $version, $names, %request) = @_;
    my $topics = defined $names ? [map { { name => $_ } } @$names] : undef;
    return $client->call('Metadata', $version, { topics => $topics, %request });
}

# create_topics($client, $version, \@topics, %request): the answers by name; a topic is a hash of the
# request's fields.
sub create_topics {
    my ($client, $version, $topics, %request) = @_;
    my $answer = $client->call('CreateTopics', $version, { topics => $topics, %request });
    return { map { $_->{name} => $_ } @{ $answer->{topics} } };
}

# delete_topics($client, $version, \@names): the answers by name.
sub delete_topics {
    my ($client, $version, $names) = @_;
    my $answer = $client->call('DeleteTopics', $version,
        $version < 6 ? { topic_names => $names } : { topics => [map { { name => $_ } } @$names] });
    return { map { $_->{name} => $_ } @{ $answer->{responses} } };
}

1;
