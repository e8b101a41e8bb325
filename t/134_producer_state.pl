# What is known of idempotent producers outlives the server, is taken back with a turn that fails, and ends with time and topics.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start(restart_after_crash => 'on');
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $gap    = 'OUT_OF_ORDER_SEQUENCE_NUMBER';

sub new_producer { return $client->call('InitProducerId', 4, { transactional_id => undef })->{producer_id} }

sub batch {
    my ($id, $epoch, $sequence, $bytes) = @_;
    return build_batch([{ value => 'x' x ($bytes // 1) }], producer_id => $id, producer_epoch => $epoch, base_sequence => $sequence);
}

# The offset of a batch of one record, or the error.
sub append {
    my ($id, $epoch, $sequence, %with) = @_;
    my $answer = produce($client, 9, $with{topic} // $topic, { $with{partition} // 0 => batch($id, $epoch, $sequence, $with{bytes}) })->{ $with{partition} // 0 };
    return $answer->{error_code} ? error_name($answer->{error_code}) : $answer->{base_offset};
}

sub stored_producers {
    my ($id) = @_;
    return $server->sql("SELECT count(*) FROM kafka.producer WHERE topic_id = '$topic->{id}'" . (defined $id ? " AND producer_id = $id" : ''));
}

my %ways = (
    'a restart' => sub { $server->node->restart },
    'a crash'   => sub {
        my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
        $server->node->kill9;
        $server->start_after_death(@processes);
    });

sub reborn {
    my ($how) = @_;
    $ways{$how}->();
    $server->wait_for_port;
    $client = $broker->connect;
    return;
}

# --- Restarts ------------------------------------------------------------------------------------------

my ($id, $other) = map { new_producer() } 1 .. 2;
my %offsets;    # of the sequences of the first
append($other, 3, 50 + $_, partition => 1) for 0 .. 2;
my $next = 0;
for my $how ('a crash', 'a restart', 'a crash', 'a restart', 'a restart', 'a crash') {
    $offsets{$next} = append($id, 0, $next), $next++ for 1 .. 4;
    reborn($how);
    is(append($id, 0, $_), $offsets{$_}, "after $how: the batch $_ is known still") for $next > 4 ? $next - 5 : 0 .. $next - 1;
    is(append($id, 0, $next + 1), $gap, "after $how: and so is what comes next");
    $offsets{$next} = append($id, 0, $next);
    is($offsets{$next}, $offsets{ $next - 1 } + 1, "after $how: which is stored");
    $next++;
    is(append($other, 3, 52, partition => 1), 2, "after $how: so are producers of other partitions");
    is(append($other, 2, 0, partition => 1), 'INVALID_PRODUCER_EPOCH', "after $how: and their epochs");
}
is(stored_producers(), 2, 'a server that is shut down stores its producers');

# --- Snapshots -----------------------------------------------------------------------------------------

# Many batches: producers are stored now and then, those that have changed; the rest is in the log.
my $before = $server->sql("SELECT offsets[1] FROM kafka.producer_snapshot WHERE topic_id = '$topic->{id}'");
my $many   = new_producer();
for my $sequence (0 .. 1_200) {
    $client->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch($many, 0, $sequence) }] }] });
}
my @answers = map { $client->receive->{responses}[0]{partition_responses}[0] } 0 .. 1_200;
is(scalar(grep { $_->{error_code} } @answers), 0, '1,201 batches');
is(stored_producers($many), 1, 'make the broker store who has sent them');
cmp_ok($server->sql("SELECT offsets[1] FROM kafka.producer_snapshot WHERE topic_id = '$topic->{id}'"), '>=', $before + 990, 'and up to where it has');
reborn('a crash');
is(append($many, 0, $_), $answers[$_]{base_offset}, "batch $_ after a crash") for 1_196 .. 1_200;
is(append($many, 0, 1_202), $gap, 'and a gap');
my $large = new_producer();
append($large, 0, $_, bytes => 900_000) for 0 .. 5;
is(stored_producers($large), 1, 'a few large batches make it store producers, too');
reborn('a crash');
is(append($large, 0, 7), $gap, 'which it then knows');

# --- A turn that fails ---------------------------------------------------------------------------------

$server->expect_in_log(qr/pg_kafka could not store records/);
my $failing = new_producer();
my $end     = append($failing, 0, 0);
my $segment = 'kafka.segment_' . $server->sql("SELECT max(id) FROM kafka.segment WHERE topic_id = '$topic->{id}'");
my $starter = new_producer();
for my $what ('of its rows', 'of who waits for a lock') {
    my $session;
    if ($what eq 'of its rows') {
        $server->sql("ALTER TABLE $segment ADD CONSTRAINT full_disk CHECK (false) NOT VALID");
    } else {
        $session = $server->node->background_psql('postgres');
        $session->query_safe("BEGIN; LOCK TABLE $segment IN SHARE MODE");
    }
    is(append($failing, 0, 1), 'KAFKA_STORAGE_ERROR', "a turn fails because $what");
    is(append($starter, 0, 0), 'KAFKA_STORAGE_ERROR', "also for a new producer, $what");
    $session ? ($session->query_safe('COMMIT'), $session->quit) : $server->sql("ALTER TABLE $segment DROP CONSTRAINT full_disk");
}
is(append($failing, 0, 2), $gap, 'what was not stored does not count');
is(append($failing, 0, 1), $end + 1, 'sent again it is stored');
is(append($starter, 0, 5), $end + 2, 'a producer whose first batch failed is not known');

# --- Time and topics -----------------------------------------------------------------------------------

my $short = $broker->create_topic('short');
append($id, 0, 0, topic => $short);
$server->set('pg_kafka.producer_id_expiration_ms' => '500ms');
my $sequence = 100;
wait_until('a silent producer is forgotten', sub { append($id, 0, $sequence += 100, topic => $short) =~ /^\d+$/ });
$server->configure('pg_kafka.producer_id_expiration_ms' => '1d');
reborn('a restart');
is(stored_producers(), 0, 'and removed from where it was stored');
append($id, 0, 0, topic => $_) for $topic, $short;
reborn('a restart');
is($server->sql('SELECT count(DISTINCT topic_id) FROM kafka.producer'), 2, 'two topics have producers');
delete_topics($client, 5, [map { $_->{name} } $topic, $short]);
wait_until('their producers go with them', sub {
    $server->sql('SELECT (SELECT count(*) FROM kafka.producer) + (SELECT count(*) FROM kafka.producer_snapshot)') == 0 });
$broker->finish;
