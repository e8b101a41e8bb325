# The same requests to a real Kafka and to ours have to bring the same answers. Runs where PG_KAFKA_PEER
# (host:port) names a running Kafka, or where the kit ../shared/kafka can start one; it should have
# num.partitions=1 and group.initial.rebalance.delay.ms=0. PG_KAFKA_CASES selects cases by a pattern.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use JSON::PP ();
BEGIN { delete $ENV{PG_KAFKA_BROKER}; }    # this script compares two brokers
use KafkaCases;
use KafkaKit;
use KafkaTest;
use Test::More;

# Where ours answers otherwise on purpose: a pattern of case names, why, and what ours answers, made from Kafka's answer.
my @deviations = (
    [qr/^CreateTopics .*three replicas/, 'tools ask for three replicas, and one broker takes that as one', \&as_good],
    [qr/^CreateTopics .*config message\.format\.version/, 'configs of older tools are accepted and ignored', \&as_good],
    [qr/^CreateTopics v7: .*only validated/, 'Kafka makes up an id for a topic that is not made', \&without_id],
    [qr/^Produce .*: length 2147483647/, 'Kafka fails by an overflow', refused_with('INVALID_RECORD')],
    [qr/^Produce .*: attributes 8$/, 'Kafka stores a batch that claims LogAppendTime, and clears the bit', refused_with('INVALID_TIMESTAMP')],
    [qr/^Produce .*: (length 49|length 50|a byte after the batch)/, 'Kafka overlooks bytes after a batch', refused_with('INVALID_RECORD')],
);

sub peer_address {
    return $ENV{PG_KAFKA_PEER} if $ENV{PG_KAFKA_PEER};
    my $missing = KafkaKit::missing();
    plan skip_all => "no PG_KAFKA_PEER and $missing" if $missing;
    return KafkaKit::start_kafka('num.partitions=1') // plan skip_all => 'the Kafka kit does not start';
}

my $kafka        = KafkaTest->at(peer_address());
my $ours         = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $kafka_topics = KafkaCases::topics($kafka);
my $our_topics   = KafkaCases::topics($ours);
$kafka->wait_for_coordinators;

# The answer of Kafka to the same request for a topic with nothing special about it, under the name that was asked for.
my $unused = 100_000;

sub as_good {
    my ($refusal, $name) = @_;
    my $good = $name =~ s{: .*?(, only validated)?$}{": good" . ($1 // "")}er;
    my ($ask) = map { $_->[1] } grep { $_->[0] eq $good } KafkaCases::all();
    my $answer = $ask->($kafka, { %$kafka_topics, made => $unused++ });
    $answer->{topics}[0]{name} = $refusal->{topics}[0]{name};
    return $answer;
}

sub without_id {
    my ($answer) = @_;
    $answer->{topics}[0]{topic_id} = 'no id';
    return $answer;
}

# The one partition of a Produce is refused.
sub refused_with {
    my ($error) = @_;
    return sub {
        my ($answer) = @_;
        my $partition = $answer->{responses}[0]{partition_responses}[0];
        @$partition{qw(error_code base_offset)} = ($error, -1);
        delete $partition->{log_start_offset};
        return $answer;
    };
}

# Are two answers the same?
sub same {
    my ($one, $other) = @_;
    my $json = JSON::PP->new->canonical->allow_nonref;
    return $json->encode($one) eq $json->encode($other);
}

# All steps of a conversation that differ.
sub show_steps {
    my ($got, $expected) = @_;
    return if ref $got ne 'ARRAY';
    my $json = JSON::PP->new->canonical->allow_nonref;
    for my $i (grep { !same($got->[$_], $expected->[$_]) } 0 .. ($#$got > $#$expected ? $#$got : $#$expected)) {
        diag "step $i: got " . $json->encode($got->[$i]) . "\n    expected " . $json->encode($expected->[$i]);
    }
    return;
}

my $wanted = $ENV{PG_KAFKA_CASES} // '';    # names of cases, a pattern
my %differs;    # how often a deviation was one, by its reason
for my $case (grep { $_->[0] =~ /$wanted/ } KafkaCases::all()) {
    my ($name, $ask) = @$case;
    my $expected = $ask->($kafka, $kafka_topics);
    my $got      = $ask->($ours,  $our_topics);
    for my $deviation (grep { $name =~ $_->[0] } @deviations) {
        my ($pattern, $reason, $answer_of_ours) = @$deviation;
        $differs{$reason}++ if !same($got, $expected);
        $expected = $answer_of_ours->($expected, $name);
    }
    is_deeply($got, $expected, $name) or show_steps($got, $expected);
}
ok($differs{ $_->[1] }, "still a deviation: $_->[1]") for $wanted eq '' ? @deviations : ();

$ours->finish;
