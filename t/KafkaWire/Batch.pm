# Record batches (format 2) for the test client: build_batch makes one, good or broken on purpose, and
# read_batches reads those of a Fetch response. Codecs: none and gzip; batches in other codecs are read
# without their records.
package KafkaWire::Batch;

use strict;
use warnings;
use Compress::Zlib ();
use Exporter 'import';

our @EXPORT = qw(build_batch read_batches crc32c batch_bytes put_record);

my %codec = (none => 0, gzip => 1, snappy => 2, lz4 => 3, zstd => 4);
my @crc_table;
for my $byte (0 .. 255) {
    my $crc = $byte;
    $crc = ($crc >> 1) ^ ($crc & 1 ? 0x82F63B78 : 0) for 1 .. 8;
    push @crc_table, $crc;
}

# CRC-32C (Castagnoli), as an unsigned number.
sub crc32c {
    my $crc = 0xFFFFFFFF;
    $crc = ($crc >> 8) ^ $crc_table[($crc ^ $_) & 0xFF] for unpack 'C*', $_[0];
    return $crc ^ 0xFFFFFFFF;
}

# --- Building --------------------------------------------------------------------------------------

# build_batch(\@records, %overrides): the bytes of one batch. A record is { key, value, timestamp, headers =>
# [[name, value], ...] }, all optional (null). Overrides are fields of the batch header, and
#   codec      none or gzip            payload   the bytes after the record count, instead of the records
#   crc_xor    flips bits of the CRC   length    the batch_length to claim
sub build_batch {
    my ($records, %with) = @_;
    my @stamps  = map { $_->{timestamp} // $with{base_timestamp} // 1_700_000_000_000 } @$records;
    my $first   = $with{base_timestamp} // $stamps[0] // -1;
    my $codec   = $with{codec}   // 'none';
    my $payload = $with{payload} // join '',
        map { put_record($records->[$_], $_, $stamps[$_] - $first) } 0 .. $#$records;
    $payload = Compress::Zlib::memGzip($payload) if $codec eq 'gzip' && !defined $with{payload};
    my $body = pack(
        's> l> q> q> q> s> l> l>',
        $with{attributes}        // $codec{$codec},
        $with{last_offset_delta} // @$records - 1,
        $first,
        $with{max_timestamp}  // _largest(@stamps),
        $with{producer_id}    // -1,
        $with{producer_epoch} // -1,
        $with{base_sequence}  // -1,
        $with{count}          // scalar @$records
    ) . $payload;
    my $head = pack('l> c L>',
        $with{partition_leader_epoch} // -1,
        $with{magic}                  // 2,
        crc32c($body) ^ ($with{crc_xor} // 0));
    return pack('q> l>', $with{base_offset} // 0, $with{length} // length($head . $body)) . $head . $body;
}

# put_record(\%record, $offset_delta, $timestamp_delta): one record as it stands inside a batch.
sub put_record {
    my ($record, $offset_delta, $timestamp_delta) = @_;
    my @headers = @{ $record->{headers} // [] };
    my $body    = join '', "\0", _put_zigzag($timestamp_delta), _put_zigzag($offset_delta),
        _put_bytes($record->{key}), _put_bytes($record->{value}), _put_zigzag(scalar @headers),
        map { _put_bytes($_->[0]) . _put_bytes($_->[1]) } @headers;
    return _put_zigzag(length $body) . $body;
}

sub _largest {
    my ($largest) = @_;
    for (@_) { $largest = $_ if $_ > $largest; }
    return $largest // -1;
}

sub _put_bytes {
    my ($bytes) = @_;
    return defined $bytes ? _put_zigzag(length $bytes) . $bytes : _put_zigzag(-1);
}

sub _put_zigzag {
    my ($number) = @_;
    my $rest     = $number < 0 ? -2 * $number - 1 : 2 * $number;
    my $bytes    = '';
    for (; $rest > 0x7f; $rest >>= 7) { $bytes .= chr(($rest & 0x7f) | 0x80); }
    return $bytes . chr $rest;
}

# --- Reading ---------------------------------------------------------------------------------------

# read_batches($bytes): one hash per whole batch: its header fields, `crc_ok`, `codec`, `bytes` and, where the
# codec can be read, `records` with offset, timestamp, key, value and headers. An incomplete last batch is
# left out.
sub read_batches {
    my ($bytes) = @_;
    my @batches;
    my $at = 0;
    while (length($bytes // '') - $at >= 61) {
        my $size = 12 + unpack('l>', substr($bytes, $at + 8, 4));
        last if $at + $size > length $bytes;
        push @batches, _read_batch(substr($bytes, $at, $size));
        $at += $size;
    }
    return @batches;
}

# The whole batches of a Fetch answer, as they came: for comparing with what was produced.
sub batch_bytes {
    return map { $_->{bytes} } read_batches(@_);
}

sub _read_batch {
    my ($bytes) = @_;
    my %batch = (bytes => $bytes);
    @batch{
        qw(base_offset length partition_leader_epoch magic crc attributes last_offset_delta base_timestamp
            max_timestamp producer_id producer_epoch base_sequence count)
    } = unpack('q> l> l> c L> s> l> q> q> q> s> l> l>', $bytes);
    $batch{crc_ok} = crc32c(substr($bytes, 21)) == $batch{crc} ? 1 : 0;
    ($batch{codec}) = grep { $codec{$_} == ($batch{attributes} & 7) } keys %codec;
    my $payload = substr($bytes, 61);
    $payload        = Compress::Zlib::memGunzip($payload) if $batch{codec} eq 'gzip';
    $batch{records} = _read_records(\%batch, $payload)    if $batch{codec} =~ /^(none|gzip)$/;
    return \%batch;
}

sub _read_records {
    my ($batch, $payload) = @_;
    my @records;
    pos($payload) = 0;
    for (1 .. $batch->{count}) {
        my $length = _take_zigzag(\$payload);
        pos($payload) += 1;    # attributes, unused
        my %record = (timestamp => $batch->{base_timestamp} + _take_zigzag(\$payload));
        $record{timestamp} = $batch->{max_timestamp} if $batch->{attributes} & 8;
        $record{offset}    = $batch->{base_offset} + _take_zigzag(\$payload);
        $record{key}       = _take_bytes(\$payload);
        $record{value}     = _take_bytes(\$payload);
        $record{headers} =
            [map { [_take_bytes(\$payload), _take_bytes(\$payload)] } 1 .. _take_zigzag(\$payload)];
        push @records, \%record;
    }
    die 'batch has bytes after its last record' if pos($payload) != length $payload;
    return \@records;
}

sub _take_bytes {
    my ($bytes) = @_;
    my $length = _take_zigzag($bytes);
    return undef if $length < 0;
    my $taken = substr($$bytes, pos($$bytes), $length);
    pos($$bytes) += $length;
    return $taken;
}

sub _take_zigzag {
    my ($bytes) = @_;
    my ($number, $shift) = (0, 0);
    while ($$bytes =~ /\G(.)/gcs) {
        my $byte = ord $1;
        $number |= ($byte & 0x7f) << $shift;
        $shift += 7;
        return $number & 1 ? -($number >> 1) - 1 : $number >> 1 if $byte < 0x80;
    }
    die 'record ends too early';
}

1;
