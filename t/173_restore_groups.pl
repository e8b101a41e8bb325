# Groups in what pg_dump wrote: restored into a server whose broker runs and is asked for them all the while, or into one that gets
# its extension with them, they are served as they were.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest;
use KafkaWire;
use KafkaWire::Errors;
use PgKafka;
use PostgreSQL::Test::Utils ();
use Test::More;

my $source = PgKafka->new(name => 'source', settings => { 'pg_kafka.group_initial_rebalance_delay_ms' => 0 });
my $client = client_of($source);
# Without records: so nothing but the tables of groups and topics tells the broker that a restore is under way.
$source->sql(q{SELECT kafka.create_topic('orders', 2), kafka.create_topic('events')});

sub client_of { return KafkaWire->connect('127.0.0.1', $_[0]->kafka_port); }

sub commit {
    my ($client, $group, $topic, $partition, $offset, %as) = @_;
    my $answer = $client->call('OffsetCommit', 9, {
        group_id => $group, %as,
        topics => [{ name => $topic, partitions => [{ partition_index => $partition, committed_offset => $offset, committed_leader_epoch => 0, committed_metadata => "at $offset" }] }]
    });
    return error_name($answer->{topics}[0]{partitions}[0]{error_code});
}

# Everything that a group has committed.
sub committed {
    my ($client, $group) = @_;
    my $answer = $client->call('OffsetFetch', 7, { group_id => $group, topics => undef });
    return error_name($answer->{error_code}) if $answer->{error_code} != 0;
    my @found;
    for my $topic (@{ $answer->{topics} }) {
        push @found, map { "$topic->{name}-$_->{partition_index}:$_->{committed_offset}:$_->{metadata}" } @{ $topic->{partitions} };
    }
    return join ', ', sort @found;
}

my %join       = (group_id => 'classic', session_timeout_ms => 300_000, protocols => [{ name => 'range', metadata => '' }]);
my $id         = $client->call('JoinGroup', 9, \%join)->{member_id};
my $generation = $client->call('JoinGroup', 9, { %join, member_id => $id })->{generation_id};
my %member     = (group_id => 'classic', member_id => $id, generation_id => $generation);
my $assignment = pack 's> l> s>/a* l> l>*', 0, 1, 'orders', 2, 0, 1, -1;
$client->call('SyncGroup', 5, { %member, protocol_type => 'consumer', protocol_name => 'range', assignments => [{ member_id => $id, assignment => $assignment }] });
my %as = (generation_id_or_member_epoch => $generation, member_id => $id);
is(commit($client, 'classic', 'orders', $_, 5 + $_, %as), 'NONE', "a member commits in partition $_") for 0, 1;

my %modern = (group_id => 'modern', member_id => 'm-1');
my $beat   = $client->call('ConsumerGroupHeartbeat', 1, { %modern, member_epoch => 0, rebalance_timeout_ms => 300_000, subscribed_topic_names => ['orders'], topic_partitions => [] });
my %as_modern = (generation_id_or_member_epoch => $beat->{member_epoch}, member_id => 'm-1');
is(commit($client, 'modern', 'orders', 1, 7, %as_modern), 'NONE', 'a member of the new protocol commits');
is(commit($client, 'simple', 'events', 0, 8), 'NONE', 'and so does a tool');

sub groups {
    my ($client) = @_;
    return join ' ', sort map { "$_->{group_id}:$_->{group_state}:$_->{group_type}" } @{ $client->call('ListGroups', 5, {})->{groups} };
}

my @groups    = qw(classic modern simple);
my %committed = map { $_ => committed($client, $_) } @groups;
is($committed{classic}, 'orders-0:5:at 5, orders-1:6:at 6', 'this is what there is to be restored');
my $lag = 'SELECT * FROM kafka.consumer_lag ORDER BY group_id, topic, partition';
my $lag_before = $source->sql($lag);
my $dump       = PostgreSQL::Test::Utils::tempdir() . '/dump';
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', "$dump.sql", $source->node->connstr('postgres')],        'pg_dump');
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', $dump, '-Fd', $source->node->connstr('postgres')], 'pg_dump as a directory');

sub is_restored {
    my ($server, $how) = @_;
    $server->wait_for('the restored groups', sub { eval { committed(client_of($server), 'simple') eq $committed{simple} } });
    my $client = client_of($server);
    is(committed($client, $_), $committed{$_}, "$how: what $_ has committed") for @groups;
    is($server->sql($lag), $lag_before, "$how: SQL shows the same lag");
    is(groups($client), 'classic:Stable:classic modern:Stable:consumer simple:Empty:classic', "$how: the groups are as they were");
    is(error_name($client->call('Heartbeat', 4, \%member)->{error_code}), 'NONE', "$how: a member goes on in its generation");
    my $again = $client->call('ConsumerGroupHeartbeat', 1, { %modern, member_epoch => $beat->{member_epoch} });
    is(error_name($again->{error_code}) . " $again->{member_epoch}", "NONE $beat->{member_epoch}", "$how: one of the new protocol in its epoch");
    is(commit($client, 'classic', 'orders', 0, 10, %as),        'NONE', "$how: a member commits");
    is(commit($client, 'modern', 'orders', 0, 11, %as_modern), 'NONE', "$how: the other does");
    is($server->sql(q{SELECT string_agg(group_id || ':' || committed_offset, ' ' ORDER BY group_id) FROM kafka.consumer_offsets WHERE topic = 'orders' AND partition = 0}),
        'classic:10 modern:11', "$how: which is stored");
    return;
}

# Step by step; between the steps a client asks, so that the broker has looked at the tables at every stage.
my $target = PgKafka->new(name => 'target');
my %seen;
$target->restore_step_by_step("$dump.sql", sub {
    $target->wait_for('an answer', sub { eval { my $client = client_of($target); $seen{ committed($client, $_) }++ for @groups; 1 } });
});
cmp_ok(scalar keys %seen, '>', 3, 'the broker has been asked while it had only parts');
is_restored($target, 'psql');
$target->node->restart;
$target->wait_for_port;
is(committed(client_of($target), 'simple'), $committed{simple}, 'psql: and after a restart');
$target->check;

# As fast as it goes, into a database that gets its extension only now.
my $archive = PgKafka->new(name => 'archive', extension => 0);
PostgreSQL::Test::Utils::command_ok(['pg_restore', '-d', $archive->node->connstr('postgres'), $dump], 'pg_restore');
$archive->wait_for_port;
is_restored($archive, 'pg_restore');
$archive->check;
$_->node->stop for $target, $archive;
$source->finish;
