# The configs of groups (KIP-848), and what ListConfigResources 0-1 lists.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConfigRequests;
use ConsumerMember;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $node   = metadata($client, 9, [])->{brokers}[0]{node_id};
my $topic  = $broker->create_topic('orders');
my ($session, $heartbeat) = ('consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms');
$broker->wait_for_coordinators;

sub values_become {
    my ($of, $expected, $test) = @_;
    my $seen = sub { my $values = values_of($client, $of, $session, $heartbeat); "$values->{$session} $values->{$heartbeat}" };
    wait_until($test, sub { $seen->() eq $expected }) if !$broker->is_ours;
    return is($seen->(), $expected, $test);
}
sub member { my ($group) = @_; return ConsumerMember->new($broker, $broker->name($group), [$topic->{name}]); }

my $name = $broker->name('shop');
my $shop = [GROUP, $name];
for my $version (1 .. 4) {
    my ($configs, $error) = describe($client, $version, $shop, include_synonyms => 1, include_documentation => 1);
    is($error, 'NONE', "v$version: a group is described, also one that is not there");
    is_deeply([@{ $configs->{$session} }{qw(value config_source read_only is_sensitive)}], [45_000, 5, 0, 0], "v$version: by defaults");
    # Kafka 4.2 repeats the name of the group's config, and nothing where the group has a value; later ones name the broker's.
    is_deeply($configs->{$heartbeat}{synonyms}, [{ name => $broker->expected(ours => "group.$heartbeat", kafka => $heartbeat), value => 5000, source => 5 }], "v$version: which are the broker's");
    next if $version < 3;
    is_deeply([map { $configs->{$_}{config_type} } $session, $heartbeat], [3, 3], "v$version: with their types");
    ok($configs->{$session}{documentation}, "v$version: and what they mean");
}
is((describe($client, 4, [GROUP, '']))[1], 'INVALID_REQUEST', 'a group needs a name');

my $member = member('shop');
is(wait_until('the group has its coordinator', sub { $member->join->{heartbeat_interval_ms} }), 5000, 'a member is told the default');
for my $version (0, 1) {
    my $ask = sub { my ($changes, %request) = @_; return change($client, $version, $shop, $changes, %request); };
    is($ask->([[$session => SET, 50_000]], validate_only => 1), 'NONE', "v$version: only looked at");
    values_become($shop, '45000 5000', "v$version: nothing has changed");
    is($ask->([[$session => SET, 50_000], [$heartbeat => SET, 7000]]), 'NONE', "v$version: both are set");
    values_become($shop, '50000 7000', "v$version: and shown");
    is_deeply(config_of($client, $shop, $session)->{synonyms},
        [{ name => $session, value => 50_000, source => 8 }, $broker->is_ours ? { name => "group.$session", value => 45_000, source => 5 } : ()], "v$version: as the group's own");
    is($member->beat->{heartbeat_interval_ms}, 7000, "v$version: its members are told with their next heartbeats");
    is(member("other$version")->join->{heartbeat_interval_ms}, 5000, "v$version: those of other groups are not");
    is($ask->([[$session => SET, 44_999]]), 'INVALID_CONFIG', "v$version: below the broker's bounds");
    is($ask->([[$session => SET, 60_001]]), 'INVALID_CONFIG', "v$version: above them");
    is($ask->([[$heartbeat => SET, 4999]]), 'INVALID_CONFIG', "v$version: too often");
    is($ask->([[$heartbeat => SET, 15_001]]), 'INVALID_CONFIG', "v$version: too rarely");
    is($ask->([[$heartbeat => SET, 'often']]), 'INVALID_CONFIG', "v$version: no number");
    is($ask->([[$heartbeat => SET, undef]]), 'INVALID_REQUEST', "v$version: no value");
    is($ask->([[$heartbeat => APPEND, 5]]), 'INVALID_CONFIG', "v$version: no list");
    is($ask->([[$heartbeat => SET, 8000], ['no.such.config' => SET, 5]]), 'INVALID_CONFIG', "v$version: an unknown config");
    is($ask->([['share.session.timeout.ms' => SET, 50_000]]), 'INVALID_CONFIG', "v$version: of a protocol that there is not") if $broker->is_ours;
    is(change($client, $version, [GROUP, ''], [[$session => SET, 50_000]]), 'INVALID_REQUEST', "v$version: a group needs a name");
    values_become($shop, '50000 7000', "v$version: of all that nothing was done");
    is_deeply([list_resources($client, 1, GROUP)], [[[GROUP, $name]], 'NONE'], "v$version: the group is listed") if $broker->is_ours;
    is($ask->([[$heartbeat => DELETE, undef]]), 'NONE', "v$version: one is taken back");
    values_become($shop, '50000 5000', "v$version: as one sees");
    is($member->beat->{heartbeat_interval_ms}, 5000, "v$version: and its members are told");
    is(replace($client, $version, $shop, { $heartbeat => 6000 }), 'NONE', "v$version: a replacement");
    values_become($shop, '45000 6000', "v$version: is made");
    is(replace($client, $version, $shop, {}), 'NONE', "v$version: by nothing");
    values_become($shop, '45000 5000', "v$version: all is gone");
    is_deeply([list_resources($client, 1, GROUP)], [[], 'NONE'], "v$version: no group is listed") if $broker->is_ours;
}

