# Settings that have no other script of their own take effect when the configuration is reloaded, and a topic's own config
# overrides them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server;
my $client = $broker->connect;
my $node   = 1;

# Changes settings, and waits until they are in effect: all of them at once, the node id being one that can be seen.
sub reload {
    my (%settings) = @_;
    $server->set(%settings, 'pg_kafka.node_id' => ++$node);
    wait_until('the settings take effect', sub { metadata($client, 9, [])->{controller_id} == $node });
    metadata($client, 9, []);    # the net thread has them by now, too
    return;
}

sub config_of {
    my ($topic, $name) = @_;
    my $made = create_topics($client, 7, [{ name => $topic, num_partitions => -1, replication_factor => -1 }], validate_only => 1)->{$topic};
    my ($config) = grep { $_->{name} eq $name } @{ $made->{configs} };
    return $config->{value};
}
sub records { my ($bytes) = @_; return build_batch([{ value => 'x' x $bytes, timestamp => time * 1000 }]); }
sub error_of { my ($to, $records) = @_; return produce($client, 9, $to, { 0 => $records })->{0}{error_code}; }

# --- message_max_bytes -----------------------------------------------------------------------------

my ($plain, $own) = ($broker->create_topic('plain'), $broker->create_topic('own', configs => { 'max.message.bytes' => 5000 }));
error_is(error_of($plain, records(1_048_588 - 50)), 'MESSAGE_TOO_LARGE', 'by default a batch of more than 1048588 bytes is too large');
reload('pg_kafka.message_max_bytes' => '2000B');
error_is(error_of($plain, records(2500)), 'MESSAGE_TOO_LARGE', 'message_max_bytes: a larger batch is refused');
error_is(error_of($plain, records(1500)), 'NONE',              'message_max_bytes: a smaller one is not');
error_is(error_of($own,   records(2500)), 'NONE',              'message_max_bytes: a topic may have its own limit');
is(config_of('new', 'max.message.bytes'), 2000, 'message_max_bytes: new topics show it');
reload('pg_kafka.message_max_bytes' => '2MB');
error_is(error_of($plain, records(1_500_000)), 'NONE',              'message_max_bytes: it may be raised');
error_is(error_of($own,   records(5500)),      'MESSAGE_TOO_LARGE', 'message_max_bytes: but not that of the topic');

# --- max_decompressed_bytes ------------------------------------------------------------------------

my $bulky = build_batch([{ value => "\0" x 1_100_000 }], codec => 'gzip');
error_is(error_of($plain, $bulky), 'NONE', 'by default a batch may unpack to more than a MB');
reload('pg_kafka.max_decompressed_bytes' => '1MB');
error_is(error_of($plain, $bulky), 'MESSAGE_TOO_LARGE', 'max_decompressed_bytes: a batch that unpacks to more is refused');
reload('pg_kafka.max_decompressed_bytes' => '2MB');
error_is(error_of($plain, $bulky), 'NONE', 'max_decompressed_bytes: it may be raised');

# --- default_partitions ----------------------------------------------------------------------------

reload('pg_kafka.default_partitions' => 3);
is(create_topics($client, 7, [{ name => 'three', num_partitions => -1 }])->{three}{num_partitions}, 3, 'default_partitions: CreateTopics with -1 partitions');
reload('pg_kafka.default_partitions' => 1);

# --- compression_type ------------------------------------------------------------------------------

my @values     = map { "value $_ " . 'x' x 50 } 1 .. 20;

