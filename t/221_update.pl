# ALTER EXTENSION UPDATE while clients are at work: by the script for the next version as it is, and by one that changes tables which
# the broker reads and writes. Neither is installed, so the server is a copy of the one under test that the scripts are added to.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::RealBin;
use GroupMember;
use GroupRequests;
use KafkaRequests;
use KafkaTest;
use Load;
use PgKafka;
use PostgreSQL::Test::Utils ();
use Test::More;
use TransactionalProducer;

# The programs are copied, since they look for all else from where they are; that is links, but for the folder of extensions.
# Returns where the installation is, and that folder.
sub copied_installation {
    my $root = PostgreSQL::Test::Utils::tempdir();
    my ($programs, $libraries, $shared) = map { chomp(my $folder = `pg_config --$_`); $folder } qw(bindir pkglibdir sharedir);
    make_path(map { $root . $_ } dirname($programs), dirname($libraries), "$shared/extension");
    PostgreSQL::Test::Utils::system_or_bail('cp', '-RL', $programs, $root . $programs);
    symlink $libraries, $root . $libraries or die "$libraries: $!";
    for my $file (glob("$shared/* $shared/extension/*")) {
        symlink $file, $root . $file or die "$file: $!" if $file ne "$shared/extension";
    }
    return (dirname($root . $programs), "$root$shared/extension");
}

sub add_script {
    my ($folder, $name, $text) = @_;
    open my $script, '>', "$folder/$name" or die "$name: $!";
    print $script $text;
    close $script or die "$name: $!";
    return;
}

my $skeleton = abs_path("$FindBin::RealBin/../pg_kafka--1.0--1.1.sql");
my ($path, $extensions) = copied_installation();
symlink $skeleton, "$extensions/" . basename($skeleton) or die "$skeleton: $!";
add_script($extensions, 'pg_kafka--1.1--1.1.failing.sql', 'ALTER TABLE kafka.topic ADD COLUMN note text; SELECT 1 / 0;');
add_script($extensions, 'pg_kafka--1.1--1.1.other.sql',   <<'SQL');
ALTER TABLE kafka.topic ADD COLUMN note text;
ALTER TABLE kafka.partition ADD COLUMN note text NOT NULL DEFAULT 'none';
ALTER TABLE kafka.consumer_group ADD COLUMN note text;
ALTER TABLE kafka.consumer_offset ADD COLUMN note text NOT NULL DEFAULT 'none';
ALTER TABLE kafka.transaction ADD COLUMN note text;
ALTER TABLE kafka.segment ADD COLUMN note text;
CREATE TABLE kafka.note (note text);
SELECT pg_catalog.pg_extension_config_dump('kafka.note', '');
SQL

my $server = PgKafka->new(path => $path, settings => { 'pg_kafka.group_initial_rebalance_delay_ms' => 0 });
my $broker = KafkaTest->of($server);

sub version { return $server->sql(q{SELECT extversion FROM pg_extension WHERE extname = 'pg_kafka'}); }

# All that belongs to the extension, but for the version.
sub objects {
    return $server->sql(q{
        SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
        WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_kafka')
        UNION ALL SELECT 'dumped: ' || unnest(extconfig)::regclass FROM pg_extension WHERE extname = 'pg_kafka'
        ORDER BY 1});
}

is(version(), '1.0', 'CREATE EXTENSION makes the version of the control file');
my ($code, undef, $error) = $server->node->psql('postgres', 'ALTER EXTENSION pg_kafka UPDATE');
is($code, 0, 'there is no other yet');
like($error, qr/NOTICE:  version "1.0" of extension "pg_kafka" is already installed/, 'as the server says');

# What is there before: records, a group at work, an open transaction, and producers that go on.
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $client = $broker->connect;
produce_values($client, $topic, "record $_") for 1 .. 5;
my ($member) = stable_group($broker, 'shop', 1, session_timeout_ms => 300_000);
is($member->commit($topic, { 0 => { committed_offset => 3, committed_metadata => 'third' } }), 'NONE', 'a member of a group commits');
my $transaction = TransactionalProducer->new($broker->connect, $topic, id => 'payments', timeout => 300_000);
$transaction->add(1);
is($transaction->write(1, 'a'), 0, 'a transaction has begun to write');
my $load   = Load->start($broker, 'load', 2);
my $worker = $server->pid_of('broker');

# Everything is as before, and goes on.
my ($records, $in_transaction, $committed) = (5, 1, 3);
sub goes_on {
    my ($after) = @_;
    $load->wait_for_progress("after $after");
    is($server->pid_of('broker'), $worker, "$after: the broker is the same process");
    is(produce_values($client, $topic, 'record ' . ++$records), $records - 1, "$after: a client goes on over its connection");
    is($transaction->write(1, chr(ord('a') + $in_transaction)), $in_transaction++, "$after: so does a transaction");
    is(offset_of($member->client, 'shop', $topic), $committed, "$after: what a group has committed is there");
    is($member->heartbeat, 'NONE', "$after: its member is in it still");
    is($member->commit($topic, { 0 => { committed_offset => ++$committed, committed_metadata => 'next' } }), 'NONE', "$after: and commits");
    is($server->sql(qq{SELECT lag FROM kafka.consumer_lag WHERE group_id = 'shop' AND topic = '$topic->{name}' AND partition = 0}),
        $records - $committed, "$after: SQL shows it");
    $broker->create_topic("after $after" =~ tr/ /-/r);
    return;
}

my $objects = objects();
goes_on('the beginning');
$server->sql(q{BEGIN; ALTER EXTENSION pg_kafka UPDATE TO '1.1'; ROLLBACK});
is(version(), '1.0', 'an update that is rolled back never was');
goes_on('an update that is rolled back');

$server->sql(q{ALTER EXTENSION pg_kafka UPDATE TO '1.1'});
is(version(), '1.1', 'the script for the next version is run');
is(objects(), $objects, 'it changes nothing yet');
goes_on('the update');

($code, undef, $error) = $server->node->psql('postgres', q{ALTER EXTENSION pg_kafka UPDATE TO '1.1.failing'});
isnt($code, 0, 'a script that fails');
is(version(), '1.1', 'changes nothing');
$server->expect_in_log(qr/ERROR:  division by zero/);
goes_on('one that fails');
is($load->refused, 0, 'nothing was refused so far');

$server->sql(q{ALTER EXTENSION pg_kafka UPDATE TO '1.1.other'});
is(version(), '1.1.other', 'a script may change tables that the broker uses');
goes_on('one that changes tables');

is($transaction->commit, 'NONE', 'the transaction that has been open all the while ends');
$load->stop;
$server->node->restart;
$server->wait_for_port;
is(committed_values($broker->connect, $topic, 1), join(' ', map { chr(ord('a') + $_) } 0 .. $in_transaction - 1), 'after a restart the transaction is there');
is(join(',', $server->consume($topic->{name}, partition => 0)), join(',', map { "record $_" } 1 .. $records), 'and all records');
is($member->reconnect->heartbeat, 'NONE', 'and the group');
$load->verify;

$server->sql('CREATE DATABASE elsewhere');
$server->sql(q{CREATE EXTENSION pg_kafka VERSION '1.1'}, 'elsewhere');
is($server->sql(q{SELECT extversion FROM pg_extension WHERE extname = 'pg_kafka'}, 'elsewhere'), '1.1', 'CREATE EXTENSION goes to the next version by the same script');
$broker->finish;
