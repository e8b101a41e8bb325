# A turn that cannot be written is refused with an error that clients retry, and leaves everything as it was.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server;
my $client = $broker->connect;
my $topic  = $broker->create_topic('fragile');
$server->expect_in_log(qr/pg_kafka could not/, qr/canceling statement due to lock timeout/, qr/does not exist/);

sub segment { return $server->sql("SELECT 'kafka.segment_' || max(id) FROM kafka.segment"); }

# Refused, with the end where it was; then accepted at the very offset that the refused batch would have had.
sub refused_then_accepted {
    my ($what, $repair) = @_;
    my $end = list_offset($client, 7, $topic, -1)->{offset};
    my $answer = produce($client, 9, $topic, { 0 => batch_of('refused') })->{0};
    error_is($answer->{error_code}, 'KAFKA_STORAGE_ERROR', "$what: the batch is refused");
    is($answer->{base_offset}, -1, "$what: it gets no offset");
    $repair->();
    is(list_offset($client, 7, $topic, -1)->{offset}, $end, "$what: the end has not moved");
    is(produce_values($client, $topic, 'accepted'), $end, "$what: afterwards the offset is given to another");
    values_are(fetch($client, 12, $topic, $end), ['accepted'], "$what: which is what consumers read");
    return;
}

is(produce_values($client, $topic, 'first'), 0, 'a first record');

# Any error of the INSERT will do; a full disk is one of them.
$server->sql('ALTER TABLE ' . segment() . ' ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
refused_then_accepted('an error while writing', sub { $server->sql('ALTER TABLE ' . segment() . ' DROP CONSTRAINT full_disk') });

my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE ' . segment());
refused_then_accepted("a user's lock", sub { $session->query_safe('COMMIT') });
$session->quit;

# While the broker waits for the lock, requests come in; none is overlooked when it goes back to sleep.
$session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE ' . segment());
my ($blocked, $other_client) = ($broker->connect, $broker->connect);
my $answered = 0;
for (1 .. 20) {
    $blocked->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of('x') }] }] });
    select undef, undef, undef, 0.005;    # into the wait, which any moment of it will do for
    $answered++ if $other_client->call('ApiVersions', 0, {})->{error_code} == 0;
    $blocked->receive;
}
is($answered, 20, 'requests that arrive while the broker waits for a lock are answered');
$session->query_safe('COMMIT');
$session->quit;

my $nobody = $broker->connect;
$server->sql('ALTER TABLE ' . segment() . ' ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
produce($nobody, 9, $topic, { 0 => batch_of('unheard') }, acks => 0);
ok($nobody->closed_by_peer, 'acks=0: the connection is closed when its records could not be stored');
$server->sql('ALTER TABLE ' . segment() . ' DROP CONSTRAINT full_disk');

# The newest segment's table is gone: its records are lost with it, their offsets are not used again.
my $end = list_offset($client, 7, $topic, -1)->{offset};
$server->sql('DROP TABLE ' . segment());
my $offset = wait_until('the broker has found a way', sub {
    my $answer = produce($client, 9, $topic, { 0 => batch_of('after the loss') })->{0};
    return $answer->{error_code} == 0 ? "$answer->{base_offset}" : undef;
});
is($offset, $end, 'a table dropped by hand: offsets go on after those that are lost');
values_are(fetch($client, 12, $topic, $end), ['after the loss'], 'and new records are read');

# The newest records are lost while a consumer reads them: it waits for what comes after them.
$server->sql('DROP TABLE ' . segment());
$server->set('pg_kafka.tail_cache' => 0);    # or they would still be had from memory
$server->expect_in_log(qr/could not handle a Fetch request: relation/);
my $ask = { partition_max_bytes => 2**20 };
wait_until('nothing is read any more', sub {
    my $answer = fetch($client, 12, $topic, $end, ask => $ask, request => { max_bytes => 2**20, max_wait_ms => 1 });
    return $answer->{error_code} == 0 && !@{ $answer->{batches} };
});
$client->send_request('Fetch', 12, { max_bytes => 2**20, max_wait_ms => 2**31 - 1, min_bytes => 1,
    topics => [fetch_partitions($topic, { 0 => { fetch_offset => $end, %$ask } })] });
produce_values($broker->connect, $topic, 'goes on');
values_are({ batches => [KafkaWire::Batch::read_batches($client->receive->{responses}[0]{partitions}[0]{records})] }, ['goes on'],
    'a consumer at lost records gets those that follow');

$server->sql('DROP TABLE ' . segment());
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
cmp_ok(list_offset($client, 7, $topic, -1)->{offset}, '>=', $end, 'nor after a restart');

my $other = $broker->create_topic('other');
is(produce_values($client, $other, 'x'), 0, 'other topics are not disturbed');
$broker->finish;
