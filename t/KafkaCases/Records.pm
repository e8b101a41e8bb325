# Cases for KafkaCases about records: Fetch, ListOffsets, OffsetForLeaderEpoch and Produce.
package KafkaCases::Records;

use strict;
use warnings;
use Compress::Zlib ();
use KafkaRequests;
use KafkaWire::Batch;

my $stamp  = $KafkaCases::stamp;
my @record = ({ key => 'k', value => 'v', timestamp => $stamp });

sub all { return (_fetch(), _list_offsets(), _epochs(), _produce(), _bad_batches()); }

# --- Fetch -----------------------------------------------------------------------------------------

sub _fetch_of {
    my ($topic, $partition, %ask) = @_;
    return sub {
        my ($topics) = @_;
        return { topics => [fetch_partitions($topics->{$topic}, { $partition => \%ask })] };
    };
}

sub _fetch {
    my %fetches = (
        'all records'          => _fetch_of('log',     0,  fetch_offset => 0),
        'within a batch'       => _fetch_of('log',     0,  fetch_offset => 3),
        'the end'              => _fetch_of('log',     0,  fetch_offset => 6),
        'beyond the end'       => _fetch_of('log',     0,  fetch_offset => 7),
        'before the start'     => _fetch_of('log',     0,  fetch_offset => -1),
        'an empty partition'   => _fetch_of('empty',   1,  fetch_offset => 0),
        'a missing partition'  => _fetch_of('log',     9,  fetch_offset => 0),
        'a negative partition' => _fetch_of('log',     -1, fetch_offset => 0),
        'a missing topic'      => _fetch_of('missing', 0,  fetch_offset => 0),
        'one byte'             => _fetch_of('log',     0,  fetch_offset => 0,  partition_max_bytes  => 1),
        'a later leader epoch' => _fetch_of('log',     0,  fetch_offset => 0,  current_leader_epoch => 3),
        'a negative epoch'     => _fetch_of('log',     0,  fetch_offset => 0,  current_leader_epoch => -5),
        'an epoch that ended'  => _fetch_of('log',     0,  fetch_offset => 50, last_fetched_epoch   => 0),
        'an epoch to come'     => _fetch_of('log',     0,  fetch_offset => 2,  last_fetched_epoch   => 4),
        'read_committed'       =>
            sub { { isolation_level => 1, %{ _fetch_of('log', 0, fetch_offset => 2)->(@_) } } },
    );
    my %sessions = (
        'a new session' => sub { { session_epoch => 0, %{ _fetch_of('log', 0, fetch_offset => 6)->(@_) } } },
        'a session that is not there' => sub { { session_id => 77, session_epoch => 5 } },
    );
    return (KafkaCases::cases_of('Fetch', \%fetches), KafkaCases::cases_of('Fetch', \%sessions, 7));
}

# --- ListOffsets, OffsetForLeaderEpoch -------------------------------------------------------------

sub _list_offsets {
    my %requests;
    for my $time (-7 .. 0, $stamp + 5, $stamp + 11, $stamp + 99_000) {
        for my $topic (qw(log empty missing)) {
            my $partitions = [{ partition_index => 0, timestamp => $time }];
            $requests{"timestamp $time in $topic"} =
                sub { { topics => [{ name => $_[0]{$topic}{name}, partitions => $partitions }] } };
        }
    }
    my @twice = map { { partition_index => $_, timestamp => -1 } } 0, 0, 7;
    $requests{'a partition twice and a missing one'} =
        sub { { topics => [{ name => $_[0]{log}{name}, partitions => \@twice }] } };
    return KafkaCases::cases_of('ListOffsets', \%requests);
}

sub _epochs {
    my %requests;
    for my $epoch (-1, 0, 1) {
        for my $topic (qw(log empty missing)) {
            my @partitions = map { { partition => $_, leader_epoch => $epoch } } 0, 8;
            $requests{"epoch $epoch of $topic"} =
                sub { { topics => [{ topic => $_[0]{$topic}{name}, partitions => \@partitions }] } };
        }
    }
    return KafkaCases::cases_of('OffsetForLeaderEpoch', \%requests);
}

# --- Produce ---------------------------------------------------------------------------------------

