# Floods of requests that are valid, or nearly: bombs, connections, requests without end or without hurry, and requests for
# more than there is. Others are served all the while, memory is bounded by the settings and given back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Bystander;
use Compress::Zlib ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Codec qw(put_varint);
use Test::More;
use Time::HiRes qw(time);

my $mib    = 2**20;
my $size   = $ENV{FLOOD_SIZE} // 1;    # 10 for attacks ten times as long
my %limits = (request_memory => '16MB', response_memory => '16MB', tail_cache => '8MB', max_decompressed_bytes => '16MB');
my $broker = KafkaTest->start(
    'pg_kafka.max_connections' => 600,
    'max_locks_per_transaction' => 64,
    map { ("pg_kafka.$_" => $limits{$_}) } keys %limits);
my $server = $broker->server or plan skip_all => 'looks at the memory and the log of our own server';
my $allowed = (16 + 16 + 8 + 2 * 16 + 32) * $mib;    # the limits, a batch before and after it is unpacked, and a bit
my $kept    = (8 + 16) * $mib;                       # the tail cache, and a bit

sub under_attack {
    my ($what, $attack) = @_;
    my $bystander = Bystander->watch($broker);
    $attack->();
    my $seen = $bystander->was_served($what);
    $bystander->memory_was_bounded($what, $seen, $allowed, $kept);
    return;
}

# --- Bombs -----------------------------------------------------------------------------------------

# The bytes of a record with a value of that many zeros, up to the zeros; one more ends it (no headers).
sub before_zeros {
    my ($zeros) = @_;
    my $value_length = put_varint(2 * $zeros);
    my $fields       = "\0\0\0\1" . $value_length;
    return put_varint(2 * (length($fields) + $zeros + 1)) . $fields;
}

# Each codec's way to say "these few bytes, and then so many zeros".
my %bomb = (
    gzip => sub { Compress::Zlib::memGzip($_[0] . "\0" x $_[1]) },
    snappy => sub {
        my ($start, $zeros) = @_;
        my $copies = int(($zeros - 1) / 64);
        my $rest   = $zeros - 64 * $copies;
        my $text   = "$start\0";
        return put_varint(length($start) + $zeros) . chr((length($text) - 1) << 2) . $text
            . ("\xfe\1\0" x $copies) . ($rest > 1 ? chr(($rest - 2) << 2 | 2) . "\1\0" : '');
    },
    lz4 => sub {
        my ($start, $zeros) = @_;
        my $block = sub {    # at most 4 MiB; its last five bytes have to be literal
            my ($text, $run) = @_;
            my $match = $run - 5 - 19;
            return chr((length $text) << 4 | 15) . $text . "\1\0" . ("\xff" x ($match / 255)) . chr($match % 255) . "\x50" . "\0" x 5;
        };
        my ($frame, $text) = ("\x04\x22\x4d\x18\x60\x70\x73", "$start\0");
        $zeros--;
        while ($zeros > 0) {
            my $run = $zeros > 3 * $mib ? 2 * $mib : $zeros;
            my $bytes = $block->($text, $run);
            $frame .= pack('L<', length $bytes) . $bytes;
            $zeros -= $run;
            last if $zeros == 0;
            ($text, $zeros) = ("\0", $zeros - 1);
        }
        return $frame . "\0\0\0\0";
    },
    zstd => sub {
        my ($start, $zeros) = @_;
        my $block = sub { my ($last, $type, $length, $bytes) = @_; substr(pack('L<', $length << 3 | $type << 1 | $last), 0, 3) . $bytes };
        my $frame = "\x28\xb5\x2f\xfd\0\x58" . $block->(0, 0, length $start, $start);
        for (; $zeros > 2**17; $zeros -= 2**17) { $frame .= $block->(0, 1, 2**17, "\0"); }
        return $frame . $block->(1, 1, $zeros, "\0");
    });
my %attribute = (gzip => 1, snappy => 2, lz4 => 3, zstd => 4);
my $target    = $broker->create_topic('target', configs => { 'max.message.bytes' => 4 * $mib });

sub bomb_of {
    my ($codec, $zeros) = @_;
    my $payload = $bomb{$codec}->(before_zeros($zeros), $zeros + 1);
    return build_batch([{}], attributes => $attribute{$codec}, payload => $payload);
}

sub error_of { return produce($_[0], 9, $target, { 0 => $_[1] })->{0}{error_code}; }

