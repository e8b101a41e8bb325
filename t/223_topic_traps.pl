# What other brokers got wrong about topics, and what their users asked for, each by its name: answers where nothing is to be done,
# configs that are accepted and forgotten, rows that are never cleaned, logs that fill, tools that die of one answer.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConfigRequests;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start('pg_kafka.retention_check_interval_ms' => 10);
my $client = $broker->connect;
$broker->wait_for_coordinators if !$broker->is_ours;
my $node = metadata($client, 9, [])->{brokers}[0]{node_id};

sub create {
    my ($name, %with) = @_;
    return error_name(create_topics($client, 7, [{ name => $name, %with }])->{$name}{error_code});
}
sub remove { return error_name(delete_topics($client, 5, [$_[0]])->{ $_[0] }{error_code}); }
sub grow {
    my ($name, $count) = @_;
    return error_name($client->call('CreatePartitions', 3, { topics => [{ name => $name, count => $count, assignments => undef }], timeout_ms => 30_000 })->{results}[0]{error_code});
}
sub names { return { map { $_->{name} => 1 } @{ metadata($client, 9, undef)->{topics} } }; }

# --- CONF-4: what is answered where there is nothing to do, and names that are none -------------------------------------------

my $topic   = $broker->create_topic('orders', num_partitions => 2);
my $name    = $topic->{name};
my $missing = $broker->missing_topic->{name};
is(create($name), 'TOPIC_ALREADY_EXISTS', 'a topic that is there is not made again');
is(create($name, num_partitions => 5, replication_factor => 1), 'TOPIC_ALREADY_EXISTS', 'nor changed');
is(remove($missing), 'UNKNOWN_TOPIC_OR_PARTITION', 'a topic that is not there is not deleted');
is(grow($missing, 3), 'UNKNOWN_TOPIC_OR_PARTITION', 'and gets no partitions');
is(grow($name, $_), 'INVALID_PARTITIONS', "2 partitions do not become $_") for 1, 2;
for my $bad ('', '.', '..', 'a b', 'a/b', 'a:b', "a\tb", "gr\xc3\xbc\xc3\x9fe", 'x' x 250) {
    is(create($bad), 'INVALID_TOPIC_EXCEPTION', 'no name of a topic: "' . substr($bad, 0, 10) . '"');
}
is(create($name =~ s/^orders/my.orders/r), 'NONE', 'a dot may be in a name');
is(create($name =~ s/^orders/my_orders/r), 'INVALID_TOPIC_EXCEPTION', 'but not where another has an underscore, whose metrics it would share');
is_deeply(delete_groups($client, 2, $broker->name('nobody')), { $broker->name('nobody') => 'GROUP_ID_NOT_FOUND' }, 'a group that is not there is not deleted');

# Whole requests: each topic is answered for itself.
my @several = map { $broker->name("several-$_") } 1 .. 3;
my $made = create_topics($client, 7, [map { { name => $_ } } $several[0], $name, $several[1], 'a b', $several[2]]);
is_deeply([map { error_name($made->{$_}{error_code}) } @several, $name, 'a b'], [('NONE') x 3, 'TOPIC_ALREADY_EXISTS', 'INVALID_TOPIC_EXCEPTION'],
    'of several topics those are made that can be');
$broker->wait_for_topic($client, { name => $_ }) for @several;
my $gone = delete_topics($client, 5, [$several[0], $missing, $several[1]]);
is_deeply([map { error_name($gone->{$_}{error_code}) } $several[0], $missing, $several[1]], ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NONE'],
    'and of several those deleted that are there');
wait_until('they are gone', sub { !grep { names()->{$_} } @several[0, 1] });
ok(names()->{ $several[2] }, 'the other stays');

# --- U12: configs, partition counts and replication factors are kept or refused, never dropped -------------------------------

my %configs = ('retention.ms' => 3_600_000, 'cleanup.policy' => 'compact', 'max.message.bytes' => 2000, 'min.insync.replicas' => 1, 'segment.jitter.ms' => 5);
my $with = $broker->create_topic('configured', configs => \%configs);
is_deeply(values_of($client, [TOPIC, $with->{name}], keys %configs), \%configs, 'what a topic is created with is described');
is(error_name(produce($client, 9, $with, { 0 => build_batch([{ key => 'k', value => 'x' x 3000 }]) })->{0}{error_code}), 'MESSAGE_TOO_LARGE', 'and has its effect');
is(create($broker->name('nothing'), num_partitions => 0), 'INVALID_PARTITIONS', 'no topic has 0 partitions');
is(create($broker->name('nothing'), num_partitions => -2), 'INVALID_PARTITIONS', 'or fewer');
is(create($broker->name('nothing'), num_partitions => 1, replication_factor => 0), 'INVALID_REPLICATION_FACTOR', 'or 0 replicas');
is(create($broker->name('nothing'), configs => [{ name => 'no.such.config', value => '1' }]), 'INVALID_CONFIG', 'or a config that there is not');
ok(!names()->{ $broker->name('nothing') }, 'what is refused is not made');

# --- Kafka Connect: internal topics have to be compacted, and say so ----------------------------------------------------------

for my $internal ('offsets', 'configs', 'status') {
    my $connect = $broker->create_topic("connect-$internal", num_partitions => 1, configs => { 'cleanup.policy' => 'compact' });
    my $config = describe($client, 4, [TOPIC, $connect->{name}], keys => ['cleanup.policy'])->{'cleanup.policy'};
    is_deeply([@$config{qw(value config_source)}], ['compact', 1], "connect-$internal is compacted, by its own config");
}

# --- User interfaces: one answer that is missing, and the cluster is "offline" ------------------------------------------------