# Batches by partition, for one topic.
sub _produce_to {
    my ($topic, $batches, %request) = @_;
    my @data = map { { index => $_, records => $batches->{$_} } } sort keys %$batches;
    return sub {
        my ($topics) = @_;
        my ($name, $id) = @{ $topics->{$topic} }{qw(name id)};
        return { %request, topic_data => [{ name => $name, topic_id => $id, partition_data => \@data }] };
    };
}

sub _produce {
    my $good     = build_batch(\@record, codec => 'gzip');
    my $zstd     = build_batch(\@record, attributes => 4, payload => 'bad');
    my $keyless  = build_batch([{ value => 'a' }, { key => 'k' }, {}]);
    my $ahead    = build_batch([@record, { timestamp => $stamp + 9e6 }]);
    my $large    = build_batch([{ value => 'x' x 2000, timestamp => $stamp }]);
    my %requests = (
        'a batch'             => _produce_to('scratch', { 0 => $good }),
        'acks=1'              => _produce_to('scratch', { 0 => $good }, acks => 1),
        'acks=5'              => _produce_to('scratch', { 0 => $good }, acks => 5),
        'a missing topic'     => _produce_to('missing', { 0 => $good }),
        'a missing partition' => _produce_to('scratch', { 0 => $good, 9 => $good, -1 => $good }),
        'a bad CRC'           => _produce_to('scratch', { 1 => build_batch(\@record, crc_xor => 1) }),
        'LogAppendTime'       => _produce_to('stamped', { 0 => $good }),
        'zstd'                => _produce_to('scratch', { 0 => $zstd }),
        'null keys'           => _produce_to('compact', { 0 => $keyless }),
        'a time ahead'        => _produce_to('scratch', { 0 => $ahead }),
        'too large'           => _produce_to('small',   { 0 => $large }),
        'a transactional id'  => _produce_to('scratch', { 0 => $good }, transactional_id => 'unused'),
    );
    return KafkaCases::cases_of('Produce', \%requests);
}

# Batches that are broken in one field each.
sub _altered {
    my %values = (
        magic                  => [-1,         0,    1,    3,    127],
        attributes             => [2 .. 8,     0x20, 0x30, 0x40, 0x100],
        count                  => [-1,         0,    2,    2**31 - 1],
        last_offset_delta      => [-1,         1,    2**31 - 1],
        length                 => [-1,         0,    13, 14, 48, 49, 50, 1000, 2**31 - 1],
        base_offset            => [1,          -1],
        base_sequence          => [-2,         5],
        max_timestamp          => [$stamp + 5, -1],
        partition_leader_epoch => [9,          -9],
    );
    my %altered;
    for my $field (keys %values) {
        $altered{"$field $_"} = build_batch(\@record, $field => $_) for @{ $values{$field} };
    }
    return %altered;
}

sub _bad_batches {
    my $batch    = build_batch(\@record);
    my %producer = (producer_id => 5, producer_epoch => 0);
    my %batches  = (
        _altered(),
        'no batch'                   => '',
        'two batches'                => $batch x 2,
        'a byte after the batch'     => "$batch\0",
        'one byte'                   => 'x',
        'half a header'              => substr($batch, 0, 30),
        'half a batch'               => substr($batch, 0, 65),
        'zeros'                      => "\0" x 100,
        'ones'                       => "\xff" x 100,
        'fewer records than claimed' => build_batch(\@record,           count => 3, last_offset_delta => 2),
        'more records than claimed'  => build_batch([@record, @record], count => 1, last_offset_delta => 0),
        'an id without a sequence'   => build_batch(\@record,           %producer),
        'a transactional batch' => build_batch(\@record, %producer, base_sequence => 0, attributes => 0x10),
        'gzip that is none'     => build_batch(\@record, codec => 'gzip', payload => 'none'),
        'gzip of garbage'       =>
            build_batch(\@record, codec => 'gzip', payload => Compress::Zlib::memGzip('garbage')),
        'garbage for records' => build_batch(\@record, payload => 'garbage'),
        'no records'          => build_batch(\@record, payload => ''),
        'no timestamps'       => build_batch([{ value => 'x', timestamp => -1 }]),
    );
    my %requests = map { $_ => _produce_to('scratch', { 1 => $batches{$_} }) } keys %batches;
    return map { KafkaCases::cases_of('Produce', \%requests, $_, $_) } 3, 9, 12;
}

1;