for my $codec (sort keys %bomb) {
    my $client = $broker->connect;
    error_is(error_of($client, bomb_of($codec, 15 * $mib)), 'NONE', "$codec: 15 MiB of zeros are a batch like any other");
    my $large = bomb_of($codec, 60 * $mib);
    note(sprintf "$codec: a bomb of %d bytes", length $large);
    under_attack("bombs in $codec", sub {
        my @clients = map { $broker->connect } 1 .. 5;
        for (1 .. 4 * $size) {
            $_->send_request('Produce', 9, { topic_data => [{ name => $target->{name}, partition_data => [{ index => 0, records => $large }] }] }) for @clients;
            my @errors = map { $_->receive->{responses}[0]{partition_responses}[0]{error_code} } @clients;
            is_deeply(\@errors, [(10) x 5], "$codec: 60 MiB of zeros are too large");
        }
    });
}

# --- Connections -----------------------------------------------------------------------------------

$server->expect_in_log(qr/too many connections/);
under_attack('connects', sub {
    for (1 .. 10 * $size) {
        my @clients = map { $broker->connect } 1 .. 250;
        $_->close(reset => int rand 2) for @clients;
    }
});

under_attack('more connections than there may be', sub {
    my @clients = map { $broker->connect } 1 .. 900;
    ok($clients[899]->closed_by_peer, 'one too many is disconnected');
    my $open = grep { !$_->readable } @clients;
    cmp_ok($open, '<=', 600, 'as many as may be are open');
    $_->close for @clients;
    # Whoever is next finds a place again.
    wait_until('a place', sub { my $next = $broker->connect; eval { $next->call('ApiVersions', 0, {}) } });
});

under_attack('half-open connections', sub {
    my @clients = map { $broker->connect } 1 .. 500;
    for my $i (0 .. $#clients) {    # the beginning of a size, of a header, of a large body; or nothing
        $clients[$i]->send_raw(substr pack('l> s> s> l> s>', 10 * $mib, 0, 9, 1, -1) . 'x' x 20_000, 0, (0, 2, 4, 9, 14, 20_000)[$i % 6]);
        $clients[$i]{socket}->shutdown(1) if $i % 5 == 0;
    }
    is(scalar(grep { $clients[$_]->closed_by_peer } grep { $_ % 5 == 0 } 0 .. 499), 100, 'those that say that they have ended are closed');
    $_->close(reset => 1) for @clients;
});

# --- Requests that take their time -----------------------------------------------------------------

# One byte to each of three hundred connections in turn, for as long as a Metadata request has bytes.
under_attack('writers of one byte at a time', sub {
    my @clients = map { $broker->connect } 1 .. 300;
    my @frames  = map { $_->request_frame('Metadata', 9, { topics => [{ name => $target->{name} }] }) } @clients;
    for my $at (0 .. length($frames[0]) - 1) {
        $clients[$_]->send_raw(substr $frames[$_], $at, 1) for 0 .. $#clients;
    }
    is(scalar(grep { $_->receive->{topics}[0]{name} eq $target->{name} } @clients), 300, 'all are answered in the end');
});

# Each asks twice for all that there is, and takes a few bytes at a time.
my $large = $broker->create_topic('large', configs => { 'max.message.bytes' => 20 * $mib });
produce_values($broker->connect, $large, 'v' x (12 * $mib)) for 1 .. 2;    # more than what a socket takes
under_attack('slow readers of large fetches', sub {
    my @clients = map { $broker->connect } 1 .. 20;
    my $much    = { max_bytes => 50 * $mib, topics => [fetch_partitions($large, { 0 => { fetch_offset => 0, partition_max_bytes => 50 * $mib } })] };
    for my $round (1 .. 10 * $size) {
        for my $client (@clients) {
            if ($round <= 2) {    # those for which there is no memory are answered, too, without records
                $client->send_request('Fetch', 12, $much);
                wait_until('the response begins', sub { $client->readable });
            }
            $client->{socket}->sysread(my $few, 1000) if $client->readable;
        }
    }
    cmp_ok($server->sql('SELECT response_memory FROM kafka.status'), '>', 8 * $mib, 'they hold much of the memory for responses');
    $_->close(reset => 1) for @clients;
    $server->wait_for('all memory for responses', sub { $server->sql('SELECT response_memory FROM kafka.status') eq '0' });
});

# --- Requests in numbers ---------------------------------------------------------------------------

