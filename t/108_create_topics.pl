# CreateTopics 2-7: names, partition counts, assignments and configs, each checked before anything is made.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $no_id  = '0' x 32;
my $count  = 0;

# A name that has not been used, with something to recognise it by.
sub fresh { return $broker->name('topic-' . $count++) . "-$_[0]"; }

sub create {
    my ($version, $topic, %request) = @_;
    return create_topics($client, $version, [$topic], %request)->{ $topic->{name} };
}

sub partitions_of {
    my ($name) = @_;
    my $topic = metadata($client, 12, [$name], allow_auto_topic_creation => 0)->{topics}[0];
    return $topic->{error_code} == 0 ? scalar @{ $topic->{partitions} } : 0;
}

# Kafka answers when its controller has made the topic; the broker hears of it a moment later.
sub exists_with {
    my ($name, $partitions, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    wait_until("$name is known", sub { partitions_of($name) }) if !$broker->is_ours;
    return is(partitions_of($name), $partitions, $test);
}

# A topic that has to be refused; and when validate_only is set, for the same reason.
sub refused {
    my ($topic, $error, $test) = @_;
    $topic->{name} //= fresh('refused');
    for my $version (2, 5, 7) {
        for my $validate (0, 1) {
            my $answer = create($version, $topic, validate_only => $validate);
            my $which  = "v$version" . ($validate ? ', validate_only' : '');
            error_is($answer->{error_code}, $error, "$test ($which)");
            is($answer->{topic_id}, $no_id, "$test ($which): no id") if $version >= 7;
            is_deeply(
                [@$answer{qw(num_partitions replication_factor configs)}],
                [-1, -1, []],
                "$test ($which): no details"
            ) if $version >= 5;
        }
        ok(length create($version, $topic)->{error_message}, "$test: the message says why (v$version)");
    }
    return;
}

# --- Every version ---------------------------------------------------------------------------------

for my $version (2 .. 7) {
    my $name   = fresh("v$version");
    my $answer = create($version, { name => $name, num_partitions => 3 });
    error_is($answer->{error_code}, 'NONE', "v$version: a topic is created");
    is($answer->{error_message}, undef, "v$version: without a message");
    exists_with($name, 3, "v$version: with three partitions");
    if ($version >= 5) {
        is($answer->{num_partitions},               3, "v$version: the answer tells the partitions");
        is($answer->{replication_factor},           1, "v$version: and the replication factor");
        is($answer->{topic_config_error_code} // 0, 0, "v$version: configs can be shown");
    }
    is($answer->{topic_id}, metadata($client, 12, [$name])->{topics}[0]{topic_id}, "v$version: and the id")
        if $version >= 7;
    error_is(create($version, { name => $name })->{error_code},
        'TOPIC_ALREADY_EXISTS', "v$version: it exists now");
    error_is(create($version, { name => $name }, validate_only => 1)->{error_code},
        'TOPIC_ALREADY_EXISTS', "v$version: validate_only says so too");
}
for my $version (4 .. 7) {
    my $name = fresh("default-$version");
    error_is(
        create($version, { name => $name, num_partitions => -1, replication_factor => -1 })->{error_code},
        'NONE', "v$version: -1 asks for the defaults");
    exists_with($name, 1, "v$version: the default is one partition");
}

# --- validate_only and several topics --------------------------------------------------------------

for my $version (2, 5, 7) {
    my $name   = fresh("only-$version");
    my $answer = create($version, { name => $name, num_partitions => 4 }, validate_only => 1);
    error_is($answer->{error_code}, 'NONE', "v$version: validate_only finds nothing wrong");
    is($answer->{num_partitions}, 4, "v$version: validate_only tells the partitions") if $version >= 5;
    is(partitions_of($name),      0, "v$version: validate_only creates nothing");
    error_is(create($version, { name => $name })->{error_code}, 'NONE', "v$version: the name is still free");
}
for my $version (2, 7) {
    my ($good, $bad, $twice) = map { fresh("$_-$version") } qw(good bad twice);
    my $answers = create_topics($client, $version,
        [{ name => $good }, { name => $bad, num_partitions => 0 }, { name => $twice }, { name => $twice }]);
    error_is($answers->{$good}{error_code}, 'NONE', "v$version: a good topic among bad ones is created");
    error_is($answers->{$bad}{error_code},  'INVALID_PARTITIONS', "v$version: a bad one is not");
    error_is($answers->{$twice}{error_code},
        'INVALID_REQUEST', "v$version: a name that is there twice is refused");
    exists_with($good, 1, "v$version: the good one is there");
    is(partitions_of($twice), 0, "v$version: the double one is not");
    is_deeply($client->call('CreateTopics', $version, {})->{topics},
        [], "v$version: a request without topics");
}

# --- What is refused -------------------------------------------------------------------------------

refused({ name => $_ }, 'INVALID_TOPIC_EXCEPTION', 'the name ' . (length > 100 ? 'of 250 letters' : "'$_'"))
    for '', '.', '..', 'a b', 'a/b', 'tab' . "\t", "\xc3\xa4", 'x' x 250;
error_is(create(5, { name => fresh('') . 'x' x 200 })->{error_code}, 'NONE', 'a long name is fine');
refused({ num_partitions => $_ }, 'INVALID_PARTITIONS', "$_ partitions") for 0, -2, -2147483648;
refused({ replication_factor => $_ }, 'INVALID_REPLICATION_FACTOR', "replication factor $_") for 0, -2;
refused({ num_partitions => $_ }, 'POLICY_VIOLATION', "$_ partitions") for 1_000_000, 2**31 - 1;
if ($broker->is_ours) {    # a Kafka of one broker has no place for three replicas, but tools ask for them
    my $name = fresh('replicas');
    error_is(create(7, { name => $name, replication_factor => 3 })->{error_code},
        'NONE', 'replication factor 3 is accepted');
    is(scalar @{ metadata($client, 9, [$name])->{topics}[0]{partitions}[0]{replica_nodes} },
        1, 'and gives one replica');
}

my $dotted = fresh('a.b_c');
error_is(create(7, { name => $dotted })->{error_code}, 'NONE', 'a name with a dot and an underscore');
(my $colliding = $dotted) =~ tr/._/_./;
refused({ name => $colliding }, 'INVALID_TOPIC_EXCEPTION',
    'a name that differs only by dots for underscores');

# --- Assignments -----------------------------------------------------------------------------------

my $node = metadata($client, 1, [])->{brokers}[0]{node_id};

sub assigned {
    my ($brokers, %fields) = @_;
    return {
        num_partitions     => -1,
        replication_factor => -1,
        name               => fresh('assigned'),
        %fields,
        assignments => [map { { partition_index => $_->[0], broker_ids => $_->[1] } } @$brokers]
    };
}
for my $version (2, 7) {
    my $topic = assigned([[0, [$node]], [1, [$node]]]);
    error_is(create($version, $topic)->{error_code},
        'NONE', "v$version: partitions can be assigned to the broker");
    exists_with($topic->{name}, 2, "v$version: and count");
}
refused(assigned([[0, [$node]]], num_partitions     => 1), 'INVALID_REQUEST', 'an assignment beside a count');
refused(assigned([[0, [$node]]], replication_factor => 1),
    'INVALID_REQUEST', 'an assignment beside a replication factor');
refused(assigned([[1, [$node]]]), 'INVALID_REPLICA_ASSIGNMENT', 'an assignment that does not begin at 0');
refused(assigned([[0, [$node]], [2, [$node]]]), 'INVALID_REPLICA_ASSIGNMENT', 'an assignment with a gap');
refused(assigned([[0, [$node]], [0, [$node]]]),
    'INVALID_REPLICA_ASSIGNMENT', 'an assignment that names a partition twice');
refused(assigned([[0, [$node + 77]]]), 'INVALID_REPLICA_ASSIGNMENT', 'an assignment to an unknown broker');
refused(assigned([[0, [$node, $node]]]),
    'INVALID_REPLICA_ASSIGNMENT', 'an assignment to the same broker twice');
refused(assigned([[0, []]]), 'INVALID_REPLICA_ASSIGNMENT', 'an assignment to nobody');

# --- Configs ---------------------------------------------------------------------------------------

sub configured {
    my (%configs) = @_;
    return {
        name    => fresh('configured'),
        configs => [map { { name => $_, value => $configs{$_} } } sort keys %configs]
    };
}
for my $version (2 .. 7) {
    my $answer =
        create($version, configured('retention.ms' => '3600000', 'cleanup.policy' => 'compact,delete'));
    error_is($answer->{error_code}, 'NONE', "v$version: configs are taken");
    next if $version < 5;
    my %shown = map { $_->{name} => $_ } @{ $answer->{configs} };
    is($shown{'retention.ms'}{value},          '3600000',    "v$version: a config that was given is shown");
    is($shown{'retention.ms'}{config_source},  1,            "v$version: as the topic's own");
    is($shown{'segment.bytes'}{value},         '1073741824', "v$version: the others with their defaults");
    is($shown{'segment.bytes'}{config_source}, 5,            "v$version: as defaults");
    is($shown{'cleanup.policy'}{value},        'compact,delete', "v$version: a list");
    is(scalar(grep { $_->{is_sensitive} || $_->{read_only} } values %shown),
        0, "v$version: none is secret or fixed");
}
my @bad = (
    ['no.such.config',            '1'],
    ['retention.ms',              'soon'],
    ['retention.ms',              '-2'],
    ['segment.bytes',             '1000'],
    ['cleanup.policy',            'burn'],
    ['max.message.bytes',         '-1'],
    ['message.timestamp.type',    'Whenever'],
    ['compression.type',          'rar'],
    ['min.insync.replicas',       '0'],
    ['preallocate',               'perhaps'],
    ['max.message.bytes',         '99999999999'],
    ['min.cleanable.dirty.ratio', '2'],
    ['segment.ms',                '']
);
refused(configured(@$_),                     'INVALID_CONFIG', "$_->[0]=$_->[1]") for @bad;
refused(configured('retention.ms' => undef), 'INVALID_CONFIG', 'a config without a value');
for my $obsolete ('message.format.version' => 'message.downconversion.enable') {
    last if !$broker->is_ours;    # Kafka 4 knows them no longer
    my $value = $obsolete =~ /version/ ? '2.8' : 'true';
    error_is(create(5, configured($obsolete => $value))->{error_code},
        'NONE', "$obsolete of older tools is accepted");
}

# --- A topic is there at once ----------------------------------------------------------------------

if ($broker->is_ours) {
    my $name = fresh('at-once');
    my $id   = create(7, { name => $name, num_partitions => 2 })->{topic_id};
    is(partitions_of($name), 2, 'a topic is in the metadata as soon as it is created');
    is(produce_values($client, { name => $name, id => $id }, 'x'), 0, 'and can be written to');
    is($broker->server->sql("SELECT partitions FROM kafka.topics WHERE name = '$name'"), 2,
        'and seen in SQL');
}

if ($broker->is_ours) {
    my $server = $broker->server;
    $server->set(wal_writer_delay => '10s');    # so that nobody else writes the log out
    $server->wait_for('the setting', sub { $server->sql('SHOW wal_writer_delay') eq '10s' });
    my ($made, $deleted) = map { fresh($_) } qw(made deleted);
    create(7, { name => $deleted });
    $client = $broker->connect;
    create_topics($client, 7, [{ name => $made }]);
    delete_topics($client, 5, [$deleted]);
    $server->node->stop('immediate');
    $server->node->start;
    $server->wait_for_port;
    is($server->sql("SELECT string_agg(name, ' ') FROM kafka.topics WHERE name IN ('$made', '$deleted')"), $made,
        'what was answered survives a crash of the server: a topic made, and one deleted');
}

$broker->finish;
