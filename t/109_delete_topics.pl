# DeleteTopics 1-6: by name, and from version 6 by name or id.
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

sub is_gone {
    my ($topic) = @_;
    my $gone = sub {
        metadata($client, 12, [$topic->{name}], allow_auto_topic_creation => 0)->{topics}[0]{error_code} == 3;
    };
    wait_until("$topic->{name} is gone", $gone) if !$broker->is_ours;
    return $gone->();
}

sub delete_by {
    my ($version, @topics) = @_;
    return @{ $client->call('DeleteTopics', $version, { topics => \@topics })->{responses} };
}

# --- By name, every version ------------------------------------------------------------------------

for my $version (1 .. 6) {
    my $topic = $broker->create_topic("v$version");
    produce_values($client, $topic, 'lost');
    my $answer = delete_topics($client, $version, [$topic->{name}])->{ $topic->{name} };
    error_is($answer->{error_code}, 'NONE', "v$version: a topic is deleted by name");
    is($answer->{error_message}, undef,        "v$version: without a message") if $version >= 5;
    is($answer->{topic_id},      $topic->{id}, "v$version: its id comes back") if $version >= 6;
    ok(is_gone($topic), "v$version: the topic is gone");
    ok(!(grep { $_->{name} eq $topic->{name} } @{ metadata($client, 9, undef)->{topics} }),
        "v$version: and no longer listed");
    error_is(list_offset($client, 7, $topic, -1)->{error_code},
        'UNKNOWN_TOPIC_OR_PARTITION', "v$version: and has no offsets");
    error_is(delete_topics($client, $version, [$topic->{name}])->{ $topic->{name} }{error_code},
        'UNKNOWN_TOPIC_OR_PARTITION', "v$version: and cannot be deleted again");
    is_deeply($client->call('DeleteTopics', $version, {})->{responses},
        [], "v$version: a request without topics");
}

# --- By id -----------------------------------------------------------------------------------------

my $topic = $broker->create_topic('by-id');
my ($answer) = delete_by(6, { topic_id => $topic->{id} });
error_is($answer->{error_code}, 'NONE', 'v6: a topic is deleted by id');
is($answer->{topic_id}, $topic->{id},   'v6: its id comes back');
is($answer->{name},     $topic->{name}, 'v6: with its name');
ok(is_gone($topic), 'v6: it is gone');

my $missing = $broker->missing_topic;
($answer) = delete_by(6, { topic_id => $missing->{id} });
error_is($answer->{error_code}, 'UNKNOWN_TOPIC_ID', 'v6: an unknown id');
is($answer->{name}, undef, 'v6: an unknown id has no name');
($answer) = delete_by(6, { name => $missing->{name} });
error_is($answer->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', 'v6: an unknown name');
($answer) = delete_by(6, { topic_id => $no_id });
error_is($answer->{error_code}, 'INVALID_REQUEST', 'v6: neither name nor id');

my $kept = $broker->create_topic('kept');
($answer) = delete_by(6, { name => $kept->{name}, topic_id => $kept->{id} });
error_is($answer->{error_code}, 'INVALID_REQUEST', 'v6: name and id together');
($answer) = delete_by(6, { name => $kept->{name} }, { name => $kept->{name} });
error_is($answer->{error_code}, 'INVALID_REQUEST', 'v6: the same name twice');
($answer) = delete_by(6, { topic_id => $kept->{id} }, { topic_id => $kept->{id} });
error_is($answer->{error_code}, 'INVALID_REQUEST', 'v6: the same id twice');
my @answers = delete_by(6, { name => $kept->{name} }, { topic_id => $kept->{id} });
is(scalar(grep { $_->{error_code} == 42 } @answers), scalar @answers, 'v6: the same topic by name and by id');
error_is(list_offset($client, 7, $kept, -1)->{error_code},
    'NONE', 'a topic whose deletion was refused is still there');

# --- Several at once, and what the others see ------------------------------------------------------

my @several = map { $broker->create_topic("several-$_") } 1 .. 3;
my $answers = delete_topics($client, 4, [(map { $_->{name} } @several), $missing->{name}]);
is_deeply(
    [map { $answers->{ $_->{name} }{error_code} } @several],
    [0, 0, 0],
    'several topics are deleted at once'
);
error_is(
    $answers->{ $missing->{name} }{error_code},
    'UNKNOWN_TOPIC_OR_PARTITION',
    'a missing one among them does not disturb'
);
ok(is_gone($_), "$_->{name} is gone") for @several;

my $waiting = $broker->create_topic('waiting');
my $poller  = $broker->connect;
$poller->send_request(
    'Fetch', 12,
    {
        max_wait_ms => 2**31 - 1,
        min_bytes   => 1,
        topics      => [fetch_partitions($waiting, { 0 => { fetch_offset => 0 } })]
    }
) if $broker->is_ours;    # Kafka lets it wait
delete_topics($client, 4, [$waiting->{name}]);

if ($broker->is_ours) {
    my $told = $poller->receive;
    error_is($told->{responses}[0]{partitions}[0]{error_code},
        'UNKNOWN_TOPIC_OR_PARTITION', 'a consumer that waits for a topic hears of its deletion');
    is($broker->server->sql("SELECT count(*) FROM kafka.topics WHERE name = '$waiting->{name}'"),
        0, 'the topic is gone from SQL too');
}

$broker->finish;
