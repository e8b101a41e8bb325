# The configs of topics: DescribeConfigs 1-4, AlterConfigs 0-2 and IncrementalAlterConfigs 0-1.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConfigRequests;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker  = KafkaTest->start;
my $client  = $broker->connect;
my $topic   = $broker->create_topic('orders', configs => { 'retention.ms' => 3_600_000, 'cleanup.policy' => 'compact' });
my $orders  = [TOPIC, $topic->{name}];
my $missing = [TOPIC, $broker->missing_topic->{name}];

# Kafka's brokers hear of a change a little after it was made; ours at once.
sub values_become {
    my ($resource, $expected, $test) = @_;
    my @names = sort keys %$expected;
    my $seen  = sub { my $values = values_of($client, $resource, @names); join ' ', map { "$_=$values->{$_}" } @names };
    my $wanted = join ' ', map { "$_=$expected->{$_}" } @names;
    wait_until($test, sub { $seen->() eq $wanted }) if !$broker->is_ours;
    return is($seen->(), $wanted, $test);
}

# --- DescribeConfigs -------------------------------------------------------------------------------------

# Type and default of each config of a topic.
my %types = (boolean => 1, string => 2, int => 3, long => 5, double => 6, list => 7);
my $forever = '9223372036854775807';
my %known = (
    'cleanup.policy' => [list => 'delete'], 'compression.gzip.level' => [int => -1], 'compression.lz4.level' => [int => 9],
    'compression.type' => [string => 'producer'], 'compression.zstd.level' => [int => 3], 'delete.retention.ms' => [long => 86_400_000],
    'file.delete.delay.ms' => [long => 60_000], 'flush.messages' => [long => $forever], 'flush.ms' => [long => $forever],
    'follower.replication.throttled.replicas' => [list => ''], 'index.interval.bytes' => [int => 4096],
    'leader.replication.throttled.replicas' => [list => ''], 'local.retention.bytes' => [long => -2], 'local.retention.ms' => [long => -2],
    'max.compaction.lag.ms' => [long => $forever], 'max.message.bytes' => [int => 1_048_588], 'message.timestamp.after.max.ms' => [long => 3_600_000],
    'message.timestamp.before.max.ms' => [long => $forever], 'message.timestamp.type' => [string => 'CreateTime'],
    'min.cleanable.dirty.ratio' => [double => '0.5'], 'min.compaction.lag.ms' => [long => 0], 'min.insync.replicas' => [int => 1],
    'preallocate' => [boolean => 'false'], 'remote.log.copy.disable' => [boolean => 'false'], 'remote.log.delete.on.disable' => [boolean => 'false'],
    'remote.storage.enable' => [boolean => 'false'], 'retention.bytes' => [long => -1], 'retention.ms' => [long => 604_800_000],
    'segment.bytes' => [int => 1_073_741_824], 'segment.index.bytes' => [int => 10_485_760], 'segment.jitter.ms' => [long => 0],
    'segment.ms' => [long => 604_800_000], 'unclean.leader.election.enable' => [boolean => 'false'],
);
my %own = ('retention.ms' => 3_600_000, 'cleanup.policy' => 'compact');