# The writer does not read before it has sent everything, so the broker has to stop reading from it.
under_attack('pipelines of 10,000 requests', sub {
    for my $case (['ApiVersions', 0, {}], ['Metadata', 9, { topics => [{ name => $target->{name} }] }],
        ['ListOffsets', 7, { topics => [{ name => $target->{name}, partitions => [{ timestamp => -1 }] }] }])
    {
        my $client = $broker->connect;
        my $frames = join '', map { $client->request_frame(@$case) } 1 .. 10_000;
        my $writer = fork // die "fork: $!";
        if (!$writer) { $client->send_raw($frames); POSIX::_exit(0); }
        my $answered = 0;
        $answered += defined $client->receive for 1 .. 10_000;    # receive() asserts their order
        is($answered, 10_000, "10,000 times $case->[0] at once are answered in order");
        waitpid $writer, 0;
    }
    my $client = $broker->connect;
    my $one    = { topic_data => [{ name => $target->{name}, partition_data => [{ index => 0, records => batch_of('p') }] }] };
    my $frames = join '', map { $client->request_frame('Produce', 9, $one) } 1 .. 10_000;
    my $writer = fork // die "fork: $!";
    if (!$writer) { $client->send_raw($frames); POSIX::_exit(0); }
    my @offsets = map { $client->receive->{responses}[0]{partition_responses}[0]{base_offset} } 1 .. 10_000;
    is_deeply(\@offsets, [$offsets[0] .. $offsets[0] + 9_999], '10,000 times Produce at once are answered in order');
    waitpid $writer, 0;
});

under_attack('requests for 100,000 unknown topics', sub {
    my @names = map { "unknown-$_" } 1 .. 100_000;
    for my $case (['Metadata', 9, { topics => [map { { name => $_ } } @names], allow_auto_topic_creation => 0 }, 'topics'],
        ['ListOffsets', 7, { topics => [map { { name => $_, partitions => [{ timestamp => -1 }] } } @names] }, 'topics'],
        ['Fetch', 12, { topics => [map { { topic => $_, partitions => [{}] } } @names] }, 'responses'],
        ['DeleteTopics', 5, { topic_names => \@names }, 'responses'])
    {
        my ($name, $version, $request, $list) = @$case;
        my $client = $broker->connect;
        my $frame  = $client->request_frame($name, $version, $request);
        for my $round (1 .. $size) {
            my $began = time;
            $client->send_raw($round == 1 ? $frame : $client->request_frame($name, $version, $request));
            my $bytes = length $client->receive_frame;
            shift @{ $client->{pending} };
            note(sprintf '%s: %d bytes are answered by %d in %.0f ms', $name, length $frame, $bytes, 1000 * (time - $began));
            cmp_ok($bytes, '>', 100_000 * 15, "$name: each has its answer");
        }
    }
});

under_attack('fetches over all partitions with tiny limits', sub {
    my $wide    = $broker->create_topic('wide', num_partitions => 2000);
    my $client  = $broker->connect;
    my $records = batch_of('w');
    my $told    = produce($client, 9, $wide, { map { $_ => $records } 0 .. 1999 });
    is(scalar(grep { $_->{error_code} == 0 } values %$told), 2000, 'a record in each of 2000 partitions');
    my @clients = map { $broker->connect } 1 .. 10;
    my $tiny    = { max_bytes => 1, min_bytes => 1, max_wait_ms => 1000,
        topics => [fetch_partitions($wide, { map { $_ => { fetch_offset => 0, partition_max_bytes => 1 } } 0 .. 1999 })] };
    for (1 .. 3 * $size) {
        $_->send_request('Fetch', 12, $tiny) for @clients;
        my @answers = map { $_->receive->{responses}[0]{partitions} } @clients;
        is(scalar(grep { length($_->{records} // '') } map { @$_ } @answers), 10, 'each gets one batch of one partition');
    }
});

# --- Afterwards ------------------------------------------------------------------------------------

$server->wait_for('all memory for requests', sub { $server->sql('SELECT request_memory FROM kafka.status') eq '0' });
# Nearly all of a small memory for requests is taken by one that is not finished: should anything else still be charged,
# nobody would be read from until that client is thrown out.
$server->set('pg_kafka.request_memory' => '1MB', 'pg_kafka.node_id' => 9);
my $client = $broker->connect;
wait_until('the settings take effect', sub { metadata($client, 9, [])->{controller_id} == 9 });
my $holder = $broker->connect;
my $batch  = build_batch([{ value => 'h' x 1_020_000 }]);
my $frame  = $holder->request_frame('Produce', 9, { topic_data => [{ name => $target->{name}, partition_data => [{ index => 0, records => $batch }] }] });
$holder->send_raw(substr $frame, 0, 1_000_000);
is(scalar(grep { metadata($client, 9, [])->{controller_id} == 9 } 1 .. 20), 20, 'requests beside one that takes nearly all memory for requests');
$holder->send_raw(substr $frame, 1_000_000);
error_is($holder->receive->{responses}[0]{partition_responses}[0]{error_code}, 'NONE', 'which is then accepted');
is($server->log_count(qr/left a request unfinished/), 0, 'nothing of the memory for requests had got lost');
my $lines = () = $server->log_text =~ /\n/g;
cmp_ok($lines, '<', 400, 'the log is short');
$broker->finish;
