# A producer with a transactional id of which each method is one request; and what readers see of what such producers write.
package TransactionalProducer;

use strict;
use warnings;
use Exporter 'import';
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;

our @EXPORT = qw(committed_values uncommitted_values);

my $produce_version = 9;    # the last before transactions of the second version, whose partitions are not added

# new($client, $topic, id => transactional id, timeout => of its transactions in ms): initialized, its error in {error}.
sub new {
    my ($class, $client, $topic, %with) = @_;
    return bless({ timeout => 60_000, %with, client => $client, topic => $topic }, $class)->init;
}

sub init {
    my ($self) = @_;
    my $answer;
    wait_until('a producer id is given', sub {
        $answer = $self->{client}->call('InitProducerId', 4, { transactional_id => $self->{id}, transaction_timeout_ms => $self->{timeout} });
        return error_name($answer->{error_code}) !~ /^(?:CONCURRENT_TRANSACTIONS|COORDINATOR_LOAD_IN_PROGRESS|NOT_COORDINATOR)$/;
    });
    $self->{error} = error_name($answer->{error_code});
    @$self{qw(producer_id epoch)} = @$answer{qw(producer_id producer_epoch)};
    $self->{sequences} = {};
    return $self;
}

# Goes on over another connection.
sub use_client {
    my ($self, $client) = @_;
    $self->{client} = $client;
    return;
}

sub ids { return (transactional_id => $_[0]{id}, producer_id => $_[0]{producer_id}, producer_epoch => $_[0]{epoch}); }

# The errors of the partitions, in one string.
sub add {
    my ($self, @partitions) = @_;
    my $answer = $self->{client}->call('AddPartitionsToTxn', 3, {
        v3_and_below_transactional_id => $self->{id}, v3_and_below_producer_id => $self->{producer_id}, v3_and_below_producer_epoch => $self->{epoch},
        v3_and_below_topics => [{ name => $self->{topic}{name}, partitions => \@partitions }] });
    return join ' ', map { error_name($_->{partition_error_code}) } @{ $answer->{results_by_topic_v3_and_below}[0]{results_by_partition} };
}

# The offset of the first value, or the error.
sub write {
    my ($self, $partition, @values) = @_;
    my $first = $self->{sequences}{$partition} // 0;
    my $batch = build_batch([map { { value => $_, timestamp => int(time) * 1000 } } @values], attributes => 0x10,
        producer_id => $self->{producer_id}, producer_epoch => $self->{epoch}, base_sequence => $first);
    my $answer = produce($self->{client}, $produce_version, $self->{topic}, { $partition => $batch }, transactional_id => $self->{id})->{$partition};
    return error_name($answer->{error_code}) if $answer->{error_code};
    $self->{sequences}{$partition} = $first + @values;
    return $answer->{base_offset};
}

sub end {
    my ($self, $committed) = @_;
    my $answer;
    wait_until('the end is taken', sub {
        $answer = $self->{client}->call('EndTxn', 3, { $self->ids, committed => $committed });
        return error_name($answer->{error_code}) ne 'CONCURRENT_TRANSACTIONS';
    });
    return error_name($answer->{error_code});
}
sub commit { return $_[0]->end(1); }
sub abort  { return $_[0]->end(0); }

# What a reader is told is committed: its batches without those of aborted transactions and markers.
sub committed_values {
    my ($client, $topic, $partition) = @_;
    my $answer  = _fetched($client, $topic, $partition, 1);
    my @aborted = sort { $a->{first_offset} <=> $b->{first_offset} } @{ $answer->{aborted_transactions} // [] };
    my (%open, @values);
    for my $batch (@{ $answer->{batches} }) {
        $open{ (shift @aborted)->{producer_id} } = 1 while @aborted && $aborted[0]{first_offset} <= $batch->{base_offset};
        if ($batch->{attributes} & 0x20) {
            delete $open{ $batch->{producer_id} };
        } elsif (!$open{ $batch->{producer_id} }) {
            push @values, map { $_->{value} } @{ $batch->{records} };
        }
    }
    return join ' ', @values;
}

sub uncommitted_values {
    my ($client, $topic, $partition) = @_;
    return join ' ', map { $_->{value} } map { @{ $_->{records} } } grep { !($_->{attributes} & 0x20) } @{ _fetched($client, $topic, $partition, 0)->{batches} };
}

sub _fetched {
    my ($client, $topic, $partition, $level) = @_;
    return fetch($client, 12, $topic, 0, partition => $partition // 0, request => { isolation_level => $level, max_wait_ms => 0, min_bytes => 0 });
}

1;