# --- ListConfigResources ---------------------------------------------------------------------------------

is_deeply([list_resources($client, 0)], [[], 'NONE'], 'v0: there are no client metrics');
is_deeply([list_resources($client, 1, CLIENT_METRICS)], [[], 'NONE'], 'v1: neither by their type');
is_deeply([list_resources($client, 1, BROKER)], [[[BROKER, $node]], 'NONE'], 'v1: the broker');
is_deeply([list_resources($client, 1, BROKER_LOGGER)], [[[BROKER_LOGGER, $node]], 'NONE'], 'v1: whose loggers can be asked for');
my ($listed, $error) = list_resources($client, 1);
is($error, 'NONE', 'v1: all types');
is_deeply([grep { $_->[0] == BROKER || $_->[1] eq $topic->{name} } @$listed], [[TOPIC, $topic->{name}], [BROKER, $node]], 'v1: topics and the broker');
is((list_resources($client, 1, TOPIC, 99))[1], 'UNSUPPORTED_VERSION', 'v1: a type that there is not');

if ($broker->is_ours) {
    my $server = $broker->server;
    $server->sql("INSERT INTO kafka.group_config VALUES ('$name', '$session', '55000')");
    $server->wait_for('what SQL has set', sub { values_of($client, $shop, $session)->{$session} == 55_000 });
    my $lock = $server->node->background_psql('postgres');
    $lock->query_safe('BEGIN; LOCK TABLE kafka.group_config');
    is(change($client, 1, $shop, [[$heartbeat => SET, 8000]]), 'KAFKA_STORAGE_ERROR', 'nobody waits for a lock on the table');
    $lock->query_safe('ROLLBACK');
    $lock->quit;
    is(change($client, 1, $shop, [[$heartbeat => SET, 8000]]), 'NONE', 'without it all goes well');
    is($server->sql('SELECT string_agg(name, value ORDER BY name) FROM kafka.group_config'), "${heartbeat}55000$session", 'SQL sees it');
    $server->set('pg_kafka.group_consumer_max_heartbeat_interval_ms' => 7500);
    $server->wait_for('another bound', sub { $member->beat->{heartbeat_interval_ms} == 7500 });
    pass('what the broker no longer allows is cut to its bounds');
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    values_become($shop, '55000 8000', 'all of it outlives a restart');
    is(change($client, 1, [GROUP, 'x' x 1001], [[$session => SET, 50_000]]), 'INVALID_REQUEST', 'a name that is too long to be stored');
    is(change($client, 1, [GROUP, "a\0b"], [[$session => SET, 50_000]]), 'INVALID_REQUEST', 'or is no text');
}
$broker->finish;
