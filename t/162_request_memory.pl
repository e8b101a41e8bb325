# With very little memory for requests everybody is served all the same, one after the other, and what waits for something
# to happen holds none of it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker  = KafkaTest->start('pg_kafka.request_memory' => '1MB', 'pg_kafka.tail_cache' => '64MB');
my $server  = $broker->server;
my $client  = $broker->connect;
my $forever = 2**31 - 1;
my $topic   = $broker->create_topic('squeezed', num_partitions => 2);
my $big     = build_batch([{ value => 'b' x 900_000 }]);    # two of them are more than all the memory

sub produce_request {
    my ($partition, $records) = @_;
    my $data = [{ index => $partition, records => $records }];
    return ('Produce', 9, { topic_data => [{ name => $topic->{name}, partition_data => $data }] });
}

# A long poll for partition 1, in a frame of about that many bytes.
sub long_poll {
    my ($asking, $offset, $bytes) = @_;
    my $topics = [fetch_partitions($topic, { 1 => { fetch_offset => $offset } })];
    return $asking->send_request('Fetch', 12,
        { max_wait_ms => $forever, min_bytes => 1, topics => $topics, _tags => { 77 => 'x' x $bytes } });
}

sub end_of { return list_offset($client, 7, $topic, -1, partition_index => $_[0])->{offset}; }

# A big batch on a connection of its own: more than is left if anything is being held.
sub there_is_memory {
    my ($test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $producer = $broker->connect;
    return error_is(produce($producer, 9, $topic, { 0 => $big })->{0}{error_code}, 'NONE', $test);
}

# --- More than there is memory for -----------------------------------------------------------------

# All send a little at a time, so that all are unfinished together.
my (@producers, @unsent);
for (1 .. 30) {
    my $producer = $broker->connect;
    push @producers, $producer;
    push @unsent, $producer->request_frame(produce_request(0, $big));
}
for my $producer (@producers) { $producer->{socket}->blocking(0); }
while (grep { length } @unsent) {
    for my $i (0 .. $#producers) {
        next if !length $unsent[$i];
        my $sent = syswrite $producers[$i]{socket}, $unsent[$i], 50_000;
        substr $unsent[$i], 0, $sent, '' if $sent;
        die "a producer was refused: $!" if !defined $sent && !$!{EAGAIN};
    }
}
for my $producer (@producers) { $producer->{socket}->blocking(1); }
my @told = map { $_->receive->{responses}[0]{partition_responses}[0] } @producers;
is(scalar(grep { $_->{error_code} == 0 } @told), 30, 'thirty batches of 900 kB, sent together, are all accepted');
is_deeply([sort { $a <=> $b } map { $_->{base_offset} } @told], [0 .. 29], 'each once');
there_is_memory('afterwards the memory is there again');
$_->send_raw($_->request_frame(produce_request(0, $big))) for @producers[0 .. 2];
$_->close(reset => 1) for @producers;
there_is_memory('so it is after producers have vanished in the middle');
$_->send_raw(substr $_->request_frame(produce_request(0, $big)), 0, 800_000) for my @gone = map { $broker->connect } 1 .. 3;
$_->close for @gone;
there_is_memory('or within a request');

# --- Long polls ------------------------------------------------------------------------------------

my @polling = map { $broker->connect } 1 .. 200;
long_poll($_, 0, 100_000) for @polling;
there_is_memory("producer $_ goes on beside 200 long polls of 100 kB") for 1 .. 3;
is(scalar(grep { $_->readable } @polling), 0, 'they wait');
produce($client, 9, $topic, { 1 => batch_of('news') });
my @woken = map { (records_of([read_batches($_->receive->{responses}[0]{partitions}[0]{records})]))[0]{value} } @polling;
is_deeply(\@woken, [('news') x 200], 'all of them are woken');

# Nor do some that are larger than all the memory, whether they wait or not.
my @large = map { $broker->connect } 1 .. 3;
long_poll($_, 1, 2_000_000) for @large;
there_is_memory("producer $_ goes on beside long polls of 2 MB") for 1 .. 3;
$_->close for @large;

# --- Requests behind long polls --------------------------------------------------------------------

for my $poller (@polling[0 .. 4]) {
    long_poll($poller, 1, 10);
    $poller->send_request('Metadata', 9, { topics => [], _tags => { 77 => 'x' x 700_000 } });
}
there_is_memory("producer $_ goes on while large requests wait behind long polls") for 1 .. 3;
produce($client, 9, $topic, { 1 => batch_of('more news') });
my @behind = map { [$_->receive->{responses}[0]{partitions}[0]{high_watermark}, scalar @{ $_->receive->{brokers} }] } @polling[0 .. 4];
is_deeply(\@behind, [([2, 1]) x 5], 'when those have ended they are answered in order');

# --- A change of the limit -------------------------------------------------------------------------

$server->set('pg_kafka.request_memory' => '64MB', 'pg_kafka.node_id' => 9);
wait_until('the settings take effect', sub { metadata($client, 9, [])->{controller_id} == 9 });
my @holders = map { $broker->connect } 1 .. 10;
$_->send_raw(substr $_->request_frame(produce_request(0, $big)), 0, 800_000) for @holders;
there_is_memory('with more memory ten unfinished requests of 800 kB hold up nobody');
$_->close for @holders;
is_deeply([grep { $_->readable } @polling], [], 'nobody was disconnected or answered twice');
$broker->finish;
