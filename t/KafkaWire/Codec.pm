# The test client's codec: messages of the Kafka protocol to and from bytes, driven by compact schema text.
# It shares nothing with src/wire, so that a mistake there cannot hide here.
#
# Schema text is a list of fields, separated by white space:
#     name:type[?[versions]][(versions)][#tag][=default]
#   type      int8 int16 uint16 int32 int64 float64 bool uuid string bytes records; [type] or [fields]: an array; {fields}
#   ?         the field may be null; ?10+ says: from version 10
#   (3-8)     the versions that have the field; without it: all
#   #0        a tagged field with that tag (flexible versions only)
#   =-1       what is sent where the caller gives nothing; without it 0, "", [] or null
# A uuid is 32 hexadecimal digits, a string its UTF-8 bytes, int64 a Perl integer.
package KafkaWire::Codec;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(parse_schema encode decode put_varint take_varint);

my $endless = 32767;
my $no_uuid = '0' x 32;
my %fixed = (int8 => ['c', 1], int16 => ['s>', 2], uint16 => ['S>', 2], int32 => ['l>', 4], int64 => ['q>', 8], float64 => ['d>', 8], bool => ['C', 1]);

# --- Schema text -> list of field descriptions ---------------------------------------------------

sub parse_schema {
    my ($text) = @_;
    my $fields = _parse_fields(\$text);
    $text =~ /\G\s*\z/gc or die 'schema: left over: ' . substr($text, pos($text) // 0);
    return $fields;
}

sub _parse_fields {
    my ($text) = @_;
    my @fields;
    while ($$text =~ /\G\s*(\w+):/gc) {
        my %field = (name => "$1", since => 0, until => $endless);
        $field{type}                      = _parse_type($text);
        @field{qw(null_since null_until)} = _range($1) if $$text =~ /\G\?(\d+(?:\+|-\d+)?)?/gc;
        @field{qw(since until)}           = _range($1) if $$text =~ /\G\((\d+(?:\+|-\d+)?)\)/gc;
        $field{tag}                       = $1         if $$text =~ /\G#(\d+)/gc;
        $field{default}                   = $1         if $$text =~ /\G=(\S*?)(?=[\s\]}]|\z)/gc;
        push @fields, \%field;
    }
    return \@fields;
}

sub _range {
    my ($text) = @_;
    return (0,  $endless)                                             if !defined $text;
    return ($1, $2 eq '' ? $1 : $2 eq '+' ? $endless : substr($2, 1)) if $text =~ /^(\d+)(\+|-\d+|)$/;
    die "schema: no range: $text";
}

sub _parse_type {
    my ($text) = @_;
    if ($$text =~ /\G\[/gc) {
        my $element = $$text =~ /\G\s*(?=\w+:)/gc ? { struct => _parse_fields($text) } : _parse_type($text);
        $$text =~ /\G\s*\]/gc or die 'schema: ] missing';
        return { array => $element };
    }
    if ($$text =~ /\G\{/gc) {
        my $fields = _parse_fields($text);
        $$text =~ /\G\s*\}/gc or die 'schema: } missing';
        return { struct => $fields };
    }
    $$text =~ /\G(\w+)/gc or die 'schema: type missing';
    return $1;
}

# --- Message -> bytes ----------------------------------------------------------------------------