for my $version (1 .. 4) {
    my ($configs, $error) = describe($client, $version, $orders, include_synonyms => 1, include_documentation => 1);
    is($error, 'NONE', "v$version: a topic is described");
    is_deeply([sort grep { !/^internal/ } keys %$configs], [sort keys %known], "v$version: by all configs of topics");
    is_deeply({ map { $_ => $configs->{$_}{value} } keys %known }, { (map { $_ => $known{$_}[1] } keys %known), %own }, "v$version: with their values");
    is_deeply([sort grep { $configs->{$_}{config_source} == 1 } keys %$configs], [sort keys %own], "v$version: those of its own say so");
    is_deeply([map { $configs->{'max.message.bytes'}{$_} } qw(config_source read_only is_sensitive)], [5, 0, 0], "v$version: the others are defaults");
    is_deeply([grep { $configs->{$_}{is_sensitive} || $configs->{$_}{read_only} } keys %$configs], [], "v$version: all can be read and changed");
    is_deeply($configs->{'cleanup.policy'}{synonyms}, [
        { name => 'cleanup.policy',     value => 'compact', source => 1 },
        { name => 'log.cleanup.policy', value => 'delete',  source => 5 }], "v$version: what else would hold");
    is_deeply($configs->{'max.message.bytes'}{synonyms}, [{ name => 'message.max.bytes', value => 1_048_588, source => 5 }], "v$version: by the broker's name");
    is_deeply($configs->{'min.insync.replicas'}{synonyms}, [map { { name => 'min.insync.replicas', value => 1, source => $_ } } 3, 5], "v$version: which one is set for all brokers");
    is_deeply($configs->{'remote.storage.enable'}{synonyms}, [], "v$version: if it has one");
    next if $version < 3;
    is_deeply({ map { $_ => $configs->{$_}{config_type} } keys %known }, { map { $_ => $types{ $known{$_}[0] } } keys %known }, "v$version: with their types");
    is_deeply([grep { !$configs->{$_}{documentation} } keys %known], [], "v$version: and what they mean");
}
my $plain = describe($client, 4, $orders);
is_deeply([@{ $plain->{'cleanup.policy'} }{qw(synonyms documentation)}], [[], undef], 'synonyms and documentation only for who wants them');
is_deeply([sort keys %{ describe($client, 4, $orders, keys => ['segment.ms', 'no.such', 'preallocate']) }], ['preallocate', 'segment.ms'], 'some configs by their names');
is(scalar keys %{ describe($client, 4, $orders, keys => []) }, scalar keys %$plain, 'no names are all');
is_deeply([(describe($client, 4, $missing))[0, 1]], [{}, 'UNKNOWN_TOPIC_OR_PARTITION'], 'a topic that is not there');
is((describe($client, 4, [TOPIC, 'no spaces']))[1], 'INVALID_TOPIC_EXCEPTION', 'what cannot be a topic');
is((describe($client, 4, [TOPIC, '']))[1],          'INVALID_TOPIC_EXCEPTION', 'nor can this');
is((describe($client, 4, [99, 'x']))[1],            'INVALID_REQUEST',         'a type of resource that there is not');
my $both = $client->call('DescribeConfigs', 4, { resources => [map { { resource_type => $_->[0], resource_name => $_->[1], configuration_keys => ['segment.ms'] } } $missing, $orders] });
is_deeply([map { [KafkaTest::error_name($_->{error_code}), scalar @{ $_->{configs} }] } sort { $a->{error_code} <=> $b->{error_code} } @{ $both->{results} }],
    [['NONE', 1], ['UNKNOWN_TOPIC_OR_PARTITION', 0]], 'one that fails does not disturb others');

# --- IncrementalAlterConfigs -----------------------------------------------------------------------------

