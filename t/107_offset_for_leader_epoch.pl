# OffsetForLeaderEpoch 2-4: where a leader epoch ended, so that a consumer can tell whether it holds lost
# records. librdkafka uses version 2 only.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my $topic  = $broker->create_topic('epochs', num_partitions => 2);
my $empty  = $broker->create_topic('empty');
produce_values($client, $topic, 'a', 'b', 'c');

for my $version (2 .. 4) {
    my $name = "v$version";
    my $end  = epoch_end($client, $version, $topic, 0);
    error_is($end->{error_code}, 'NONE', "$name: the current epoch");
    is($end->{leader_epoch}, 0, "$name: the current epoch is 0");
    is($end->{end_offset},   3, "$name: it ends at the end of the log");

    my $later = epoch_end($client, $version, $topic, 7);
    error_is($later->{error_code}, 'NONE', "$name: an epoch that has not been is no error");
    is($later->{leader_epoch}, -1, "$name: an epoch that has not been is unknown");
    is($later->{end_offset},   -1, "$name: an epoch that has not been has no end");

    my $none = epoch_end($client, $version, $topic, -1);
    error_is($none->{error_code}, 'NONE', "$name: epoch -1 is no error");
    is($none->{end_offset}, -1, "$name: epoch -1 has no end");

    my $untouched = epoch_end($client, $version, $empty, 0);
    error_is($untouched->{error_code}, 'NONE', "$name: an empty partition");
    is_deeply([@$untouched{qw(leader_epoch end_offset)}],
        [0, 0], "$name: an empty partition has the epoch, from 0 to 0");

    for my $case (
        ['a missing topic',      $broker->missing_topic, 0],
        ['a missing partition',  $topic,                 2],
        ['a negative partition', $topic,                 -1]
        )
    {
        my ($what, $asked, $partition) = @$case;
        my $answer = epoch_end($client, $version, $asked, 0, partition => $partition);
        error_is($answer->{error_code}, 'UNKNOWN_TOPIC_OR_PARTITION', "$name: $what");
        is_deeply(
            [@$answer{qw(partition leader_epoch end_offset)}],
            [$partition, -1, -1],
            "$name: $what has no epochs"
        );
    }

    my %error = (-1 => 'NONE', 0 => 'NONE', 1 => 'UNKNOWN_LEADER_EPOCH');
    for my $epoch (sort { $a <=> $b } keys %error) {
        my $answer = epoch_end($client, $version, $topic, 0, current_leader_epoch => $epoch);
        error_is($answer->{error_code}, $error{$epoch}, "$name: the client believes in leader epoch $epoch");
    }

    my $both = $client->call(
        'OffsetForLeaderEpoch',
        $version,
        {
            topics => [
                {
                    topic      => $topic->{name},
                    partitions => [map { { partition => $_, leader_epoch => 0 } } 0, 1]
                },
                { topic => $empty->{name}, partitions => [{ partition => 0, leader_epoch => 0 }] }
            ]
        }
    );
    my %ends = map {
        my $t = $_->{topic};
        map { ("$t-$_->{partition}" => $_->{end_offset}) } @{ $_->{partitions} }
    } @{ $both->{topics} };
    is_deeply(
        \%ends,
        { "$topic->{name}-0" => 3, "$topic->{name}-1" => 0, "$empty->{name}-0" => 0 },
        "$name: several partitions at once"
    );
    is_deeply($client->call('OffsetForLeaderEpoch', $version, {})->{topics},
        [], "$name: a request without topics");
}

produce_values($client, $topic, 'd');
is(epoch_end($client, 2, $topic, 0)->{end_offset}, 4, 'the end of the current epoch moves with the log');

$broker->finish;
