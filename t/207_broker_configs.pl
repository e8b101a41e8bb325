# The configs of the broker, which are settings of the server: described, and changed as ALTER SYSTEM does.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConfigRequests;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $node   = metadata($client, 9, [])->{brokers}[0]{node_id};
my $itself = [BROKER, $node];
my $all    = [BROKER, ''];     # the default of all brokers

sub value_becomes {
    my ($name, $value, $test) = @_;
    my $seen = sub { values_of($client, $itself, $name)->{$name} // '' };
    wait_until($test, sub { $seen->() eq $value }) if !$broker->is_ours;
    return is($seen->(), $value, $test);
}

# --- DescribeConfigs -------------------------------------------------------------------------------------

for my $version (1 .. 4) {
    my ($configs, $error) = describe($client, $version, $itself, include_synonyms => 1, include_documentation => 1);
    is($error, 'NONE', "v$version: the broker is described");
    is_deeply([map { [@{ $configs->{$_} }{qw(value read_only is_sensitive)}] } 'node.id', 'broker.id'], [[$node, 1, 0], [$node, 1, 0]], "v$version: by its number");
    is_deeply([@{ $configs->{'message.max.bytes'} }{qw(value read_only config_source)}], [1_048_588, 0, 5], "v$version: by limits, which can be changed");
    is_deeply($configs->{'message.max.bytes'}{synonyms}, [{ name => 'message.max.bytes', value => 1_048_588, source => 5 }], "v$version: and are defaults");
    is_deeply([map { $configs->{$_}{value} } qw(log.segment.bytes log.cleanup.policy default.replication.factor compression.type log.flush.interval.messages)],
        [1_073_741_824, 'delete', 1, 'producer', '9223372036854775807'], "v$version: by what topics have by default");
    like($configs->{'advertised.listeners'}{value}, qr{^PLAINTEXT://127\.0\.0\.1:@{[ $broker->port ]}(?:,|$)}, "v$version: by where it is");
    like($configs->{'log.dirs'}{value}, qr{^/}, "v$version: and where it keeps the log");
    next if $version < 3;
    is_deeply([map { $configs->{$_}{config_type} } qw(auto.create.topics.enable compression.type max.connections log.retention.bytes group.consumer.assignors log.cleaner.min.cleanable.ratio)],
        [1, 2, 3, 5, 7, 6], "v$version: with their types");
    is_deeply([grep { !$configs->{$_}{documentation} } qw(node.id message.max.bytes log.preallocate)], [], "v$version: and what they mean");
}
is_deeply([(describe($client, 4, [BROKER, $node + 7]))[0, 1]], [{}, 'INVALID_REQUEST'], 'another broker is not asked here');
is((describe($client, 4, [BROKER, 'one']))[1], 'INVALID_REQUEST', 'brokers have numbers');
is_deeply([map { @$_{qw(name value config_source)} } values %{ describe($client, 4, $all) }], ['min.insync.replicas', 1, 3], 'by the empty name what was changed, which is nothing yet');

# --- Changes ---------------------------------------------------------------------------------------------

my $plain = $broker->create_topic('plain');
sub error_of { my ($bytes) = @_; return KafkaTest::error_name(produce($client, 9, $plain, { 0 => batch_of('x' x $bytes) })->{0}{error_code}); }

for my $version (0, 1) {
    for my $of ($itself, $all) {
        my $named = "v$version, broker '$of->[1]'";
        my $ask = sub { my ($changes, %request) = @_; return change($client, $version, $of, $changes, %request); };
        is($ask->([['message.max.bytes' => SET, 2000]], validate_only => 1), 'NONE', "$named: only looked at");
        value_becomes('message.max.bytes', 1_048_588, "$named: nothing has changed");
        is($ask->([['message.max.bytes' => SET, 2000]]), 'NONE', "$named: a limit is set");
        value_becomes('message.max.bytes', 2000, "$named: and shown");
        is(error_of(3000), 'MESSAGE_TOO_LARGE', "$named: and holds");
        my $source = $of->[1] eq '' && !$broker->is_ours ? 3 : 2;
        is(config_of($client, $itself, 'message.max.bytes')->{config_source}, $source, "$named: as a dynamic config");
        is_deeply(config_of($client, $itself, 'message.max.bytes')->{synonyms},
            [{ name => 'message.max.bytes', value => 2000, source => $source }, { name => 'message.max.bytes', value => 1_048_588, source => 5 }], "$named: over its default");
        is_deeply(config_of($client, [TOPIC, $plain->{name}], 'max.message.bytes')->{synonyms},
            [{ name => 'message.max.bytes', value => 2000, source => $source }, { name => 'message.max.bytes', value => 1_048_588, source => 5 }], "$named: which topics show");
        is_deeply([@{ config_of($client, $all, 'message.max.bytes') }{qw(value config_source)}], [2000, 3], "$named: and all brokers have")
            if $broker->is_ours || $source == 3;
        is($ask->([['message.max.bytes' => DELETE, undef]]), 'NONE', "$named: it is taken back");
        value_becomes('message.max.bytes', 1_048_588, "$named: as one sees");
        is(error_of(3000), 'NONE', "$named: and does");
        is($ask->([['message.max.bytes' => SET, 3000], ['message.max.bytes' => SET, 3000]]), 'INVALID_REQUEST', "$named: a config twice");
        is($ask->([['message.max.bytes' => SET, 'many']]), 'INVALID_REQUEST', "$named: no number");
        is($ask->([['message.max.bytes' => SET, -1]]), 'INVALID_REQUEST', "$named: no such number");
        is($ask->([['message.max.bytes' => SET, undef]]), 'INVALID_REQUEST', "$named: no value");
        is($ask->([['message.max.bytes' => APPEND, 5]]), 'INVALID_CONFIG', "$named: no list");
        is($ask->([['message.max.bytes' => SET, 3000], ['node.id' => SET, 5]]), 'INVALID_REQUEST', "$named: what cannot be changed");
        is($ask->([['log.dirs' => SET, '/tmp']]), 'INVALID_REQUEST', "$named: nor can this");
        is($ask->([['no.such.config' => DELETE, undef]]), 'NONE', "$named: what is not there can be deleted");
        value_becomes('message.max.bytes', 1_048_588, "$named: of all that nothing was done");
    }
    is(change($client, $version, [BROKER, $node + 7], [['message.max.bytes' => SET, 3000]]), 'INVALID_REQUEST', "v$version: another broker is not changed here");
    is(change($client, $version, [BROKER, 'one'], [['message.max.bytes' => SET, 3000]]), 'INVALID_REQUEST', "v$version: nor one without a number");
}
for my $version (0 .. 2) {
    is(replace($client, $version, $itself, { 'message.max.bytes' => 2000, 'log.retention.ms' => 5000 }), 'NONE', "v$version: a replacement");
    value_becomes('log.retention.ms', 5000, "v$version: is made");
    is(replace($client, $version, $itself, { 'message.max.bytes' => 3000 }), 'NONE', "v$version: and another");
    value_becomes('message.max.bytes', 3000, "v$version: too");
    value_becomes('log.retention.ms', 604_800_000, "v$version: where what it does not name is gone") if $broker->is_ours; # log.retention.hours holds in Kafka
    is(replace($client, $version, $itself, {}), 'NONE', "v$version: by nothing");
    value_becomes('message.max.bytes', 1_048_588, "v$version: all is gone");
}

# --- Loggers and client metrics --------------------------------------------------------------------------

is((describe($client, 4, [BROKER_LOGGER, '']))[1],        'INVALID_REQUEST', 'loggers are those of a broker');
is((describe($client, 4, [BROKER_LOGGER, $node + 7]))[1], 'INVALID_REQUEST', 'and of this one');
is((describe($client, 4, [BROKER_LOGGER, $node]))[1],     'NONE',            'which can be asked');
is(change($client, 1, [BROKER_LOGGER, $node], [['no.such.logger' => SET, 'DEBUG']]), 'INVALID_CONFIG', 'a logger that is not there');
is(replace($client, 2, [BROKER_LOGGER, $node], { 'no.such.logger' => 'DEBUG' }), 'INVALID_REQUEST', 'loggers are changed one by one');
is(change($client, 1, [CLIENT_METRICS, ''], [['interval.ms' => SET, 100]]), 'INVALID_REQUEST', 'metrics without a name');

if ($broker->is_ours) {
    my $server = $broker->server;
    is(change($client, 1, [CLIENT_METRICS, 'some'], [['interval.ms' => SET, 100]]), 'INVALID_REQUEST', 'clients are not asked for metrics');
    is((describe($client, 4, [CLIENT_METRICS, 'some']))[1], 'INVALID_REQUEST', 'and there is nothing to be described');

    # Every config that may be changed takes the value that it has.
    my $configs = describe($client, 4, $itself);
    my @dynamic = grep { !$configs->{$_}{read_only} } sort keys %$configs;
    ok(@dynamic > 20, 'many configs can be changed');
    is(change($client, 1, $itself, [map { [$_ => SET, $configs->{$_}{value}] } @dynamic]), 'NONE', 'all of them at once');
    my $after = describe($client, 4, $itself);
    is_deeply({ map { $_ => $after->{$_}{value} } keys %$after }, { map { $_ => $configs->{$_}{value} } keys %$configs }, 'to what they are');
    is_deeply([grep { $after->{$_}{config_source} != 2 } @dynamic], [], 'by their own words now');
    is_deeply([sort keys %{ describe($client, 4, $all) }], [sort @dynamic, 'min.insync.replicas'], 'which all brokers have');
    is($server->sql("SELECT count(*) FROM pg_settings WHERE name LIKE 'pg\\_kafka.%' AND sourcefile LIKE '%postgresql.auto.conf'"), scalar @dynamic, 'as ALTER SYSTEM does it');
    is(replace($client, 2, $all, {}), 'NONE', 'all of them back at once');
    is($server->sql("SELECT count(*) FROM pg_settings WHERE name LIKE 'pg\\_kafka.%' AND sourcefile LIKE '%postgresql.auto.conf'"), 0, 'as ALTER SYSTEM RESET does it');

    is(change($client, 1, $itself, [['no.such.config' => SET, 1]]), 'INVALID_REQUEST', 'an unknown config');
    is(change($client, 1, $itself, [['listeners' => SET, 'PLAINTEXT://:1']]), 'INVALID_REQUEST', 'where the broker listens is not for clients to say');
    is(change($client, 1, $itself, [['log.segment.bytes' => SET, '2GB']]), 'INVALID_REQUEST', 'units are not for Kafka');
    is(change($client, 1, $itself, [['compression.type' => SET, "gzip\0"]]), 'INVALID_REQUEST', 'a zero byte');
    is(change($client, 1, $itself, [['group.consumer.assignors' => SET, "range\nport = 1"]]), 'INVALID_REQUEST', 'a line break');
    is(change($client, 1, $itself, [['group.consumer.assignors' => SUBTRACT, 'uniform']]), 'NONE', 'a list becomes shorter');
    is(values_of($client, $itself, 'group.consumer.assignors')->{'group.consumer.assignors'}, 'range', 'at once');
    is(change($client, 1, $itself, [['group.consumer.assignors' => APPEND, 'uniform']]), 'NONE', 'and longer');
    is($server->sql('SHOW pg_kafka.group_consumer_assignors'), 'range,uniform', 'for every session');
    is(change($client, 1, $itself, [['group.consumer.assignors' => APPEND, 'sticky']]), 'INVALID_REQUEST', 'but not by anything');

    is(change($client, 1, $itself, [['num.partitions' => SET, 3], ['log.retention.ms' => SET, 604_800_001]]), 'NONE', 'numbers are kept to the last digit');
    is_deeply(values_of($client, $itself, 'num.partitions', 'log.retention.ms'), { 'num.partitions' => 3, 'log.retention.ms' => 604_800_001 }, 'also large ones');
    is(create_topics($client, 7, [{ name => 'three', num_partitions => -1, replication_factor => -1 }])->{three}{num_partitions}, 3, 'and hold for the next request');
    is(config_of($client, [TOPIC, 'three'], 'retention.ms')->{config_source}, 2, 'topics show where it comes from');
    $server->sql('ALTER SYSTEM SET pg_kafka.default_partitions = 5');
    $server->sql('SELECT pg_reload_conf()');
    $server->wait_for('what psql has set', sub { values_of($client, $itself, 'num.partitions')->{'num.partitions'} == 5 });
    is(config_of($client, $itself, 'num.partitions')->{config_source}, 2, 'which is the same to us');
    $server->node->append_conf('postgresql.conf', "pg_kafka.offset_metadata_max_bytes = 100\n");
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    is_deeply(values_of($client, $itself, 'num.partitions', 'log.retention.ms', 'offset.metadata.max.bytes'),
        { 'num.partitions' => 5, 'log.retention.ms' => 604_800_001, 'offset.metadata.max.bytes' => 100 }, 'all of it outlives a restart');
    is(config_of($client, $itself, 'offset.metadata.max.bytes')->{config_source}, 4, 'what the file says is static');
}
$broker->finish;