for my $version (0, 1) {
    my $of = [TOPIC, $broker->create_topic("changed$version", configs => { 'retention.ms' => 5000 })->{name}];
    my $ask = sub { my ($changes, %request) = @_; return change($client, $version, $of, $changes, %request); };
    is($ask->([['segment.ms' => SET, 60_000], ['retention.ms' => DELETE, undef], ['cleanup.policy' => APPEND, 'compact']]), 'NONE', "v$version: several changes");
    values_become($of, { 'segment.ms' => 60_000, 'retention.ms' => 604_800_000, 'cleanup.policy' => 'delete,compact' }, "v$version: all are made");
    is($ask->([['cleanup.policy' => SUBTRACT, 'delete'], ['segment.ms' => DELETE, undef]]), 'NONE', "v$version: and taken back");
    values_become($of, { 'segment.ms' => 604_800_000, 'cleanup.policy' => 'compact' }, "v$version: as one sees");
    is($ask->([['segment.ms' => SET, 70_000]], validate_only => 1), 'NONE', "v$version: only looked at");
    is($ask->([['segment.ms' => SET, -1]], validate_only => 1), 'INVALID_CONFIG', "v$version: but looked at");
    is($ask->([['segment.bytes' => SET, 1_048_576]]), 'NONE', "v$version: as small as may be");
    values_become($of, { 'segment.bytes' => 1_048_576, 'segment.ms' => 604_800_000 }, "v$version: nothing has changed by that");
    is($ask->([['retention.bytes' => SET, 7], ['segment.bytes' => SET, 1_048_575]]), 'INVALID_CONFIG', "v$version: too small");
    is($ask->([['retention.bytes' => SET, 7], ['no.such.config' => SET, 1]]), 'INVALID_CONFIG', "v$version: an unknown config");
    is($ask->([['retention.ms' => SET, 'soon']]), 'INVALID_CONFIG', "v$version: no number");
    is($ask->([['preallocate' => SET, 'yes']]), 'INVALID_CONFIG', "v$version: no boolean");
    is($ask->([['compression.type' => SET, 'brotli']]), 'INVALID_CONFIG', "v$version: no choice");
    is($ask->([['cleanup.policy' => APPEND, 'burn']]), 'INVALID_CONFIG', "v$version: no element of the list");
    is($ask->([['retention.ms' => APPEND, 5]]), 'INVALID_CONFIG', "v$version: no list");
    is($ask->([['no.such.config' => SUBTRACT, 5]]), 'INVALID_CONFIG', "v$version: nothing at all");
    is($ask->([['retention.ms' => SET, undef]]), 'INVALID_REQUEST', "v$version: no value");
    is($ask->([['min.compaction.lag.ms' => SET, 10], ['max.compaction.lag.ms' => SET, 9]]), 'INVALID_CONFIG', "v$version: a contradiction");
    is($ask->([['retention.ms' => SET, 1], ['retention.ms' => SET, 2]]), 'INVALID_REQUEST', "v$version: a config twice");
    is($ask->([['no.such.config' => DELETE, undef]]), 'NONE', "v$version: what is not there can be deleted");
    values_become($of, { 'retention.bytes' => -1, 'retention.ms' => 604_800_000 }, "v$version: of all that nothing was done");
    is(change($client, $version, $missing, [['retention.ms' => SET, 5]]), 'UNKNOWN_TOPIC_OR_PARTITION', "v$version: a topic that is not there");
    is(change($client, $version, [TOPIC, 'no spaces'], [['retention.ms' => SET, 5]]), 'INVALID_TOPIC_EXCEPTION', "v$version: what cannot be a topic");
    is(change($client, $version, [TOPIC, ''], [['retention.ms' => SET, 5]]), 'INVALID_REQUEST', "v$version: no topic");
    is(change($client, $version, [99, 'x'], [['retention.ms' => SET, 5]]), 'INVALID_REQUEST', "v$version: a type of resource that there is not");
    my $set = [{ name => 'retention.ms', config_operation => SET, value => 7000 }];
    is_deeply([alter_all($client, 'IncrementalAlterConfigs', $version, [[@$missing, $set], [@$of, $set]])], ['UNKNOWN_TOPIC_OR_PARTITION', 'NONE'], "v$version: one topic does not disturb the other");
    values_become($of, { 'retention.ms' => 7000 }, "v$version: which is changed");
    is_deeply([alter_all($client, 'IncrementalAlterConfigs', $version, [[@$of, $set], [@$of, $set]])], ['INVALID_REQUEST', 'INVALID_REQUEST'], "v$version: a topic twice");
    # Kafka does not answer that at all.
    is($ask->([['retention.ms' => 4, 5]]), 'INVALID_REQUEST', "v$version: an operation that there is not") if $broker->is_ours;
}

# --- AlterConfigs ----------------------------------------------------------------------------------------

for my $version (0 .. 2) {
    my $of = [TOPIC, $broker->create_topic("replaced$version", configs => { 'retention.ms' => 5000, 'preallocate' => 'true' })->{name}];
    my $ask = sub { my ($configs, %request) = @_; return replace($client, $version, $of, $configs, %request); };
    is($ask->({ 'segment.ms' => 60_000 }, validate_only => 1), 'NONE', "v$version: only looked at");
    is($ask->({ 'segment.ms' => -5 }), 'INVALID_CONFIG', "v$version: a value that cannot be");
    is($ask->({ 'no.such.config' => 1 }), 'INVALID_CONFIG', "v$version: an unknown config");
    is($ask->({ 'segment.ms' => undef }), 'INVALID_REQUEST', "v$version: no value");
    values_become($of, { 'retention.ms' => 5000, 'preallocate' => 'true', 'segment.ms' => 604_800_000 }, "v$version: nothing has changed");
    is($ask->({ 'segment.ms' => 60_000, 'preallocate' => 'true' }), 'NONE', "v$version: a replacement");
    values_become($of, { 'retention.ms' => 604_800_000, 'preallocate' => 'true', 'segment.ms' => 60_000 }, "v$version: what it does not name is gone");
    is($ask->({}), 'NONE', "v$version: and by nothing");
    values_become($of, { 'retention.ms' => 604_800_000, 'preallocate' => 'false', 'segment.ms' => 604_800_000 }, "v$version: all");
    is(replace($client, $version, $missing, { 'retention.ms' => 5 }), 'UNKNOWN_TOPIC_OR_PARTITION', "v$version: a topic that is not there");
    my $set = [{ name => 'retention.ms', value => 7000 }];
    # Kafka does not answer that at all.
    is_deeply([alter_all($client, 'AlterConfigs', $version, [[@$of, $set], [@$of, $set]])], ['INVALID_REQUEST', 'INVALID_REQUEST'], "v$version: a topic twice") if $broker->is_ours;
    is_deeply([alter_all($client, 'AlterConfigs', $version, [[@$of, [@$set, @$set]]])], ['INVALID_REQUEST'], "v$version: a config twice");
}