# The codec in which a topic's next batch is stored.
sub codec_of_next {
    my ($topic, $codec) = @_;
    my $batch = build_batch([map { { value => $_, timestamp => time * 1000 } } @values], codec => $codec // 'none');
    my $told  = produce($client, 9, $topic, { 0 => $batch })->{0};
    my $read  = fetch($client, 12, $topic, $told->{base_offset})->{batches}[0];
    return ($read->{codec}, $told->{base_offset});
}
my $fixed = $broker->create_topic('fixed', configs => { 'compression.type' => 'gzip' });
for my $type (qw(gzip snappy lz4 zstd uncompressed producer)) {
    reload('pg_kafka.compression_type' => $type);
    my %stored = map { $_ => (codec_of_next($plain, $_))[0] } qw(none gzip);
    my %wanted = $type eq 'producer' ? (none => 'none', gzip => 'gzip') : map { $_ => $type eq 'uncompressed' ? 'none' : $type } qw(none gzip);
    is_deeply(\%stored, \%wanted, "compression_type = $type: that is how batches are stored");
    is((codec_of_next($fixed))[0], 'gzip', "compression_type = $type: a topic may have its own");
    is(config_of('new', 'compression.type'), $type, "compression_type = $type: new topics show it");
    my ($last) = reverse $server->consume($plain->{name}, offset => -1);
    is($last, $values[-1], "compression_type = $type: consumers read what was sent");
}

# --- segment_bytes, segment_ms ---------------------------------------------------------------------

sub segments {
    my ($topic) = @_;
    return $server->sql("SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$topic->{name}'");
}
my ($grows, $large) = ($broker->create_topic('grows'), $broker->create_topic('large', configs => { 'segment.bytes' => 1_000_000_000 }));
my $third = records(400_000);
error_is(error_of($_, $third), 'NONE', 'a batch') for ($grows) x 4, $large;
is(segments($grows), 1, 'by default segments are large');
reload('pg_kafka.segment_bytes' => '1MB');
error_is(error_of($_, $third), 'NONE', 'a batch') for ($grows) x 4, ($large) x 4;
is(segments($grows), 3, 'segment_bytes: an open segment above the limit is closed, and the next hold two batches of 400 kB');
is(segments($large), 1, 'segment_bytes: a topic may have its own limit');
is(config_of('new', 'segment.bytes'), 1048576, 'segment_bytes: new topics show it');
reload('pg_kafka.segment_bytes' => '1GB', 'pg_kafka.segment_ms' => 1000);
my $before = segments($grows);
wait_until('a new segment', sub { error_of($grows, records(10)) == 0 && segments($grows) > $before });
pass('segment_ms: a topic goes on in a new segment when the open one is old enough');
is(config_of('new', 'segment.ms'), 1000, 'segment_ms: new topics show it');
reload('pg_kafka.segment_ms' => '7d');

# --- fetch_max_bytes -------------------------------------------------------------------------------

my $fetched = $broker->create_topic('fetched', num_partitions => 2);
for my $partition (0, 1) { produce($client, 9, $fetched, { $partition => records(10_000) }) for 1 .. 3; }
my $size = length records(10_000);

# How many batches of each partition one Fetch brings.
sub batches {
    my $answer = $client->call('Fetch', 12, { topics => [fetch_partitions($fetched, { map { $_ => { fetch_offset => 0 } } 0, 1 })] });
    return join ' ', map { scalar(() = read_batches($_->{records})) } @{ $answer->{responses}[0]{partitions} };
}
is(batches(), '3 3', 'by default one Fetch brings all');
reload('pg_kafka.fetch_max_bytes' => 5 * $size . 'B');
is(batches(), '3 2', 'fetch_max_bytes: as many batches as fit into it');
reload('pg_kafka.fetch_max_bytes' => 2 * $size . 'B');
is(batches(), '2 0', 'fetch_max_bytes: perhaps none of a later partition');
reload('pg_kafka.fetch_max_bytes' => '1kB');
is(batches(), '1 0', 'fetch_max_bytes: one batch at least');
reload('pg_kafka.fetch_max_bytes' => '55MB');

# --- tail_cache ------------------------------------------------------------------------------------

# While the segments are locked only what is in memory can be read.
my $session = $server->node->background_psql('postgres');
$server->expect_in_log(qr/canceling statement due to lock timeout/);

sub read_while_locked {
    my ($topic, $offset) = @_;
    $session->query_safe('BEGIN; LOCK TABLE kafka.segment_' . $server->sql('SELECT max(id) FROM kafka.segment'));
    my $answer = fetch($client, 12, $topic, $offset);
    $session->query_safe('COMMIT');
    return $answer;
}
my $cached = $broker->create_topic('cached');
produce_values($client, $cached, 'one');
values_are(read_while_locked($cached, 0), ['one'], 'tail_cache: what is recent is read from memory');
reload('pg_kafka.tail_cache' => 0);
error_is(read_while_locked($cached, 0)->{error_code}, 'KAFKA_STORAGE_ERROR', 'tail_cache = 0: what was in memory is there no longer');
values_are(fetch($client, 12, $cached, 0), ['one'], 'tail_cache = 0: it is read from the table');
produce_values($client, $cached, 'two');
error_is(read_while_locked($cached, 1)->{error_code}, 'KAFKA_STORAGE_ERROR', 'tail_cache = 0: nor is anything new');
reload('pg_kafka.tail_cache' => '1MB');
produce_values($client, $cached, 'three');
values_are(read_while_locked($cached, 2), ['three'], 'tail_cache: it may be switched on again');
$session->quit;

# --- log_connections -------------------------------------------------------------------------------

sub log_lines_of {
    my ($port) = @_;
    return join "\n", map { s/^.*LOG:  //r } grep { /port=$port\b/ } split /\n/, $server->log_text;
}

sub connect_once {
    my $once = $broker->connect;
    my $port = $once->local_port;
    $once->call('ApiVersions', 0, {});
    $once->close;
    return $port;
}
my $silent = connect_once();
reload('pg_kafka.log_connections' => 'on');
my $logged = connect_once();
wait_until('the disconnection is logged', sub { log_lines_of($logged) =~ /disconnection/ });
is(log_lines_of($logged), "connection received: host=127.0.0.1 port=$logged\ndisconnection: host=127.0.0.1 port=$logged reason=the client has closed it",
    'log_connections: a line for the connection and one for its end');
is(log_lines_of($silent), '', 'log_connections: by default there is none');
reload('pg_kafka.log_connections' => 'off');
is(log_lines_of(connect_once()), '', 'log_connections: it may be switched off again');

# --- connections_max_idle_ms -----------------------------------------------------------------------

reload('pg_kafka.connections_max_idle_ms' => 300);
my $idle = $broker->connect;
ok($idle->closed_by_peer, 'connections_max_idle_ms: a connection that asks for nothing is closed');
$client = $broker->connect;
reload('pg_kafka.connections_max_idle_ms' => -1);
my ($patient, $busy) = ($broker->connect, $broker->connect);
$busy->call('Fetch', 12, { max_wait_ms => 500, min_bytes => 1, topics => [fetch_partitions($cached, { 0 => { fetch_offset => 3 } })] });
error_is($patient->call('ApiVersions', 0, {})->{error_code}, 'NONE', 'connections_max_idle_ms = -1: none is');
reload('pg_kafka.connections_max_idle_ms' => '10min');

# --- shutdown_timeout_ms ---------------------------------------------------------------------------

# An answer that is far larger than what sockets hold, and all in memory: from tables less is read at once.
reload('pg_kafka.tail_cache' => '128MB');
my $huge = $broker->create_topic('huge');
my $mb   = records(1_000_000);

# A client that has asked for it and takes nothing yet. A shutdown begins as soon as its first bytes are there.
sub stop_while_answering {
    my $offset = list_offset($client, 7, $huge, -1)->{offset};
    produce($client, 9, $huge, { 0 => $mb }) for 1 .. 40;
    my $slow = $broker->connect;
    $slow->send_request('Fetch', 12, { topics => [fetch_partitions($huge, { 0 => { fetch_offset => $offset, partition_max_bytes => 50_000_000 } })] });
    wait_until('the answer begins', sub { $slow->readable });
    my ($out, $err) = ('', '');
    my $stop = IPC::Run::start(['pg_ctl', 'stop', '-m', 'fast', '-D', $server->node->data_dir], '>', \$out, '2>', \$err);
    $server->wait_for_silence;
    return ($slow, $stop);
}

sub start_again {
    my ($stop) = @_;
    $stop->finish;
    $server->node->_update_pid(0);
    $server->node->start;
    $server->wait_for_port;
    $client = $broker->connect;
    return;
}
reload('pg_kafka.shutdown_timeout_ms' => '1min');
my ($slow, $stop) = stop_while_answering();
is(length $slow->receive->{responses}[0]{partitions}[0]{records}, 40 * length $mb, 'shutdown_timeout_ms: an answer under way is sent to its end');
ok($slow->closed_by_peer, 'shutdown_timeout_ms: and then the connection is closed');
start_again($stop);

reload('pg_kafka.shutdown_timeout_ms' => 0);
($slow, $stop) = stop_while_answering();
$stop->finish;
is(eval { $slow->receive; 'all of it' } // $@ =~ s/ at .*//sr, 'the connection ended inside a frame', 'shutdown_timeout_ms = 0: the server does not wait for clients');
start_again($stop);
$broker->finish;