my ($described, $error) = describe($client, 4, [BROKER, "$node"], include_synonyms => 1, include_documentation => 1);
is($error, 'NONE', 'the broker has configs');
cmp_ok(scalar keys %$described, '>', 10, 'many of them');
is($client->call('DescribeCluster', 0, {})->{controller_id}, $node, 'the cluster has a controller');
my $dirs = $client->call('DescribeLogDirs', 1, { topics => undef })->{results};
is_deeply([map { error_name($_->{error_code}) } @$dirs], ['NONE'], 'and a directory');
ok((grep { $_->{name} eq $name } map { @{ $_->{topics} } } @$dirs), 'with the topics');
is(error_name($client->call('DescribeAcls', 1, { resource_type_filter => 1, pattern_type_filter => 1, operation => 1, permission_type => 1 })->{error_code}),
    'SECURITY_DISABLED', 'no ACLs');
is(error_name($client->call('DescribeClientQuotas', 1, { components => [], strict => 0 })->{error_code}), 'NONE', 'no quotas');
is(error_name($client->call('ListGroups', 4, {})->{error_code}), 'NONE', 'groups');
produce($client, 9, $topic, { 1 => batch_of('a', 'b') });
for my $time ([earliest => -2, 0, 0], [latest => -1, 0, 2]) {
    my ($which, $timestamp, @offsets) = @$time;
    my $answer = $client->call('ListOffsets', 5, { replica_id => -1, topics => [{ name => $name, partitions => [map { { partition_index => $_, timestamp => $timestamp, current_leader_epoch => -1 } } 0, 1] }] });
    is_deeply([map { $_->{offset} } sort { $a->{partition_index} <=> $b->{partition_index} } @{ $answer->{topics}[0]{partitions} }], \@offsets, "all $which offsets in one request");
}

if ($broker->is_ours) {
    my $server = $broker->server;
    my $count  = sub { return $server->sql("SELECT count(*) FROM $_[0]"); };
    my $segments = sub { return $server->sql("SELECT count(*) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$_[0]{name}'"); };
    my $tables = sub { return $server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\d+$' AND relkind = 'r'}); };

    # --- U9: nothing is kept for ever -----------------------------------------------------------------------------------------

    my $cleaned = $broker->create_topic('cleaned', num_partitions => 1, configs => { 'retention.ms' => -1, 'segment.bytes' => 1_048_576 });
    my $p = TransactionalProducer->new($client, $cleaned, id => $broker->name('aborts'), version => 2);
    for (1 .. 3) {
        $p->write(0, 'taken back');
        is($p->abort, 'NONE', 'a transaction is aborted');
    }
    is($count->('kafka.aborted_transaction'), 3, 'which readers are told');
    is(change($client, 1, [TOPIC, $cleaned->{name}], [['retention.ms' => SET, 1]]), 'NONE', 'its records are kept for a moment only');
    $server->wait_for('what was aborted is forgotten with its records', sub { $count->('kafka.aborted_transaction') == 0 });
    is(list_offset($client, 7, $cleaned, -2)->{offset}, 6, 'which are gone');

    # --- ADR-1, and queues that bloat: retention drops tables, a topic at a time, whoever holds an old snapshot ---------------

    my %held = map { $_ => $broker->create_topic($_, num_partitions => 1, configs => { 'retention.ms' => -1, 'segment.bytes' => 1_048_576 }) } qw(short long);
    my $old = $server->node->background_psql('postgres');
    $old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
    for my $each (values %held) {
        produce($client, 9, $each, { 0 => build_batch([{ value => 'x' x 300_000, timestamp => time * 1000 }]) }) for 1 .. 9;
    }
    my $before = $tables->();
    is($segments->($held{short}), 3, 'a topic has several tables');
    is(change($client, 1, [TOPIC, $held{short}{name}], [['retention.bytes' => SET, 1]]), 'NONE', 'of which one is to keep less');
    $server->wait_for('its old tables are dropped', sub { $segments->($held{short}) == 1 });
    is($tables->(), $before - 2, 'and their room given back, though an old snapshot is held');
    $old->query_safe('COMMIT');
    $old->quit;
    is($segments->($held{long}), 3, 'another topic keeps what it has');
    is(produce($client, 9, $held{short}, { 0 => batch_of('next') })->{0}{base_offset}, 9, 'offsets have no gap');

    # --- U15: nothing is logged for each request, no row is deleted for each record -------------------------------------------

    my $full = $broker->create_topic('full', num_partitions => 1);
    produce($client, 9, $full, { 0 => batch_of(map { "record $_" } 1 .. 100) }) for 1 .. 50;
    my $pid     = $server->pid_of('broker');
    my $lines   = sub { return scalar grep { /\[$pid\] (?!LOG:  statement: )/ } split /\n/, $server->log_text; };
    my $deleted = sub {
        return $server->sql(q{SELECT pg_stat_force_next_flush(), sum(n_tup_del) FROM pg_stat_all_tables WHERE schemaname = 'kafka'}) =~ s/.*\|//r;
    };
    my ($rows, $logged, $tables_before) = ($deleted->(), $lines->(), $tables->());
    for (1 .. 100) {
        metadata($client, 9, [$full->{name}]);
        list_offset($client, 7, $full, -1);
        produce($client, 9, $full, { 0 => batch_of('more') });
    }
    is(remove($full->{name}), 'NONE', 'a topic with many records is deleted');
    $server->wait_for('its table goes', sub { $tables->() < $tables_before });
    $server->wait_for('statistics', sub { $deleted->() > $rows });
    cmp_ok($deleted->() - $rows, '<', 20, 'but not row by row');
    is($lines->(), $logged, 'and nothing of all that is in the log');
}
$broker->finish;