# --- What they do ----------------------------------------------------------------------------------------

my $small = $broker->create_topic('small');
is(change($client, 1, [TOPIC, $small->{name}], [['max.message.bytes' => SET, 1000]]), 'NONE', 'a limit is set');
values_become([TOPIC, $small->{name}], { 'max.message.bytes' => 1000 }, 'and shown');
error_is(produce($client, 9, $small, { 0 => batch_of('x' x 2000) })->{0}{error_code}, 'MESSAGE_TOO_LARGE', 'and holds for the next batch');
is(change($client, 1, [TOPIC, $small->{name}], [['max.message.bytes' => DELETE, undef], ['compression.type' => SET, 'gzip']]), 'NONE', 'it is taken back');
values_become([TOPIC, $small->{name}], { 'max.message.bytes' => 1_048_588, 'compression.type' => 'gzip' }, 'as one sees');
error_is(produce($client, 9, $small, { 0 => batch_of('x' x 2000) })->{0}{error_code}, 'NONE', 'and does');
is(fetch($client, 12, $small, 0)->{batches}[0]{codec}, 'gzip', 'what is stored is compressed now');

if ($broker->is_ours) {
    my $server = $broker->server;
    my ($name, $kept) = ($topic->{name}, "SELECT config->>'retention.ms' FROM kafka.topics WHERE name = '$topic->{name}'");
    my $session = $server->node->background_psql('postgres');
    $session->query_safe('BEGIN; LOCK TABLE kafka.topic_config');
    is(change($client, 1, $orders, [['retention.ms' => SET, 1]]), 'KAFKA_STORAGE_ERROR', 'nobody waits for a lock on the tables');
    $session->query_safe('ROLLBACK');
    $session->query_safe("BEGIN; SELECT kafka.alter_topic('$name', '{}')");
    is(change($client, 1, $orders, [['retention.ms' => SET, 1]]), 'KAFKA_STORAGE_ERROR', 'nor for who changes the same topic');
    $session->query_safe('ROLLBACK');
    $session->quit;
    is(values_of($client, $orders, 'retention.ms')->{'retention.ms'}, 3_600_000, 'and nothing has changed');
    is(change($client, 1, $orders, [['retention.ms' => SET, 4000], ['segment.ms' => SET, 5000]]), 'NONE', 'without it all goes well');
    is($server->sql($kept), 4000, 'SQL sees what clients have changed');
    $server->sql("SELECT kafka.alter_topic('$name', '{\"retention.ms\": 6000}')");
    $server->wait_for('what SQL has changed', sub { values_of($client, $orders, 'retention.ms')->{'retention.ms'} == 6000 });
    is($server->sql("SELECT string_agg(name || ' ' || value || ' ' || source || ' ' || \"default\", ', ' ORDER BY name) FROM kafka.topic_configs WHERE topic = '$name' AND name ~ '^segment'"),
        'segment.bytes 1073741824 default 1073741824, segment.index.bytes 10485760 default 10485760, segment.jitter.ms 0 default 0, segment.ms 5000 topic 604800000', 'and psql can describe it');
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    is_deeply(values_of($client, $orders, 'retention.ms', 'segment.ms'), { 'retention.ms' => 6000, 'segment.ms' => 5000 }, 'all of it outlives a restart');

    # More topics than one turn describes, or changes.
    my @many = map { $broker->create_topic("many$_")->{name} } 1 .. 45;
    is_deeply([alter_all($client, 'IncrementalAlterConfigs', 1, [map { [TOPIC, $_, [{ name => 'segment.ms', config_operation => SET, value => 9000 }]] } @many])],
        [('NONE') x 45], 'many topics are changed');
    my $all = $client->call('DescribeConfigs', 4, { resources => [map { { resource_type => TOPIC, resource_name => $_, configuration_keys => ['segment.ms'] } } (@many) x 10] });
    is_deeply([map { $_->{configs}[0]{value} } @{ $all->{results} }], [(9000) x 450], 'and described, in their order');
    is_deeply([map { $_->{resource_name} } @{ $all->{results} }], [(@many) x 10], 'each by its name');
}
$broker->finish;
