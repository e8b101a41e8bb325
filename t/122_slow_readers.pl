# Consumers that ask for much and take nothing: their memory is bounded over all of them, others are served, and
# what they held is given back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;
use Time::HiRes qw(time);

my $mib    = 2**20;
my $broker = KafkaTest->start(
    'pg_kafka.tail_cache'      => '1MB',
    'pg_kafka.response_memory' => '16MB',
    'shared_buffers'           => '128MB');
my $server = $broker->server or plan skip_all => 'looks at the memory of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('slow');
my $value  = 'v' x 500_000;
produce_values($client, $topic, $value) for 1 .. 120;

# Memory of the broker's process, without what it shares with the server.
sub broker_memory {
    open my $status, '<', '/proc/' . $server->pid_of('broker') . '/status' or die "no status: $!";
    my ($kib) = join('', readline $status) =~ /^RssAnon:\s+(\d+) kB/m;
    return $kib * 1024;
}

sub ask_for_much {
    my ($asking) = @_;
    my $wanted = { 0 => { fetch_offset => 0, partition_max_bytes => 50 * $mib } };
    return $asking->send_request('Fetch', 12,
        { max_bytes => 50 * $mib, topics => [fetch_partitions($topic, $wanted)] });
}

sub bytes_for {
    my ($asking) = @_;
    ask_for_much($asking);
    return length $asking->receive->{responses}[0]{partitions}[0]{records};
}

my $turn = 1.5 * $mib;    # about what a turn reads from tables for all
cmp_ok(bytes_for($client), '>', $turn, 'a consumer alone gets all that a turn reads');

my $before  = broker_memory();
my @readers = map { $broker->connect } 1 .. 60;
for my $reader (@readers) {
    ask_for_much($reader);
    ask_for_much($reader);    # and another right behind it
    wait_until('the response begins', sub { $reader->readable });
}
my $held = broker_memory() - $before;
note("held $held bytes");
cmp_ok($held, '<', (16 + 60 + 60) * $mib, 'sixty readers hold the limit, and one batch and a bit each');

cmp_ok(bytes_for($client), '>=', 500_000, 'another consumer gets a batch all the same');
is(list_offset($client, 7, $topic, -1)->{offset}, 120, 'other requests are served');
is(produce_values($client, $topic, 'x'), 120, 'and producers');

$_->close for @readers;
wait_until('a consumer gets as much as before', sub { bytes_for($client) > $turn });

# One batch for each is too much, too, where batches are large: larger than what the sockets' buffers take, which is about 10 MB.
my $batch = 15 * $mib;
my $large = $broker->create_topic('large', configs => { 'max.message.bytes' => 20 * $mib });
produce_values($client, $large, 'v' x $batch);
produce_values($client, $topic, 'x' x 900_000) for 1 .. 2;    # which drives it out of the tail cache

sub ask_for_large {
    my ($asking, $max_wait_ms) = @_;
    my $wanted = { 0 => { fetch_offset => 0, partition_max_bytes => 1 } };
    return $asking->send_request('Fetch', 12,
        { max_wait_ms => $max_wait_ms, min_bytes => 1, topics => [fetch_partitions($large, $wanted)] });
}

sub large_bytes { return length $_[0]->receive->{responses}[0]{partitions}[0]{records} // ''; }

$before  = broker_memory();
@readers = map { $broker->connect } 1 .. 8;
ask_for_large($_, 2**31 - 1) for @readers;
$server->wait_for('six readers wait for memory', sub { $server->sql('SELECT parked_requests FROM kafka.status') == 6 });
$held = broker_memory() - $before;
note("held $held bytes");
cmp_ok($held, '<', (16 + 8) * $mib + $batch, 'readers of large batches hold the limit, one batch and a bit');
is(list_offset($client, 7, $large, -1)->{offset}, 1, 'other requests are served');
ask_for_large($client, 100);
is(large_bytes($client), 0, 'who waits until the deadline gets nothing');
my $end = list_offset($client, 7, $topic, -1)->{offset};
produce_values($client, $topic, 'new');
values_are(fetch($client, 12, $topic, $end), ['new'], 'what is in memory is read all the same');
is((grep { large_bytes($_) > $batch } @readers), 8, 'all get theirs as the ones before them take it');
ask_for_large($_, 2**31 - 1) for @readers;
$server->wait_for('they wait again', sub { $server->sql('SELECT parked_requests FROM kafka.status') == 6 });
ask_for_large($client, 2**31 - 1);
$_->close for @readers;
cmp_ok(large_bytes($client), '>', $batch, 'or when those are gone');
$server->wait_for('all memory', sub { $server->sql('SELECT response_memory + parked_requests FROM kafka.status') == 0 });
$broker->finish;
