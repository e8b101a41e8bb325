# Transactions where the database does not play along: tables that cannot be read or written when they must be, what sessions change
# by SQL. Nobody sees what is not decided, and nothing is given up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use TransactionalProducer;

my $broker = KafkaTest->start(max_prepared_transactions => 1);
my $server = $broker->server or plan skip_all => 'locks the tables of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 2);

sub committed { return committed_values($client, $topic); }
sub stable_end { my ($of) = @_; return list_offset($client, 7, $of // $topic, -1, isolation_level => 1)->{offset}; }

# --- A restart ----------------------------------------------------------------------------------------------

my $survivor = TransactionalProducer->new($client, $topic, id => 'survivor');
produce_values($client, $topic, 'before');
$survivor->add(0);
is($survivor->write(0, 'open'), 1, 'a transaction is open');

# A prepared transaction holds its locks beyond the restart.
$server->expect_in_log(qr/pg_kafka could not read transactions/);
$server->sql("BEGIN; LOCK TABLE kafka.transaction; PREPARE TRANSACTION 'migration'");
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
$survivor->use_client($client);
is(committed(), '', 'as long as nobody can tell what is open nothing is committed');
for ([latest => -1], ['by time' => 1_700_000_000_000], ['largest time' => -3]) {
    my ($what, $timestamp) = @$_;
    my %asked = (isolation_level => 1);
    error_is(list_offset($client, 7, $topic, $timestamp, %asked)->{error_code}, 'OFFSET_NOT_AVAILABLE', "$what: readers of committed records try again");
    error_is(list_offset($client, 4, $topic, $timestamp, %asked)->{error_code}, 'LEADER_NOT_AVAILABLE', "$what: older ones too") if $timestamp != -3;
}
is(list_offset($client, 7, $topic, -2, isolation_level => 1)->{offset}, 0, 'where the log begins is known');
is(list_offset($client, 7, $topic, -1)->{offset}, 2, 'and where it ends for others');
is(uncommitted_values($client, $topic), 'before open', 'others read on');
is($survivor->write(0, 'more'), 'NOT_ENOUGH_REPLICAS', 'producers try again');
is(commit_offsets($client, 8, 'plain', $topic, { 0 => 1 }), 'COORDINATOR_LOAD_IN_PROGRESS', 'so do plain commits, which transactions have to hear of');
for ([1, 'COORDINATOR_NOT_AVAILABLE'], [2, 'COORDINATOR_LOAD_IN_PROGRESS']) {
    my ($version, $code) = @$_;
    my $answer = $client->call('TxnOffsetCommit', $version, { $survivor->ids, group_id => 'g', topics => [{ name => $topic->{name}, partitions => [{ partition_index => 0, committed_offset => 1 }] }] });
    is(error_name($answer->{topics}[0]{partitions}[0]{error_code}), $code, "and those who commit offsets in transactions, by an error that version $version knows");
}
$server->sql("ROLLBACK PREPARED 'migration'");
wait_until('the table is read', sub { stable_end() == 1 });
is(committed(), 'before', 'the transaction is open still');
is($survivor->write(0, 'more'), 2, 'goes on');
is($survivor->commit, 'NONE', 'and ends');
is(committed(), 'before open more', 'as a whole');

# --- A turn that fails ----------------------------------------------------------------------------------------

sub new_topic { return $broker->create_topic(@_, num_partitions => 2); }

sub segment_of {
    my ($topic) = @_;
    return 'kafka.segment_' . $server->sql("SELECT max(id) FROM kafka.segment WHERE topic_id = '$topic->{id}'");
}

sub restart {
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    return;
}

# True once the server has read all that the client has sent.
sub received {
    my ($connection) = @_;
    my $ports = sprintf ':%04X 0100007F:%04X ', $server->kafka_port, $connection->local_port;
    open my $sockets, '<', '/proc/net/tcp' or die "sockets: $!";
    my ($left) = map { /\Q$ports\E\w+ \w+:(\w+)/ } readline $sockets;
    return defined $left && hex $left == 0;
}

# All in one turn, for which the broker has been kept waiting: the last request makes it open a topic, for which it has to commit what
# the others have staged.
my ($near, $far, $full) = map { new_topic($_) } 'near', 'far', 'full';
my $twin = TransactionalProducer->new($client, $near, id => 'twin', version => 2);
is($twin->write(0, 'near'), 0, 'a transaction in one topic');
my $other = bless { %$twin, topic => $far, sequences => {} }, ref $twin;
is($other->write(0, 'far'), 0, 'and in another');
produce_values($client, $full, 'first');
restart();
$twin->use_client($client);
is($twin->write(0, 'again'), 1, 'of which one has been opened since the restart');
$server->expect_in_log(qr/pg_kafka could not store records/);
my $segment = segment_of($full);
$server->sql("ALTER TABLE $segment ADD CONSTRAINT full_disk CHECK (false) NOT VALID");
my $lock = $server->node->background_psql('postgres');
$lock->query_safe('BEGIN; LOCK TABLE ' . segment_of($near) . ' IN SHARE MODE');
my $waiting = $broker->connect;
$waiting->send_request('Produce', 9, { acks => -1, topic_data => [{ name => $near->{name}, partition_data => [{ index => 1, records => build_batch([{ value => 'x' }]) }] }] });
wait_until('the broker waits', sub { $server->sql('SELECT count(*) FROM pg_locks WHERE NOT granted') > 0 });
my @connections = map { $broker->connect } 1 .. 3;
$connections[0]->send_request('Produce', 9, { acks => -1,
        topic_data => [{ name => $full->{name}, partition_data => [{ index => 0, records => build_batch([{ value => 'x' }]) }] }] });
wait_until('it is received', sub { received($connections[0]) });
$connections[1]->send_request('TxnOffsetCommit', 5, { $twin->ids, group_id => 'readers',
        topics => [{ name => $near->{name}, partitions => [{ partition_index => 0, committed_offset => 1 }] }] });
wait_until('it is received', sub { received($connections[1]) });
$connections[2]->send_request('InitProducerId', 5, { transactional_id => 'twin', transaction_timeout_ms => 60_000 });
is(error_name($connections[0]->receive->{responses}[0]{partition_responses}[0]{error_code}), 'KAFKA_STORAGE_ERROR', 'a batch that cannot be stored');
$connections[$_]->receive for 1 .. 2;
$lock->query_safe('COMMIT');
$lock->quit;
is(committed_values($client, $far), '', 'makes nobody forget the transaction');
$server->sql("ALTER TABLE $segment DROP CONSTRAINT full_disk");
my $heir = TransactionalProducer->new($client, $near, id => 'twin', version => 2);
is($heir->{producer_id}, $twin->{producer_id}, 'the next producer has its id');
cmp_ok($heir->{epoch}, '>', $twin->{epoch}, 'and a later epoch');
is(committed_values($client, $_) . stable_end($_), '' . list_offset($client, 7, $_, -1)->{offset}, "what it had open in $_->{name} is aborted") for $near, $far;

# An end that cannot be stored.
my $group = 'readers';
$server->expect_in_log(qr/pg_kafka could not store/);
is($heir->write(0, 'kept'), 3, 'another transaction');
is($heir->commit_offset($group, 4), 'NONE', 'with offsets');
for my $table ('transaction', 'pending_offset', 'consumer_offset') {
    my $check = $table eq 'pending_offset' ? 'BEFORE DELETE' : 'BEFORE INSERT OR UPDATE';
    $server->sql("CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no'; END \$\$;"
          . " CREATE TRIGGER fail $check ON kafka.$table FOR EACH ROW EXECUTE FUNCTION public.fail()");
    my $answer = $client->call('EndTxn', 5, { $heir->ids, committed => 1 });
    isnt(error_name($answer->{error_code}), 'NONE', "an end that cannot be stored in $table");
    is(committed_values($client, $near), '', 'is none');
    is(offset_of($client, $group, $near), -1, 'nor are its offsets committed');
    is(stable_end($near), 3, 'all that it has written is open');
    $server->sql('DROP FUNCTION public.fail CASCADE');
}
is($heir->commit, 'NONE', 'asked for again it ends');
is(committed_values($client, $near), 'kept', 'once');
is(offset_of($client, $group, $near), 4, 'with its offsets');

# A time-out that cannot be stored.
my $slow = TransactionalProducer->new($client, $near, id => 'slow', version => 2, timeout => 300);
is($slow->write(0, 'slow'), 5, 'a transaction that takes too long');
$server->sql('ALTER TABLE kafka.transaction ADD CONSTRAINT full_disk CHECK (state = \'Ongoing\') NOT VALID');

sub broker_cpu {
    open my $stat, '<', '/proc/' . $server->pid_of('broker') . '/stat' or die "stat of the broker: $!";
    my @after_name = split ' ', (<$stat> =~ /\)(.*)/)[0];
    return ($after_name[11] + $after_name[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
$server->wait_for_log(qr/pg_kafka could not store.*full_disk/);
my ($began, $cpu) = (time, broker_cpu());
wait_until('time passes', sub { time - $began > 2 });
cmp_ok(broker_cpu() - $cpu, '<', (time - $began) / 2, 'the broker sleeps most of the time until it can be aborted');
is(stable_end($near), 5, 'until then it is open');
$server->sql('ALTER TABLE kafka.transaction DROP CONSTRAINT full_disk');
wait_until('it is aborted', sub { stable_end($near) == 7 });
is(committed_values($client, $near), 'kept', 'and not seen');

# --- What sessions do -------------------------------------------------------------------------------------------

is($heir->write(0, 'held'), 7, 'a transaction');
is($heir->commit_offset($group, 8), 'NONE', 'with offsets of a group');
my $session = $server->node->background_psql('postgres');
$server->expect_in_log(qr/is to commit offsets of group/);
my (undef, undef, $error) = $server->node->psql('postgres', "SELECT kafka.reset_offsets('$group', '$near->{name}', 1)");
like($error, qr/transaction "twin" is to commit offsets of group "$group"/, 'no session changes what a transaction is about to commit');
is($heir->commit, 'NONE', 'it ends');
is($server->sql("SELECT committed_offset FROM kafka.reset_offsets('$group', '$near->{name}', 1) WHERE partition = 0"), 1, 'then they may');
$session->query_safe("BEGIN; SELECT kafka.reset_offsets('$group', '$near->{name}', 2)");
is($heir->write(1, 'x'), 0, 'while a session has a group');
is($heir->commit_offset($group, 9), 'COORDINATOR_LOAD_IN_PROGRESS', 'transactions wait for it');
$session->query_safe('COMMIT');
$session->quit;
is($heir->commit_offset($group, 9), 'NONE', 'until it has ended');
is($heir->commit, 'NONE', 'and go on');
is(offset_of($client, $group, $near), 9, 'with what is later');

my $before = committed_values($client, $near);
is($heir->write(0, 'renamed'), list_offset($client, 7, $near, -1)->{offset} - 1, 'a transaction in a topic');
$server->sql("UPDATE kafka.topic SET name = 'renamed' WHERE id = '$near->{id}'");
my $renamed = { %$near, name => 'renamed' };
$broker->wait_for_topic($client, $renamed);
is(committed_values($client, $renamed), $before, 'that is renamed is open there');
is($heir->abort, 'NONE', 'and ends there');
is(committed_values($client, $renamed), $before, 'as it was to');
is(stable_end($renamed), list_offset($client, 7, $renamed, -1)->{offset}, 'wholly');

my $doomed = new_topic('doomed');
my $spread = TransactionalProducer->new($client, $doomed, id => 'spread', version => 2);
is($spread->write(0, 'gone'), 0, 'a transaction in a topic that is deleted');
my $stays = bless { %$spread, topic => $far, sequences => {} }, ref $spread;
my $end   = list_offset($client, 7, $far, -1)->{offset};
is($stays->write(0, 'stays'), $end, 'and in one that stays');
delete_topics($client, 6, [$doomed->{name}]);
is($spread->commit, 'NONE', 'is committed');
is(committed_values($client, $far), 'stays', 'where it can be');
$broker->finish;
