# Fetch sessions where there is no room for more: a client is served without one, and nobody loses his.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.max_fetch_sessions' => 2);
my $server = $broker->server;
my $client = $broker->connect;
my $topic  = $broker->create_topic('sessions', num_partitions => 2);
produce_values($client, $topic, 'first');

# A Fetch of partitions from offset 0 on: the answer, with the values by partition.
sub session_fetch {
    my ($id, $epoch, $of, @partitions) = @_;
    my $answer = $client->call('Fetch', 12,
        { session_id => $id, session_epoch => $epoch, topics => [@partitions ? fetch_partitions($of, { map { $_ => { fetch_offset => 0 } } @partitions }) : ()] });
    my @answered = map { @{ $_->{partitions} } } @{ $answer->{responses} };
    $answer->{values} = { map { my $p = $_; ($p->{partition_index} => [map { $_->{value} } records_of([read_batches($p->{records})])]) } @answered };
    return $answer;
}
my %all = (0 => ['first'], 1 => []);

# --- More sessions than pg_kafka.max_fetch_sessions --------------------------------------------------

my @sessions = map { session_fetch(0, 0, $topic, 0, 1)->{session_id} } 1, 2;
is(scalar(grep { $_ > 0 } @sessions), 2, 'two sessions are opened');
my $third = session_fetch(0, 0, $topic, 0, 1);
is($third->{session_id}, 0, 'a third client gets none');
is_deeply($third->{values}, \%all, 'but all that it asked for');
is_deeply(session_fetch(0, 0, $topic, 0, 1)->{values}, \%all, 'each time, as it asks for all again');
for my $session (@sessions) {
    my $next = session_fetch($session, 1, $topic, 0);
    is_deeply([@$next{qw(error_code session_id)}], [0, $session], 'who has a session keeps it');
    is_deeply($next->{values}, { 0 => ['first'] }, 'and its answers tell what has changed');
}

sub reload {
    my (%settings) = @_;
    my $id = 1 + session_node();
    $server->set(%settings, 'pg_kafka.node_id' => $id);
    return wait_until('the settings take effect', sub { session_node() == $id });
}
sub session_node { return metadata($client, 9, [])->{controller_id}; }

reload('pg_kafka.max_fetch_sessions' => 3);
push @sessions, session_fetch(0, 0, $topic, 0, 1)->{session_id};
cmp_ok($sessions[2], '>', 0, 'with a larger limit there is room for a third');
reload('pg_kafka.max_fetch_sessions' => 0);
is(session_fetch(0, 0, $topic, 0, 1)->{session_id}, 0, 'with a limit of 0 no session is opened');
error_is(session_fetch($sessions[$_], $_ < 2 ? 2 : 1, $topic)->{error_code}, 'NONE', "session $_ from before goes on") for 0 .. 2;
error_is(session_fetch($_, -1, $topic)->{error_code}, 'NONE', 'it is closed') for @sessions;
reload('pg_kafka.max_fetch_sessions' => 1000);

# --- More partitions than sessions remember --------------------------------------------------------

# 500,000 over all sessions: fifty that name ten thousand each. Only the head of the answers is read here.
my $wide  = $broker->create_topic('wide', num_partitions => 10_000);
my $frame = $client->request_frame('Fetch', 12, { session_epoch => 0, topics => [fetch_partitions($wide, { map { $_ => { fetch_offset => 0 } } 0 .. 9999 })] });
$client->receive if $client->send_raw($frame);

sub open_wide {
    $client->send_raw($frame);
    my ($error, $id) = unpack 'x4 x1 x4 s> l>', my $answer = $client->receive_frame;
    die "error $error" if $error != 0;
    return ($id, length $answer);
}
my (%wide, $length);
for (2 .. 50) { (my $id, $length) = open_wide(); $wide{$id}++; }
is(scalar(grep { $_ > 0 } keys %wide), 49, 'fifty sessions with 500,000 partitions are opened');
my ($none, $without) = open_wide();
is($none, 0, 'then a client gets no session');
is($without, $length, 'but the whole answer');
my ($one) = keys %wide;
error_is(session_fetch($one, 1, $wide)->{error_code}, 'NONE', 'who has a session keeps it');

error_is(session_fetch($one, -1, $wide)->{error_code}, 'NONE', 'one of them is closed');
my $small = session_fetch(0, 0, $topic, 0)->{session_id};
cmp_ok($small, '>', 0, 'a small session finds room');
my ($still_none) = open_wide();
is($still_none, 0, 'a large one does not fit beside it');
my $grown = session_fetch($small, 1, $wide, 0 .. 9999);
error_is($grown->{error_code}, 'FETCH_SESSION_ID_NOT_FOUND', 'a session that grows beyond the limit ends with an error on which clients start anew');
error_is(session_fetch($small, 2, $topic)->{error_code}, 'FETCH_SESSION_ID_NOT_FOUND', 'it cannot go on');
my $anew = session_fetch(0, 0, $topic, 0, 1);
is_deeply($anew->{values}, \%all, 'starting anew brings everything');
cmp_ok($anew->{session_id}, '>', 0, 'and a session, as it is small again');
$broker->finish;
