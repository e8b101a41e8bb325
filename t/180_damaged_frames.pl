# Damaged requests in numbers: valid requests of every API and version with a few bytes flipped, lost, doubled or cut off,
# and sizes that lie. Each is answered or disconnected; others are served, memory comes back, the log stays short.
#
# DAMAGED_FRAMES=100000 for the full number, DAMAGED_SEED for other ones.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Bystander;
use Compress::Zlib ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Codec qw(encode);
use KafkaWire::Messages;
use Test::More;
use Time::HiRes qw(time);

my $frames = $ENV{DAMAGED_FRAMES} // 6000;
srand($ENV{DAMAGED_SEED} // 20240229);
my $mib    = 2**20;
my %limits = (request_memory => '16MB', response_memory => '16MB', tail_cache => '8MB', max_decompressed_bytes => '4MB');
my $broker = KafkaTest->start('pg_kafka.auto_create_topics' => 'off', map { ("pg_kafka.$_" => $limits{$_}) } keys %limits);
my $server = $broker->server or plan skip_all => 'looks at the memory and the log of our own server';
my $topic  = $broker->create_topic('damaged', num_partitions => 2);

# --- Valid requests --------------------------------------------------------------------------------

sub one_of { return $_[rand @_]; }

sub some_batch {
    my $records = [map { { key => "k$_", value => 'v' x rand 50, headers => [['h', 'x']] } } 1 .. 1 + int rand 4];
    return build_batch($records) if rand() < 0.5;
    # Damage below the checksum, under every codec.
    my $payload = join '', map { put_record($records->[$_], $_, 0) } 0 .. $#$records;
    my $codec = int rand 5;
    $payload = Compress::Zlib::memGzip($payload) if $codec == 1;
    return build_batch($records, attributes => $codec, payload => damaged($payload));
}

# A value for each field that a request can have: arrays have elements, names mostly exist.
sub example {
    my ($api, $type, $field) = @_;
    return [map { example($api, $type->{array}, $field) } 1 .. 1 + int rand 2] if ref $type && $type->{array};
    return { map { $_->{name} => example($api, $_->{type}, $_) } @{ $type->{struct} } } if ref $type;
    return some_batch()                                                            if $type eq 'records';
    return random_bytes(int rand 30)                                               if $type eq 'bytes';
    return $topic->{id}                                                            if $type eq 'uuid';
    return one_of($api =~ /^(Create|Delete)/ ? 'made' : $topic->{name}, 'missing') if $type eq 'string';
    return $field->{name} =~ /^(validate_only)$/ ? int rand 2 : 1                  if $type eq 'bool';
    return $field->{default} // one_of(0, 0, 1)                                    if $type =~ /^(?:int|float)/;
    die "no example for $type";
}

my @kinds = map { my $name = $_; map { [$name, $_] } KafkaWire::Messages::versions($name) } KafkaWire::Messages::names();
my @produce = grep { $_->[0] eq 'Produce' } @kinds;

sub valid_request {
    my ($name, $version) = @_;
    my $api      = KafkaWire::Messages::api($name);
    my $flexible = $version >= $api->{flexible};
    my $body     = encode($api->{request}, example($name, { struct => $api->{request} }), $version, $flexible);
    return pack('s> s> l> s>/a*', $api->{key}, $version, int rand 2**31, 'damaged') . ($flexible ? "\0" : '') . $body;
}

# --- Damage ----------------------------------------------------------------------------------------

sub random_bytes { return join '', map { chr int rand 256 } 1 .. $_[0]; }

# From byte $from on.
sub damaged {
    my ($bytes, $from) = @_;
    $from //= 0;
    for (1 .. 1 + int rand 3) {
        my $room = length($bytes) - $from;
        return $bytes if $room < 1;
        my $at    = $from + int rand $room;
        my $count = 1 + int rand 8;
        my $how   = int rand 6;
        substr($bytes, $at, 1) ^= chr(1 << int rand 8)                                                        if $how == 0;
        substr($bytes, $at, $count) = one_of("\xff", "\x7f", "\x80", "\0") x length substr $bytes, $at, $count if $how == 1;
        substr($bytes, $at, $count) = ''                                                                      if $how == 2;
        substr($bytes, $at, 0)      = random_bytes($count)                                                    if $how == 3;
        substr($bytes, $at, 0)      = substr $bytes, $at, 8 * $count                                          if $how == 4;
        $bytes = substr $bytes, 0, $at                                                                        if $how == 5;
    }
    return $bytes;
}

sub size_that_lies { return one_of(0, 1, $_[0] - 1, $_[0] + 1, $_[0] + 4096, 2**24, 2**31 - 1, -1, -$_[0], int rand 2**31); }

# --- The attack ------------------------------------------------------------------------------------

my $probe_id = 0x7ffffff0;
my $probe    = KafkaWire::frame(pack 's> s> l> s>', 18, 0, $probe_id, -1);
my %outcomes = (answered => 0, disconnected => 0, left => 0);
my %parked   = map { KafkaWire::Messages::api($_)->{key} => 1 } qw(Fetch JoinGroup SyncGroup);

# Sends one damaged request, and the probe behind it. True if the client is to wait for the probe's answer: some requests may
# be parked for long and a lying size may make the broker wait for more, so such a client leaves.
sub attack {
    my ($client) = @_;
    my ($name, $version) = @{ rand() < 0.2 ? one_of(@produce) : one_of(@kinds) };    # records are what matters most
    my $request = damaged(valid_request($name, $version), rand() < 0.8 ? 8 : 0);
    my $lies    = rand() < 0.1;
    $client->send_raw(pack('l>', $lies ? size_that_lies(length $request) : length $request) . $request . $probe);
    my $key = length $request < 2 ? -1 : unpack 's>', $request;
    return !$parked{$key} && !$lies;
}

# Reads whatever the damaged request is answered with, up to the probe's answer. False at the end of the connection.
sub still_connected {
    my ($client) = @_;
    while (defined(my $frame = $client->receive_frame)) {
        return 1 if unpack('l>', $frame) == $probe_id;
    }
    return 0;
}

sub settle {
    my ($slot) = @_;
    my $client = $slot->{client} // return;
    if ($slot->{waits} && still_connected($client)) { $outcomes{answered}++; return; }
    $outcomes{ $slot->{waits} ? 'disconnected' : 'left' }++;
    $client->close(reset => int rand 2);
    undef $slot->{client};
    return;
}

my $quiet = Bystander->watch($broker);
produce_values($broker->connect, $topic, "before $_") for 1 .. 100;
$quiet->was_served('before the attack');

my $bystander = Bystander->watch($broker);
my $began     = time;
my @slots     = map { {} } 1 .. 24;
for my $number (1 .. $frames) {
    my $slot = $slots[$number % @slots];
    settle($slot);
    $slot->{client} //= $broker->connect;
    $slot->{waits} = attack($slot->{client});
}
settle($_) for @slots;
note(join ', ', map { "$outcomes{$_} $_" } sort keys %outcomes);

my $what = 'damaged frames';
my $seen = $bystander->was_served($what);
my $sum  = 0;
$sum += $_ for values %outcomes;
is($sum, $frames, 'each damaged frame is answered or its client disconnected');
cmp_ok($outcomes{$_}, '>', $frames / 20, "many are $_") for sort keys %outcomes;
$bystander->memory_was_bounded($what, $seen, (16 + 16 + 8 + 2 * 4 + 32) * $mib, (8 + 16) * $mib);
cmp_ok($server->log_count(qr/ LOG:  (?!statement)/), '<', 50 + 7 * (time - $began), 'a few messages a second are in the log');

# What was stored of it is whole: every batch in both partitions can be read, by clients and by SQL.
for my $partition (0, 1) {
    my $client = $broker->connect;
    my $end    = list_offset($client, 7, $topic, -1, partition_index => $partition)->{offset};
    my $offset = 0;
    while ($offset < $end) {
        my $fetched = fetch($client, 12, $topic, $offset, partition => $partition, ask => { partition_max_bytes => $mib });
        my @batches = @{ $fetched->{batches} } or last;
        last if grep { !$_->{crc_ok} } @batches;
        $offset = $batches[-1]{base_offset} + $batches[-1]{last_offset_delta} + 1;
    }
    is($offset, $end, "partition $partition: whole batches up to the end");
    my $in_sql = $server->sql("SELECT count(*) || ' ' || coalesce(max(\"offset\") + 1, 0) FROM kafka.messages"
            . " WHERE topic = '$topic->{name}' AND partition = $partition");
    is($in_sql, "$end $end", "partition $partition: SQL reads as many");
    cmp_ok($end, '>', $frames / 1000, "partition $partition: some had been accepted");
}
$broker->finish;
