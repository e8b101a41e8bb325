# Groups in what pg_dump wrote: restored into a server whose broker runs and is asked for them all the while, or into one that gets
# its extension with them, they are served as they were.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember;
use GroupMember;
use GroupRequests;
use KafkaTest;
use PgKafka;
use PostgreSQL::Test::Utils ();
use Test::More;

my $source = PgKafka->new(name => 'source', settings => { 'pg_kafka.group_initial_rebalance_delay_ms' => 0 });
# Without records: so nothing but the tables of groups and topics tells the broker that a restore is under way.
$source->sql(q{SELECT kafka.create_topic('orders', 2), kafka.create_topic('events')});
my ($orders, $events) = map { { name => $_ } } qw(orders events);

sub client_of { return KafkaTest->at($_[0]->address)->connect }

# What is said of an offset that is committed.
sub at { my ($offset) = @_; return { committed_offset => $offset, committed_leader_epoch => 0, committed_metadata => "at $offset" } }

# Everything that a group has committed.
sub committed {
    my ($client, $group) = @_;
    my $fetched = fetch_group_offsets($client, 7, $group, undef);
    return $fetched->{error} if $fetched->{error} ne 'NONE';
    my @found;
    for my $topic (keys %{ $fetched->{topics} }) {
        my $partitions = $fetched->{topics}{$topic};
        push @found, map { "$topic-$_:$partitions->{$_}[0]:$partitions->{$_}[2]" } keys %$partitions;
    }
    return join ', ', sort @found;
}

my $client = client_of($source);
my $member = GroupMember->new(KafkaTest->at($source->address), 'classic', session_timeout_ms => 300_000);
$member->join;
$member->sync({ $member->id => assignment(orders => [0, 1]) });
is($member->commit($orders, { $_ => at(5 + $_) }), 'NONE', "a member commits in partition $_") for 0, 1;
my $modern = ConsumerMember->new(KafkaTest->at($source->address), 'modern', ['orders'], member_id => 'm-1', rebalance_timeout_ms => 300_000);
my $epoch = $modern->join->{member_epoch};
is($modern->commit($orders, { 1 => at(7) }), 'NONE', 'a member of the new protocol commits');
is(commit_offsets($client, 9, 'simple', $events, { 0 => at(8) }), 'NONE', 'and so does a tool');

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
    is_deeply(list_groups($client, 5, qr/./), { classic => 'consumer/Stable/classic', modern => 'consumer/Stable/consumer', simple => '/Empty/classic' },
        "$how: the groups are as they were");
    $_->{client} = $client for $member, $modern;
    is($member->heartbeat, 'NONE', "$how: a member goes on in its generation");
    my $again = $modern->beat;
    is_deeply([@$again{qw(error_code member_epoch assignment)}], [0, $epoch, undef], "$how: one of the new protocol in its epoch");
    is($member->commit($orders, { 0 => at(10) }), 'NONE', "$how: a member commits");
    is($modern->commit($orders, { 0 => at(11) }), 'NONE', "$how: the other does");
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