# encode(\@fields, \%message, $version, $is_flexible): the bytes of a message's body. A key that no version of
# the schema knows is an error; one that this version does not have is left out. `_tags => { 77 => $bytes }`
# adds tagged fields that the schema does not know.
sub encode {
    my ($fields, $message, $version, $flexible) = @_;
    _check_keys($fields, $message);
    my ($bytes, %tagged) = ('');
    for my $field (grep { _present($_, $version) } @$fields) {
        my $value =
            exists $message->{ $field->{name} } ? $message->{ $field->{name} } : _default($field, $version);
        if (defined $field->{tag}) {
            next if !exists $message->{ $field->{name} };
            $tagged{ $field->{tag} } = _encode_value($field, $field->{type}, $value, $version, $flexible);
            next;
        }
        $bytes .= _encode_value($field, $field->{type}, $value, $version, $flexible);
    }
    return $bytes if !$flexible;
    %tagged = (%tagged, %{ $message->{_tags} // {} });
    $bytes .= put_varint(scalar keys %tagged);
    $bytes .= put_varint($_) . put_varint(length $tagged{$_}) . $tagged{$_}
        for sort { $a <=> $b } keys %tagged;
    return $bytes;
}

sub _check_keys {
    my ($fields, $message) = @_;
    my %known = map { $_->{name} => 1 } @$fields;
    for my $name (keys %$message) {
        die "no field named $name" if !$known{$name} && $name !~ /^_/;
    }
    return;
}

sub _present {
    my ($field, $version) = @_;
    return $version >= $field->{since} && $version <= $field->{until};
}

sub _nullable {
    my ($field, $version) = @_;
    return
        defined $field->{null_since} && $version >= $field->{null_since} && $version <= $field->{null_until};
}

# A byte in front of a struct says whether it is there, if the struct itself may be null and has no tag.
sub _marked {
    my ($field, $type, $version) = @_;
    return $type == $field->{type} && !defined $field->{tag} && _nullable($field, $version);
}

sub _default {
    my ($field, $version) = @_;
    my $type = $field->{type};
    return $field->{default} if defined $field->{default};
    return undef             if _nullable($field, $version);
    return
        ref $type ? ($type->{array} ? [] : {}) : $type eq 'uuid' ? $no_uuid : $type =~ /^u?int|float|bool/ ? 0 : '';
}

sub _encode_value {
    my ($field, $type, $value, $version, $flexible) = @_;
    die "$field->{name} may not be null in version $version"
        if !defined $value && !_nullable($field, $version);
    if (ref $type && $type->{array}) {
        return _put_count($value, $flexible) if !defined $value;
        return join '', _put_count($value, $flexible),
            map { _encode_value($field, $type->{array}, $_, $version, $flexible) } @$value;
    }
    if (ref $type) {
        my $marked = _marked($field, $type, $version);
        return pack('c', -1) if $marked && !defined $value;
        return ($marked ? pack('c', 1) : '') . encode($type->{struct}, $value, $version, $flexible);
    }
    return pack("$fixed{$type}[0]", $value) if $fixed{$type};
    return pack('H32',              $value) if $type eq 'uuid';
    my $length = defined $value ? length $value : -1;
    my $head =
        $flexible ? put_varint($length + 1) : $type eq 'string' ? pack('s>', $length) : pack('l>', $length);
    return $head . ($value // '');
}

sub _put_count {
    my ($array, $flexible) = @_;
    my $count = defined $array ? scalar @$array : -1;
    return $flexible ? put_varint($count + 1) : pack('l>', $count);
}

sub put_varint {
    my ($number) = @_;
    my $bytes = '';
    while ($number > 0x7f) {
        $bytes .= chr(($number & 0x7f) | 0x80);
        $number >>= 7;
    }
    return $bytes . chr($number);
}

# --- Bytes -> message ----------------------------------------------------------------------------

# decode(\@fields, \$bytes, $version, $is_flexible): reads on from pos($bytes). Dies where the bytes end too
# early. Tagged fields that the schema does not know come back in `_tags`.
sub decode {
    my ($fields, $bytes, $version, $flexible) = @_;
    my %message;
    for my $field (grep { _present($_, $version) && !defined $_->{tag} } @$fields) {
        $message{ $field->{name} } = _decode_value($field, $field->{type}, $bytes, $version, $flexible);
    }
    _decode_tags($fields, \%message, $bytes, $version) if $flexible;
    return \%message;
}

sub _decode_tags {
    my ($fields, $message, $bytes, $version) = @_;
    my %by_tag = map { $_->{tag} => $_ } grep { defined $_->{tag} && _present($_, $version) } @$fields;
    for (1 .. take_varint($bytes)) {
        my $tag   = take_varint($bytes);
        my $value = _take($bytes, take_varint($bytes));
        my $field = $by_tag{$tag};
        if (!$field) { $message->{_tags}{$tag} = $value; next; }
        pos($value) = 0;
        $message->{ $field->{name} } = _decode_value($field, $field->{type}, \$value, $version, 1);
        die "tagged field $field->{name}: bytes left over" if pos($value) != length $value;
    }
    return;
}

sub _decode_value {
    my ($field, $type, $bytes, $version, $flexible) = @_;
    if (ref $type && $type->{array}) {
        my $count = $flexible ? take_varint($bytes) - 1 : unpack('l>', _take($bytes, 4));
        return _null($field, $version) if $count < 0;
        return [map { _decode_value($field, $type->{array}, $bytes, $version, $flexible) } 1 .. $count];
    }
    if (ref $type) {
        return undef if _marked($field, $type, $version) && unpack('c', _take($bytes, 1)) < 0;
        return decode($type->{struct}, $bytes, $version, $flexible);
    }
    return unpack($fixed{$type}[0], _take($bytes, $fixed{$type}[1])) if $fixed{$type};
    return unpack('H32',            _take($bytes, 16))               if $type eq 'uuid';
    my $length =
          $flexible         ? take_varint($bytes) - 1
        : $type eq 'string' ? unpack('s>', _take($bytes, 2))
        :                     unpack('l>', _take($bytes, 4));
    return $length < 0 ? _null($field, $version) : _take($bytes, $length);
}

sub _null {
    my ($field, $version) = @_;
    die "$field->{name} is null in version $version" if !_nullable($field, $version);
    return undef;
}

sub _take {
    my ($bytes, $length) = @_;
    my $from = pos($$bytes) // 0;
    die "message ends too early at $from" if $from + $length > length $$bytes;
    pos($$bytes) = $from + $length;
    return substr($$bytes, $from, $length);
}

sub take_varint {
    my ($bytes) = @_;
    my $number = 0;
    for (my $shift = 0; $shift < 70; $shift += 7) {
        my $byte = ord _take($bytes, 1);
        $number |= ($byte & 0x7f) << $shift;
        return $number if $byte < 0x80;
    }
    die 'varint too long';
}

1;
