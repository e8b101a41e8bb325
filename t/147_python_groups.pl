# kafka-python: two consumers in one group, offsets with metadata, seek, and a consumer that assigns itself.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaTest;
use JSON::PP ();
use Test::More;

my $python = '/usr/bin/python3';
plan skip_all => 'python3-kafka is not installed' if system("$python -c 'import kafka' 2>/dev/null") != 0;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $topic  = $broker->create_topic('python', num_partitions => 4);

# It prints one JSON object. Each consumer is polled by a thread of its own, since joining a group waits for the other.
my $script = <<'PYTHON';
import sys, json, threading, time
from kafka import KafkaProducer, KafkaConsumer, TopicPartition, OffsetAndMetadata
address, topic = sys.argv[1:3]
result = {}

def produce(values):
    producer = KafkaProducer(bootstrap_servers=address, acks='all')
    for i in values:
        producer.send(topic, value=b'%d' % i, partition=i % 4)
    producer.close()

def consumer(group):
    return KafkaConsumer(bootstrap_servers=address, group_id=group, auto_offset_reset='earliest', enable_auto_commit=False,
                         heartbeat_interval_ms=200, session_timeout_ms=10000, metadata_max_age_ms=1000)

class Member(threading.Thread):
    def __init__(self):
        super().__init__()
        self.consumer, self.values, self.assigned, self.running = consumer('pair'), [], [], True
        self.consumer.subscribe([topic])
        self.start()
    def run(self):
        while self.running:
            for batch in self.consumer.poll(timeout_ms=100).values():
                self.values += [int(r.value) for r in batch]
            self.consumer.commit()
            self.assigned = sorted(p.partition for p in self.consumer.assignment())
        self.consumer.close()
    def stop(self):
        self.running = False
        self.join()

def wait(condition):
    end = time.time() + 60
    while not condition():
        if time.time() > end: raise Exception('in vain')
        time.sleep(0.02)

produce(range(100))
one = Member()
wait(lambda: len(one.values) == 100)
two = Member()
wait(lambda: len(one.assigned) == 2 and len(two.assigned) == 2)
produce(range(100, 200))
wait(lambda: len(one.values) + len(two.values) == 200)
result['values'] = sorted(one.values + two.values)
result['assigned'] = sorted(one.assigned + two.assigned)
two.stop()
wait(lambda: len(one.assigned) == 4)
produce(range(200, 220))
wait(lambda: len(one.values) + len(two.values) == 220)
one.stop()
result['all'] = sorted(one.values + two.values)

partitions = [TopicPartition(topic, p) for p in range(4)]
again = consumer('pair')
again.assign(partitions)
result['committed'] = [again.committed(p) for p in partitions]
again.commit({partitions[0]: OffsetAndMetadata(7, 'seven')})
result['with metadata'] = list(again.committed(partitions[0], metadata=True))
result['position'] = again.position(partitions[0])
again.seek(partitions[0], 3)
again.pause(*partitions[1:])
records = []
while len(records) < 10:
    for batch in again.poll(timeout_ms=200).values():
        records += batch
result['after seek'] = [[r.offset, int(r.value)] for r in records[:10]]
again.close()
fresh = consumer('nobody')
fresh.assign(partitions)
result['nothing'] = [fresh.committed(p) for p in partitions]
fresh.close()
print(json.dumps(result))
PYTHON

my ($out, $err) = ('', '');
IPC::Run::run([$python, '-', $broker->address, $topic->{name}], '<', \$script, '>', \$out, '2>', \$err, IPC::Run::timeout(300))
    or diag $err;
my $result = JSON::PP::decode_json($out || '{}');
is_deeply($result->{values},          [0 .. 199],      'two consumers read each record once');
is_deeply($result->{assigned},        [0 .. 3],        'each partition belongs to one of them');
is_deeply($result->{all},             [0 .. 219],      'the one that is left reads on where the other was');
is_deeply($result->{committed},       [(55) x 4],      'what they committed is there');
is_deeply($result->{'with metadata'}, [7, 'seven'],    'an offset is committed with metadata');
is($result->{position},               7,               'reading begins at the committed offset');
is_deeply($result->{'after seek'}, [map { [$_, $_ * 4] } 3 .. 12], 'or where seek says');
is_deeply($result->{nothing},         [(undef) x 4],   'a group that has committed nothing has no offsets');

$broker->finish;
