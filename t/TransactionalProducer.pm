# A producer with a transactional id of which each method is one request; and what readers see of what such producers write.
package TransactionalProducer;

use strict;
use warnings;
use Exporter 'import';
use KafkaRequests;
use KafkaTest qw(wait_until);
use KafkaWire::Batch;
use KafkaWire::Errors;

our @EXPORT = qw(after_the_last committed_values uncommitted_values);

# By version of transactions: those of the second (KIP-890) have partitions and groups added by what is written to them, and an epoch
# each.
my %versions = (
    1 => { InitProducerId => 4, Produce => 9,  EndTxn => 3, TxnOffsetCommit => 3 },
    2 => { InitProducerId => 5, Produce => 12, EndTxn => 5, TxnOffsetCommit => 5 });

# new($client, $topic, id => transactional id, timeout => of its transactions in ms, version => of these): initialized, its error in
# {error}.
sub new {
    my ($class, $client, $topic, %with) = @_;
    return bless({ timeout => 60_000, version => 1, %with, client => $client, topic => $topic }, $class)->init;
}

sub _version { my ($self, $api) = @_; return $versions{ $self->{version} }{$api}; }

sub init {
    my ($self) = @_;
    my $answer;
    wait_until('a producer id is given', sub {
        $answer = $self->{client}->call('InitProducerId', $self->_version('InitProducerId'), { transactional_id => $self->{id}, transaction_timeout_ms => $self->{timeout} });
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

# The errors that $ask returns in one string. Kafka wants to be asked again while the end of the transaction before is under way.
sub after_the_last {
    my ($ask) = @_;
    my $errors;
    wait_until('the transaction before has ended', sub { ($errors = $ask->()) !~ /CONCURRENT_TRANSACTIONS/ });
    return $errors;
}

# The errors of the partitions, in one string.
sub add { my ($self, @partitions) = @_; return after_the_last(sub { $self->_try_to_add(@partitions) }); }

sub _try_to_add {
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
    my $answer = produce($self->{client}, $self->_version('Produce'), $self->{topic}, { $partition => $batch }, transactional_id => $self->{id})->{$partition};
    return error_name($answer->{error_code}) if $answer->{error_code};
    $self->{sequences}{$partition} = $first + @values;
    return $answer->{base_offset};
}

sub end {
    my ($self, $committed) = @_;
    my $answer;
    wait_until('the end is taken', sub {
        $answer = $self->{client}->call('EndTxn', $self->_version('EndTxn'), { $self->ids, committed => $committed });
        return error_name($answer->{error_code}) ne 'CONCURRENT_TRANSACTIONS';
    });
    if (exists $answer->{producer_epoch} && !$answer->{error_code}) {
        @$self{qw(producer_id epoch)} = @$answer{qw(producer_id producer_epoch)};
        $self->{sequences} = {};
    }
    return error_name($answer->{error_code});
}

# Offsets of the group, to be committed with the transaction: the error of the partition, which is the topic's first.
sub commit_offset {
    my ($self, $group, $offset, %fields) = @_;
    my $answer = $self->{client}->call('TxnOffsetCommit', $self->_version('TxnOffsetCommit'), { group_id => $group, $self->ids, %fields,
            topics => [{ name => $self->{topic}{name}, partitions => [{ partition_index => 0, committed_offset => $offset, committed_metadata => 'm' }] }] });
    return error_name($answer->{topics}[0]{partitions}[0]{error_code});
}

sub add_group {
    my ($self, $group) = @_;
    return after_the_last(sub { error_name($self->{client}->call('AddOffsetsToTxn', 3, { $self->ids, group_id => $group })->{error_code}) });
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
