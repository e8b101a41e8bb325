# kafka-python: produces and consumes with assign and seek, without a group; headers and times.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaTest;
use Test::More;

my $python = '/usr/bin/python3';
plan skip_all => 'python3-kafka is not installed' if system("$python -c 'import kafka' 2>/dev/null") != 0;

my $broker = KafkaTest->start;
my $topic  = $broker->create_topic('python', num_partitions => 2);

my $script = <<'PYTHON';
import sys, json
from kafka import KafkaProducer, KafkaConsumer, TopicPartition
address, topic, codec = sys.argv[1:4]
codec = None if codec == 'none' else codec
producer = KafkaProducer(bootstrap_servers=address, acks='all', compression_type=codec)
sent = []
for i in range(50):
    future = producer.send(topic, key=b'key %d' % i, value=b'value %d' % i, partition=i % 2,
                           timestamp_ms=1600000000000 + i,
                           headers=[('n', b'%d' % i), ('n', b'again'), ('empty', b'')])
    sent.append(future)
stored = [f.get(timeout=60) for f in sent]
producer.send(topic, value=None, key=b'', partition=0).get(timeout=60)
producer.close()

consumer = KafkaConsumer(bootstrap_servers=address, group_id=None, enable_auto_commit=False)
partitions = [TopicPartition(topic, p) for p in (0, 1)]
consumer.assign(partitions)
first, last = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
base = {p: last[p] - (26 if p.partition == 0 else 25) for p in partitions}
for p in partitions:
    consumer.seek(p, base[p])
records = []
while len(records) < 51:
    for batch in consumer.poll(timeout_ms=1000).values():
        records.extend(batch)
by_time = consumer.offsets_for_times({partitions[0]: 1600000000010})[partitions[0]]
def described(r):
    return [r.partition, r.offset - base[TopicPartition(topic, r.partition)], r.key.decode(),
            r.value and r.value.decode(), r.timestamp, [[k, v.decode()] for k, v in r.headers]]

print(json.dumps({
    'offsets': [m.offset for m in stored],
    'first': [first[p] for p in partitions],
    'base': [base[p] for p in partitions],
    'records': [described(r) for r in records],
    'by_time': [by_time.offset, by_time.timestamp],
    'partitions': sorted(consumer.partitions_for_topic(topic)),
    'topics': topic in consumer.topics()}))
consumer.close()
PYTHON

require JSON::PP;
for my $codec ('none', 'gzip') {
    my ($output, $errors) = ('', '');
    my $run = IPC::Run::start([$python, '-c', $script, $broker->address, $topic->{name}, $codec],
        \undef, \$output, \$errors, IPC::Run::timeout(180));
    $run->finish;
    is($run->result(0), 0, "$codec: kafka-python runs to its end") or diag $errors;
    my $seen = JSON::PP::decode_json($output || '{}');
    is_deeply($seen->{first},      [0, 0], "$codec: beginning_offsets");
    is_deeply($seen->{partitions}, [0, 1], "$codec: partitions_for_topic");
    ok($seen->{topics}, "$codec: topics lists the topic");
    is_deeply($seen->{by_time}, [5, 1600000000010], "$codec: offsets_for_times");
    is_deeply(
        $seen->{offsets},
        [map { $seen->{base}[$_ % 2] + int($_ / 2) } 0 .. 49],
        "$codec: each send learns its offset"
    );

    for my $partition (0, 1) {
        my @records  = grep { $_->[0] == $partition } @{ $seen->{records} };
        my @expected = map {
            my $n = 2 * $_ + $partition;
            [
                $partition, $_, "key $n", "value $n",
                1600000000000 + $n,
                [['n', "$n"], ['n', 'again'], ['empty', '']]
            ]
        } 0 .. 24;
        is_deeply([@records[0 .. 24]],
            \@expected, "$codec: keys, values, times and headers of partition $partition, in order");
        is_deeply([@{ $records[25] }[1, 2, 3]], [25, '', undef], "$codec: an empty key and a null value")
            if $partition == 0;
    }
}

$broker->finish;
