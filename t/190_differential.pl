# The same requests to a real Kafka and to ours have to bring the same answers. Runs where PG_KAFKA_PEER
# (host:port) names a running Kafka, or where the kit ../shared/kafka can start one; it should have
# num.partitions=1.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use File::Temp ();
use IO::Socket::IP;
BEGIN { delete $ENV{PG_KAFKA_BROKER}; }    # this script compares two brokers
use KafkaCases;
use KafkaTest;
use Test::More;

# Where ours answers otherwise on purpose: a pattern of case names, and why.
my @deviations = (
    [qr/^CreateTopics .*three replicas/, 'tools ask for three replicas, and one broker takes that as one'],
    [qr/^CreateTopics .*config message\.format\.version/, 'configs of older tools are accepted and ignored'],
    [qr/^CreateTopics v7: .*only validated/, 'Kafka makes up an id for a topic that is not made'],
    [qr/^Produce .*: length 2147483647/, 'Kafka fails by an overflow'],
    [qr/^Produce .*: attributes 8$/, 'Kafka stores a batch that claims LogAppendTime, and clears the bit'],
    [qr/^Produce .*: (length 49|length 50|a byte after the batch)/, 'Kafka overlooks bytes after a batch'],
);

my $kit  = "$FindBin::RealBin/../../shared/kafka/kafka";
my $home = $ENV{KAFKA_HOME} // ($ENV{HOME} // '') . '/.cache/pg_kafka-kafka';
my ($started, $folder);

# A port whose successor is free too: the kit's Kafka takes both.
sub two_free_ports {
    for (1 .. 50) {
        my $first = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 1) or next;
        my $port  = $first->sockport;
        return $port if IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port + 1, Listen => 1);
    }
    die 'no two free ports';
}

sub peer_address {
    return $ENV{PG_KAFKA_PEER} if $ENV{PG_KAFKA_PEER};
    plan skip_all => 'no PG_KAFKA_PEER and no Kafka kit' if !-x $kit;
    plan skip_all => 'the Kafka kit is not installed'    if !glob("$home/jars-*/.complete") || !-w $home;
    plan skip_all => 'java is missing'                   if system('java -version >/dev/null 2>&1') != 0;
    my $port = two_free_ports();
    $folder = File::Temp->newdir;
    system("$kit start $port $folder num.partitions=1 >$folder/start.log 2>&1") == 0
        or plan skip_all => 'the Kafka kit does not start';
    $started = $port;
    return "127.0.0.1:$port";
}

# Keeps the script's exit code.
END {
    my $code = $?;
    system("$kit stop $started $folder >/dev/null 2>&1") if $started;
    $? = $code;
}

my $kafka        = KafkaTest->at(peer_address());
my $ours         = KafkaTest->start;
my $kafka_topics = KafkaCases::topics($kafka);
my $our_topics   = KafkaCases::topics($ours);
$kafka->wait_for_coordinators;

for my $case (KafkaCases::all()) {
    my ($name, $ask) = @$case;
    my $expected    = $ask->($kafka, $kafka_topics);
    my $got         = $ask->($ours,  $our_topics);
    my ($deviation) = grep { $name =~ $_->[0] } @deviations;
    is_deeply($got, $expected, $name)               if !$deviation;
    pass("$name: differs, because $deviation->[1]") if $deviation;
}

$ours->finish;
