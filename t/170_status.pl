# kafka.status, kafka.api_status and kafka.connections: what they show after known traffic, and who may read them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IO::Socket::INET;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start(restart_after_crash => 'on', 'pg_kafka.max_connections' => 3, 'pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $server = $broker->server or plan skip_all => 'looks at the views of our own server';
my $forever = 2**31 - 1;

# A row of a query as a hash; NULL is undef.
sub row_of {
    my ($query) = @_;
    my %row;
    my $pairs = $server->sql("SELECT e.key || '=' || coalesce(e.value, E'\\001') FROM ($query) q, jsonb_each_text(to_jsonb(q)) e");
    for (split /\n/, $pairs) {
        my ($key, $value) = split /=/, $_, 2;
        $row{$key} = $value eq "\001" ? undef : $value;
    }
    return \%row;
}

sub status { return row_of('SELECT * FROM kafka.status'); }
sub api    { return row_of("SELECT * FROM kafka.api_status WHERE api = '$_[0]'"); }
# Those of a client, by its port.
sub connection {
    return row_of('SELECT *, host(address) AS host FROM kafka.connections WHERE port = ' . $_[0]->local_port);
}

# Waits until these columns of a row have these values: some are written a moment after the client has its answer.
sub comes_to {
    my ($test, $row, %expected) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %seen;
    eval {
        $server->wait_for($test, sub {
            my $now = $row->();
            %seen = map { $_ => $now->{$_} } keys %expected;
            return !grep { ($seen{$_} // 'null') ne ($expected{$_} // 'null') } keys %expected;
        });
    };
    return is_deeply(\%seen, \%expected, $test);
}

# --- Requests and errors ---------------------------------------------------------------------------

my $client = $broker->connect(client_id => 'watched');
$client->call('ApiVersions', 3, { client_software_name => 'perl-client', client_software_version => '1.2.3' });
my $topic = { name => 'orders' };
is(create_topics($client, 6, [{ name => 'orders', num_partitions => 2 }])->{orders}{error_code}, 0, 'a topic');
my $batch = batch_of('x' x 1000);
produce($client, 9, $topic, { 0 => $batch, 1 => $batch }) for 1 .. 5;
error_is(produce($client, 9, $topic, { 0 => $batch, 7 => $batch })->{7}{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', 'one partition fails');
fetch($client, 12, $topic, 0) for 1 .. 3;
error_is(fetch($client, 12, $topic, 99)->{error_code}, 'OFFSET_OUT_OF_RANGE', 'a fetch fails');
fetch($client, 12, { name => 'missing' }, 0);
list_offset($client, 7, $topic, -1);

comes_to("$_->[0]: $_->[1] requests, $_->[2] errors", sub { api($_->[0]) }, requests => $_->[1], errors => $_->[2])
    for ['ApiVersions', 1, 0], ['CreateTopics', 1, 0], ['Produce', 6, 1], ['Fetch', 5, 2], ['ListOffsets', 1, 0], ['Metadata', 0, 0],
    ['DeleteTopics', 0, 0];
my $produce = api('Produce');
my @latencies = @$produce{qw(latency_p50 latency_p95 latency_p99 latency_max)};
is_deeply(\@latencies, [sort { $a <=> $b } @latencies], 'latency percentiles of Produce rise');
cmp_ok($latencies[0], '>', 0, 'from above zero');
is(api('Metadata')->{latency_max}, undef, 'an API without requests has no latency');

my $stored = 11 * length $batch;
comes_to('what was stored', \&status,
    running => 'true', listening => 1, pid => $server->pid_of('broker'), requests => 14, errors => 3, malformed_requests => 0,
    turns => 14, turn_requests_max => 1, commits => 6, failed_commits => 0, batches => 11, batch_bytes => $stored,
    commit_bytes_max => 2 * length $batch, parked_requests => 0, request_memory => 0, response_memory => 0);
my $status = status();
cmp_ok($status->{commit_time}, '>=', $status->{commit_time_max}, 'the commits together took at least as long as the longest');
cmp_ok($status->{commit_time_p50}, '<=', $status->{commit_time_max}, 'and half of them at most that');
cmp_ok($status->{transaction_ids}, '>=', 7, 'each commit, and the new topic, took a transaction id');
cmp_ok($status->{transaction_ids}, '<', 20, 'and little else did');
cmp_ok($status->{bytes_received}, '>', $stored, 'bytes received');
cmp_ok($status->{cache_bytes}, '>', $stored, 'batches are in memory');
is($status->{cache_read_bytes}, 3 * 6 * length $batch, 'and were read from there');
is($status->{table_read_bytes}, 0, 'not from tables');
is($server->sql('SELECT uptime BETWEEN interval \'0\' AND clock_timestamp() - pg_postmaster_start_time() AND started_at > pg_postmaster_start_time() FROM kafka.status'),
    't', 'the uptime is that of the broker');

# --- Connections -----------------------------------------------------------------------------------

comes_to('a connection', sub { connection($client) },
    client_id => 'watched', software_name => 'perl-client', software_version => '1.2.3', host => '127.0.0.1', requests => 14, in_flight => 0);
is($server->sql('SELECT since BETWEEN pg_postmaster_start_time() AND clock_timestamp() FROM kafka.connections WHERE port = ' . $client->local_port),
    't', 'when it was accepted');
comes_to('its bytes are those of the status', sub { connection($client) }, map { $_ => status()->{$_} } qw(bytes_received bytes_sent));

my $waiter = $broker->connect(client_id => "caf\xc3\xa9 \xff " . "\xc3\xa4" x 100);
$waiter->send_request('Fetch', 12,
    { max_wait_ms => $forever, min_bytes => 1, topics => [fetch_partitions($topic, { 0 => { fetch_offset => 6 } })] });
comes_to('a fetch that waits is in flight', sub { connection($waiter) }, in_flight => 1, requests => 1, software_name => undef);
comes_to('and parked', \&status, parked_requests => 1, connections => 2, request_memory => 0);
my $replacement = $server->sql('SHOW server_encoding') eq 'UTF8' ? "\xef\xbf\xbd" : '?';
is($server->sql(q{SELECT encode(convert_to(client_id, 'SQL_ASCII'), 'hex') FROM kafka.connections WHERE software_name IS NULL}),
    unpack('H*', "caf\xc3\xa9 $replacement " . "\xc3\xa4" x 59), 'a client id is cut at the end of a character, and what is not UTF-8 is replaced');
$client->{client_id} = 'renamed';
produce($client, 9, $topic, { 0 => $batch });
is($waiter->receive->{error_code}, 0, 'it is woken');
comes_to('a fetch that was answered is not in flight', sub { connection($waiter) }, in_flight => 0);
comes_to('nor parked', \&status, parked_requests => 0);
comes_to('the client id is that of the latest request', sub { connection($client) }, client_id => 'renamed');
$waiter->close(reset => 1);
comes_to('a connection that is closed is not listed', sub { row_of('SELECT count(*) FROM kafka.connections') }, count => 1);
comes_to('nor counted as open', \&status, connections => 1);

# --- Groups ----------------------------------------------------------------------------------------

# The first member has its generation; the second waits until the first joins again, and then both for the leader's assignment.
my @member = map { $broker->connect } 1 .. 2;
my %group = (group_id => 'readers', session_timeout_ms => 60_000, rebalance_timeout_ms => 60_000, protocol_type => 'consumer');
sub join_request { return { %group, member_id => $_[0], protocols => [{ name => 'range', metadata => $_[1] }] } }
sub sync_request {
    my ($id, @assigned) = @_;
    return { group_id => 'readers', generation_id => 2, member_id => $id, assignments => [map { { member_id => $_, assignment => 'x' } } @assigned] };
}
my @id = ($member[0]->call('JoinGroup', 5, join_request('', 'a'))->{member_id});
is($member[0]->call('JoinGroup', 5, join_request($id[0], 'a'))->{generation_id}, 1, 'a member joins');
$member[1]->send_request('JoinGroup', 3, join_request('', 'b'));
comes_to('a member that waits for another is parked', \&status, parked_requests => 1, request_memory => 0);
is($member[0]->call('JoinGroup', 5, join_request($id[0], 'a'))->{generation_id}, 2, 'the other joins again');
push @id, $member[1]->receive->{member_id};
comes_to('none is parked', \&status, parked_requests => 0);
$member[1]->send_request('SyncGroup', 3, sync_request($id[1]));
comes_to('a member that waits for its part is parked', \&status, parked_requests => 1, request_memory => 0);
$member[0]->call('SyncGroup', 3, sync_request($id[0], @id));
is($member[1]->receive->{assignment}, 'x', 'it gets it');
$member[0]->call('Heartbeat', 3, { group_id => 'readers', generation_id => 2, member_id => $id[0] }) for 1 .. 3;
error_is($member[0]->call('Heartbeat', 3, { group_id => 'readers', generation_id => 1, member_id => $id[0] })->{error_code}, 'ILLEGAL_GENERATION',
    'a heartbeat fails');
my $committed = $member[0]->call('OffsetCommit', 7,
    { group_id => 'readers', generation_id_or_member_epoch => 2, member_id => $id[0],
        topics => [{ name => 'orders', partitions => [{ partition_index => 0, committed_offset => 1, committed_metadata => '' },
                    { partition_index => 7, committed_offset => 1, committed_metadata => '' }] }] });
error_is($committed->{topics}[0]{partitions}[1]{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', 'a commit fails in part');
comes_to("$_->[0]: $_->[1] requests, $_->[2] errors", sub { api($_->[0]) }, requests => $_->[1], errors => $_->[2])
    for ['JoinGroup', 4, 1], ['SyncGroup', 2, 0], ['Heartbeat', 4, 1], ['OffsetCommit', 1, 1], ['LeaveGroup', 0, 0];
comes_to('what was stored: records, a generation, an offset', \&status, requests => 27, errors => 6, commits => 9, batches => 12);
cmp_ok(api($_)->{latency_p50}, '>', 0, "$_ has a latency") for qw(JoinGroup SyncGroup Heartbeat OffsetCommit);
$_->close for @member;
comes_to('they are gone', \&status, connections => 1);

# --- Limits ----------------------------------------------------------------------------------------

# More connections than there were slots for at the start, and more than are accepted.
my @more = map { $broker->connect } 1 .. 2;
$_->call('ApiVersions', 0, {}) for @more;
ok($broker->connect->closed_by_peer, 'one connection too many is refused');
comes_to('which is counted', \&status, connections => 3, connections_refused => 1);
$server->expect_in_log(qr/too many connections/);
$server->set('pg_kafka.max_connections' => 10);
$server->wait_for('the setting', sub { $server->sql('SHOW pg_kafka.max_connections') == 10 });
my $unlisted = $server->wait_for('a further connection', sub {
    my $connected = $broker->connect;
    return eval { $connected->call('ApiVersions', 0, {}) } ? $connected : undef;
});
comes_to('a connection without a slot is counted', \&status, connections => 4);
is($server->sql('SELECT count(*) FROM kafka.connections'), 3, 'but not listed');
my $malformed = $broker->connect;
$malformed->send_raw(KafkaWire::frame("\x7f" x 20));
ok($malformed->closed_by_peer, 'a request that cannot be decoded');
comes_to('is counted', \&status, malformed_requests => 1, errors => 6);
@more = ($unlisted = undef);
comes_to('they are gone', \&status, connections => 1);

# --- A port that somebody else has -------------------------------------------------------------------

$server->expect_in_log(qr/could not listen for Kafka clients/);
my $port  = $server->kafka_port;
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no socket: $!";
$server->set('pg_kafka.port' => $taken->sockport);
comes_to('without its port the broker is at work, but listens nowhere', \&status, running => 'true', listening => 0, connections => 1);
close $taken;
comes_to('and listens as soon as it gets it', \&status, running => 'true', listening => 1);
$server->set('pg_kafka.port' => $port, 'pg_kafka.host' => '127.0.0.1, 127.0.0.2');
comes_to('each address counts', \&status, listening => 2, connections => 1);

# --- Who may read ----------------------------------------------------------------------------------

$server->sql('CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; CREATE ROLE stranger LOGIN');
my @views = qw(status api_status connections);
for my $view (@views) {
    is($server->sql("SET ROLE watcher; SELECT count(*) > 0 FROM kafka.$view"), 't', "a member of pg_monitor reads kafka.$view");
    like(($server->node->psql('postgres', "SET ROLE stranger; SELECT * FROM kafka.$view"))[2], qr/permission denied for schema kafka/, "others do not read kafka.$view");
}
like(($server->node->psql('postgres', 'SET ROLE watcher; SELECT * FROM kafka.topic'))[2], qr/permission denied for table topic/, 'a member of pg_monitor reads nothing else');
$server->expect_in_log(qr/permission denied/);

# Reading wakes nobody.
my $main_thread = '/proc/' . $server->pid_of('broker') . '/status';
sub times_slept {
    open my $file, '<', $main_thread or die "no status: $!";
    my ($times) = join('', readline $file) =~ /^voluntary_ctxt_switches:\s+(\d+)/m;
    return $times;
}
my $before = times_slept();
$server->sql('SELECT * FROM kafka.status, kafka.api_status, kafka.connections') for 1 .. 20;
cmp_ok(times_slept() - $before, '<', 20, 'the broker sleeps while the views are read');

# --- The end of the broker -------------------------------------------------------------------------

my $old = $server->pid_of('broker');
$server->expect_in_log(qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/);
kill 'KILL', $old;
$server->wait_for('another broker', sub { my $pid = eval { $server->pid_of('broker') }; $pid && $pid ne $old });
$server->wait_for_port;
is(status()->{requests}, 0, 'after a crash the counts begin anew');
is($server->sql('SELECT pid <> ' . $old . ' AND running FROM kafka.status'), 't', 'with the new broker');
comes_to('and connections of the old one are gone', sub { row_of('SELECT count(*) FROM kafka.connections') }, count => 0);
$client = $broker->connect;
$client->call('ApiVersions', 0, {});
comes_to('new ones are listed', sub { row_of('SELECT count(*) FROM kafka.connections') }, count => 1);

# Stopped in order: the extension is dropped and made again, in the same process.
my $listing = q{SELECT (SELECT running FROM kafka.status), (SELECT pid FROM kafka.status), (SELECT requests FROM kafka.api_status WHERE api = 'Fetch'), (SELECT count(*) FROM kafka.connections)};
$server->sql('CREATE DATABASE other');
$server->sql('CREATE EXTENSION pg_kafka', 'other');
is($server->sql('SELECT running FROM kafka.status', 'other'), 't', 'every database of the server sees the broker');
$server->sql('DROP EXTENSION pg_kafka CASCADE');
$server->wait_for('the end of the broker', sub { $server->sql('SELECT NOT running FROM kafka.status', 'other') eq 't' });
is($server->sql($listing, 'other'), 'f|||0', 'without a broker there is one row that says so, and no connection');
$server->create_extension;
comes_to('a new start begins with nothing', \&status, running => 'true', requests => 0, commits => 0, batches => 0, transaction_ids => 0);
$broker->finish;
