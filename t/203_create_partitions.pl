# CreatePartitions 0-3: a topic gets more partitions, which producers and consumers use at once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $node   = metadata($client, 9, [])->{brokers}[0]{node_id};

# By topic its error; the topics as in the request.
sub create_partitions {
    my ($version, $topics, %request) = @_;
    my $answer = $client->call('CreatePartitions', $version, { topics => [map { { assignments => undef, %$_ } } @$topics], timeout_ms => 30_000, %request });
    return { map { $_->{name} => KafkaTest::error_name($_->{error_code}) } @{ $answer->{results} } };
}
sub partitions { return scalar @{ metadata($client, 9, [$_[0]{name}])->{topics}[0]{partitions} }; }
sub wait_for_partitions {
    my ($topic, $count) = @_;
    wait_until("$count partitions", sub { partitions($topic) == $count }) if !$broker->is_ours; # whose brokers hear of it later
    return is(partitions($topic), $count, "$topic->{name}: $count partitions");
}

for my $version (0 .. 3) {
    my $topic = $broker->create_topic("v$version", num_partitions => 2);
    my $name = $topic->{name};
    produce($client, 9, $topic, { 1 => batch_of('before') });
    my $ask = sub { my ($count, %more) = @_; return create_partitions($version, [{ name => $name, count => $count, %more }])->{$name}; };
    is($ask->(2), 'INVALID_PARTITIONS', "v$version: as many as there are");
    is($ask->(1), 'INVALID_PARTITIONS', "v$version: fewer");
    is($ask->(-1), 'INVALID_PARTITIONS', "v$version: no number of partitions");
    is($ask->(4, assignments => [{ broker_ids => [$node] }]), 'INVALID_REPLICA_ASSIGNMENT', "v$version: too few assignments");
    is($ask->(3, assignments => [{ broker_ids => [$node + 7] }]), 'INVALID_REPLICA_ASSIGNMENT', "v$version: to a broker that is not there");
    is_deeply(create_partitions($version, [{ name => $name, count => 5 }], validate_only => 1), { $name => 'NONE' }, "v$version: only looked at");
    wait_for_partitions($topic, 2);
    is($ask->(3), 'NONE', "v$version: one more");
    wait_for_partitions($topic, 3);
    is($ask->(4, assignments => [{ broker_ids => [$node] }]), 'NONE', "v$version: and one that is assigned");
    wait_for_partitions($topic, 4);
    is(produce($client, 9, $topic, { 3 => batch_of('new') })->{3}{base_offset}, 0, "v$version: producers write to it");
    values_are(fetch($client, 12, $topic, 0, ask => { partition => 3 }), ['new'], "v$version: and consumers read it");
    values_are(fetch($client, 12, $topic, 0, ask => { partition => 1 }), ['before'], "v$version: what was there is there");
    my $missing = $broker->missing_topic->{name};
    is_deeply(create_partitions($version, [{ name => $missing, count => 2 }]), { $missing => 'UNKNOWN_TOPIC_OR_PARTITION' }, "v$version: a topic that is not there");
    is_deeply(create_partitions($version, [map { { name => $name, count => $_ } } 5, 6]), { $name => 'INVALID_REQUEST' }, "v$version: a topic that is named twice");
    wait_for_partitions($topic, 4);
}

if ($broker->is_ours) {
    my $server = $broker->server;
    my $topic = $broker->create_topic('stays', num_partitions => 1);
    produce($client, 9, $topic, { 0 => batch_of('first') });
    my $name = $topic->{name};
    is(create_partitions(3, [{ name => $name, count => 10_001 }])->{$name}, 'INVALID_PARTITIONS', 'more than a topic may have');
    my $session = $server->node->background_psql('postgres');
    $session->query_safe('BEGIN; LOCK TABLE kafka.partition');
    is(create_partitions(3, [{ name => $name, count => 2 }])->{$name}, 'KAFKA_STORAGE_ERROR', 'nobody waits for a lock on the tables');
    is(partitions($topic), 1, 'and nothing has changed');
    $session->query_safe('ROLLBACK');
    $session->quit;
    is(create_partitions(3, [{ name => $name, count => 3 }])->{$name}, 'NONE', 'without it they are made');
    produce($client, 9, $topic, { 2 => batch_of('third') });
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    is(partitions($topic), 3, 'they outlive a restart');
    values_are(fetch($client, 12, $topic, 0, ask => { partition => 2 }), ['third'], 'with what was written to them');
    $server->sql("SELECT kafka.add_partitions('$name', 4)");
    $server->wait_for('what SQL has added', sub { partitions($topic) == 4 });
    is(produce($client, 9, $topic, { 3 => batch_of('fourth') })->{3}{base_offset}, 0, 'which can be written to');
    is($server->sql("SELECT string_agg(partition || ':' || high_watermark, ' ' ORDER BY partition) FROM kafka.partitions WHERE topic = '$name'"), '0:1 1:0 2:1 3:1', 'as SQL says');
}
$broker->finish;
