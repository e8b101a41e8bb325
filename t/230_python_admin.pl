# kafka-python's admin client: topics, configs, partitions and groups.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use JSON::PP ();
use KafkaTest;
use Test::More;

my $python = '/usr/bin/python3';
plan skip_all => 'python3-kafka is not installed' if system("$python -c 'import kafka' 2>/dev/null") != 0;

my $broker = KafkaTest->start;
my $script = <<'PYTHON';
import sys, json
from kafka import KafkaProducer, KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic, NewPartitions, ConfigResource, ConfigResourceType
from kafka.errors import KafkaError
address, name, group = sys.argv[1:4]
admin = KafkaAdminClient(bootstrap_servers=address)
said = {}

def error_of(what):
    try:
        what()
    except KafkaError as error:
        return type(error).__name__

def configs():
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])[0].resources[0]
    return {entry[0]: entry[1] for entry in answer[4]}

admin.create_topics([NewTopic(name, 2, 1, topic_configs={'retention.ms': '3600000'})])
said['again'] = error_of(lambda: admin.create_topics([NewTopic(name, 2, 1)]))
said['listed'] = name in admin.list_topics()
said['configs'] = [configs()[key] for key in ('retention.ms', 'cleanup.policy')]
admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={'retention.ms': '7200000'})])
said['altered'] = configs()['retention.ms']
admin.create_partitions({name: NewPartitions(3)})
said['fewer'] = error_of(lambda: admin.create_partitions({name: NewPartitions(1)}))
said['partitions'] = sorted(p['partition'] for p in admin.describe_topics([name])[0]['partitions'])
said['cluster'] = sorted(admin.describe_cluster().keys())

producer = KafkaProducer(bootstrap_servers=address)
for i in range(6):
    producer.send(name, b'%d' % i, partition=i % 3).get(timeout=60)
consumer = KafkaConsumer(name, bootstrap_servers=address, group_id=group, auto_offset_reset='earliest', enable_auto_commit=False)
seen = 0
while seen < 6:
    seen += sum(len(batch) for batch in consumer.poll(timeout_ms=1000).values())
consumer.commit()
said['groups'] = [g for g in admin.list_consumer_groups() if g[0] == group]
described = admin.describe_consumer_groups([group])[0]
said['described'] = [described.state, described.protocol_type, len(described.members)]
said['not empty'] = admin.delete_consumer_groups([group])[0][1].__name__
consumer.close()
said['offsets'] = sorted([p.partition, o.offset] for p, o in admin.list_consumer_group_offsets(group).items())
said['deleted'] = admin.delete_consumer_groups([group])[0][1].__name__
admin.delete_topics([name])
said['gone'] = error_of(lambda: admin.delete_topics([name]))
print(json.dumps(said))
PYTHON

my ($name, $group) = map { $broker->name($_) } 'managed', 'workers';
my ($out, $err) = ('', '');
IPC::Run::run([$python, '-c', $script, $broker->address, $name, $group], '>', \$out, '2>', \$err, IPC::Run::timeout(120)) or diag $err;
my $said = eval { JSON::PP::decode_json($out) } // {};
is($said->{again}, 'TopicAlreadyExistsError', 'a topic is created once');
ok($said->{listed}, 'and listed');
is("@{ $said->{configs} // [] }", '3600000 delete', 'with its configs');
is($said->{altered}, 7_200_000, 'which can be altered');
is($said->{fewer}, 'InvalidPartitionsError', 'partitions cannot become fewer');
is("@{ $said->{partitions} // [] }", '0 1 2', 'but more');
is("@{ $said->{cluster} // [] }", 'brokers cluster_id controller_id throttle_time_ms', 'the cluster is described') if $broker->is_ours;
is_deeply($said->{groups}, [[$group, 'consumer']], 'a group is listed');
is_deeply($said->{described}, ['Stable', 'consumer', 1], 'and described');
is($said->{'not empty'}, 'NonEmptyGroupError', 'and stays while it has members');
is_deeply($said->{offsets}, [[0, 2], [1, 2], [2, 2]], 'what it has committed');
is($said->{deleted}, 'NoError', 'then it can be deleted');
is($said->{gone}, 'UnknownTopicOrPartitionError', 'a topic is deleted once');
$broker->finish;
