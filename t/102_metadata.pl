# Metadata 0-13: the broker, its address, the topics, topic ids, and creation of topics that are asked for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $orders = $broker->create_topic('orders', num_partitions => 3);
my $no_id  = '0' x 32;

sub topic_in {
    my ($answer, $name) = @_;
    return (grep { ($_->{name} // '') eq $name } @{ $answer->{topics} })[0];
}

# --- Every version tells the same ------------------------------------------------------------------

my ($cluster_id, $node_id);
for my $version (0 .. 13) {
    my $answer = metadata($client, $version, [$orders->{name}]);
    my ($node, $topic) = ($answer->{brokers}[0], $answer->{topics}[0]);
    is(scalar @{ $answer->{brokers} }, 1, "v$version: one broker");
    is("$node->{host}:$node->{port}", $broker->address,
        "v$version: its address is the one that the client came by");
    $node_id //= $node->{node_id};
    is($node->{node_id},         $node_id, "v$version: its node id");
    is($answer->{controller_id}, $node_id, "v$version: the broker is the controller") if $version >= 1;
    $cluster_id //= $answer->{cluster_id};
    ok(length $answer->{cluster_id} && $answer->{cluster_id} eq $cluster_id,
        "v$version: the cluster id stays")
        if $version >= 2;
    error_is($answer->{error_code} // 0, 'NONE', "v$version: no error at the top");
    error_is($topic->{error_code},       'NONE', "v$version: the topic is found");
    is($topic->{name},             $orders->{name}, "v$version: by its name");
    is($topic->{topic_id},         $orders->{id},   "v$version: its id") if $version >= 10;
    is($topic->{is_internal} // 0, 0,               "v$version: it is not internal");
    my @partitions = sort { $a->{partition_index} <=> $b->{partition_index} } @{ $topic->{partitions} };
    my @expected   = map {
        my %known = (error_code => 0, partition_index => $_, leader_id => $node_id);
        @known{qw(replica_nodes isr_nodes)} = ([$node_id], [$node_id]);
        $known{leader_epoch}                = 0  if $version >= 7;
        $known{offline_replicas}            = [] if $version >= 5;
        \%known
    } 0 .. 2;
    is_deeply(\@partitions, \@expected, "v$version: every partition is led by the broker, its only replica");
}
cmp_ok($node_id, '>=', 0, 'the node id is not negative');
isnt($orders->{id}, $no_id, 'the topic id is not zero');
is(metadata($client, 12, [$orders->{name}])->{topics}[0]{topic_id}, $orders->{id}, 'the topic id is stable');

# --- Which topics ----------------------------------------------------------------------------------

my $second = $broker->create_topic('second');
ok(topic_in(metadata($client, 0, []), $_->{name}), "v0: an empty list asks for all, also $_->{name}")
    for $orders, $second;
for my $version (1, 4, 9, 13) {
    my $all = metadata($client, $version, undef);
    ok(topic_in($all, $orders->{name}) && topic_in($all, $second->{name}),
        "v$version: null asks for all topics");
    is_deeply(metadata($client, $version, [])->{topics}, [], "v$version: an empty list asks for none");
}
is(scalar @{ metadata($client, 9, [($second->{name}) x 3])->{topics} },
    1, 'a topic asked for thrice is answered once');

# --- Topic ids -------------------------------------------------------------------------------------

for my $version (10, 11) {
    my $answer =
        $client->call('Metadata', $version, { topics => [{ topic_id => $orders->{id}, name => '' }] });
    error_is($answer->{topics}[0]{error_code},
        'INVALID_REQUEST', "v$version: topics cannot be asked for by id");
}
for my $version (10, 11) {
    my $answer = $client->call('Metadata', $version, { topics => [{ name => undef }] });
    error_is($answer->{topics}[0]{error_code}, 'INVALID_REQUEST', "v$version: a topic needs a name");
}
for my $version (12, 13) {
    my $answer =
        $client->call('Metadata', $version, { topics => [{ topic_id => $orders->{id}, name => undef }] });
    my $topic = $answer->{topics}[0];
    error_is($topic->{error_code}, 'NONE', "v$version: a topic can be asked for by id");
    is($topic->{name},                   $orders->{name}, "v$version: which tells its name");
    is(scalar @{ $topic->{partitions} }, 3,               "v$version: and its partitions");
    $topic = $client->call('Metadata', $version,
        { topics => [{ topic_id => $broker->missing_topic->{id}, name => undef }] })->{topics}[0];
    error_is($topic->{error_code}, 'UNKNOWN_TOPIC_ID', "v$version: an unknown id");
    is($topic->{name},     undef,                        "v$version: an unknown id has no name");
    is($topic->{topic_id}, $broker->missing_topic->{id}, "v$version: an unknown id comes back");
    is_deeply($topic->{partitions}, [], "v$version: an unknown id has no partitions");
}

my $reborn = $broker->create_topic('reborn');
error_is(delete_topics($client, 5, [$reborn->{name}])->{ $reborn->{name} }{error_code},
    'NONE', 'a topic is deleted');
wait_until(
    'it is gone',
    sub {
        metadata($client, 12, [$reborn->{name}], allow_auto_topic_creation => 0)->{topics}[0]{error_code} ==
            3;
    }
);
is(scalar(grep { $_->{name} eq $reborn->{name} } @{ metadata($client, 9, undef)->{topics} }),
    0, 'a deleted topic is not listed');
isnt($broker->create_topic('reborn')->{id}, $reborn->{id}, 'a topic that is created again has a new id');

# --- Topics that do not exist ----------------------------------------------------------------------

for my $version (4, 8, 9, 12, 13) {
    my $missing = $broker->name("missing-$version");
    my $topic   = metadata($client, $version, [$missing], allow_auto_topic_creation => 0)->{topics}[0];
    error_is($topic->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION',
        "v$version: a missing topic without permission to create");
    is($topic->{name}, $missing, "v$version: its name comes back");
    is_deeply($topic->{partitions}, [], "v$version: without partitions");
    is($topic->{topic_id}, $no_id, "v$version: without an id") if $version >= 10;
    ok(!topic_in(metadata($client, $version, undef), $missing), "v$version: asking did not create it");
}

# Kafka answers the first request with UNKNOWN_TOPIC_OR_PARTITION and creates in the background.
for my $version (0 .. 13) {
    my $name  = $broker->name("auto-$version");
    my $topic = $broker->is_ours ? metadata($client, $version, [$name])->{topics}[0] : wait_until(
        "$name was created",
        sub {
            my $seen = metadata($client, $version, [$name])->{topics}[0];
            return $seen->{error_code} == 0 ? $seen : undef;
        }
    );
    error_is($topic->{error_code}, 'NONE', "v$version: a missing topic that is asked for is created");
    is(scalar @{ $topic->{partitions} }, 1, "v$version: with the default number of partitions");
    ok(topic_in(metadata($client, 1, undef), $name), "v$version: and is there for everybody");
}
for my $version (0, 1, 9, 12) {
    for my $name ('', '.', '..', 'a b', 'a/b', "\xc3\xa4", 'x' x 250) {
        my $topic = metadata($client, $version, [$name])->{topics}[0];
        my $short = length $name > 100 ? '250 letters' : "'$name'";
        error_is($topic->{error_code}, 'INVALID_TOPIC_EXCEPTION', "v$version: the name $short is illegal");
        is($topic->{name}, $name, "v$version: the illegal name $short comes back");
    }
}
my $longest = substr($broker->name('Long_-.'), 0, 60) . 'x' x 249;
$longest = substr($longest, 0, 249);
wait_until('it was created', sub { metadata($client, 9, [$longest])->{topics}[0]{error_code} == 0 })
    if !$broker->is_ours;
error_is(metadata($client, 9, [$longest])->{topics}[0]{error_code}, 'NONE', 'a name may have 249 letters');

# --- Authorized operations -------------------------------------------------------------------------

for my $version (8 .. 13) {
    my $plain = metadata($client, $version, [$orders->{name}]);
    is($plain->{topics}[0]{topic_authorized_operations},
        -2147483648, "v$version: operations on a topic only when asked for");
    my $asked = metadata(
        $client, $version, [$orders->{name}],
        include_topic_authorized_operations   => 1,
        include_cluster_authorized_operations => 1
    );
    is($asked->{topics}[0]{topic_authorized_operations},
        0b110111111000, "v$version: everything is allowed on a topic");
    next if $version > 10;
    is($plain->{cluster_authorized_operations},
        -2147483648, "v$version: operations on the cluster only when asked for");
    is($asked->{cluster_authorized_operations},
        0b1111110100000, "v$version: everything is allowed on the cluster");
}

# --- Through kcat, and with settings ---------------------------------------------------------------

my ($code, $listing) = kcat(['-b', $broker->address, '-L', '-t', $orders->{name}]);
is($code, 0, 'kcat lists the topic');
like($listing, qr/topic "\Q$orders->{name}\E" with 3 partitions/, 'kcat sees its partitions');

if ($broker->is_ours) {
    $broker->server->set('pg_kafka.auto_create_topics' => 'off');
    wait_until(
        'topics are no longer created',
        sub {
            metadata($client, 9, ['refused-' . int rand 1e9])->{topics}[0]{error_code} == 3;
        }
    );
    is(metadata($client, 4, ['never'])->{topics}[0]{error_code},
        3, 'pg_kafka.auto_create_topics = off creates nothing');
    $broker->server->set('pg_kafka.auto_create_topics' => 'on', 'pg_kafka.default_partitions' => 5);
    wait_until(
        'new topics have five partitions',
        sub {
            scalar @{ metadata($client, 9, ['five-' . int rand 1e9])->{topics}[0]{partitions} } == 5;
        }
    );
    pass('pg_kafka.default_partitions takes effect at reload');
}

$broker->finish;
