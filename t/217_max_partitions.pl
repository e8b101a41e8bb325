# pg_kafka.max_partitions: whoever asks for more partitions is refused; those that there are stay.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaRequests;
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.max_partitions' => 10);
my $server = $broker->server or plan skip_all => 'a setting of our own server';
my $client = $broker->connect;

# "name: error (message)" of each topic.
sub shown {
    return join ', ', map { "$_->{name}: " . error_name($_->{error_code}) . ($_->{error_message} ? " ($_->{error_message})" : '') } @_;
}
sub create {
    my ($topics, %more) = @_;
    my @topics = map { { name => $_, num_partitions => $topics->{$_}, replication_factor => 1 } } sort keys %$topics;
    return shown(@{ $client->call('CreateTopics', 7, { topics => \@topics, %more })->{topics} });
}
sub add {
    my ($name, $count) = @_;
    return shown(@{ $client->call('CreatePartitions', 3, { topics => [{ name => $name, count => $count, assignments => undef }] })->{results} });
}

is(create({ a => 4, b => 4, c => 4 }), 'a: NONE, b: NONE, c: POLICY_VIOLATION (There are 8 partitions, and pg_kafka.max_partitions is 10)', 'topics, as long as there is room');
is(create({ c => 3 }, validate_only => 1), 'c: POLICY_VIOLATION (There are 8 partitions, and pg_kafka.max_partitions is 10)', 'also when it is only asked');
is(add('a', 7), 'a: POLICY_VIOLATION (There are 8 partitions, and pg_kafka.max_partitions is 10)', 'partitions');
is(add('a', 5), 'a: NONE', 'as long as there is room');
my ($code, $out, $error) = $server->node->psql('postgres', q{SELECT kafka.create_topic('d', 2)});
like($error, qr/there are 9 partitions, and no room for 2 more.*pg_kafka\.max_partitions is 10\./s, 'topics by SQL');
($code, $out, $error) = $server->node->psql('postgres', q{SELECT kafka.add_partitions('b', 6)});
like($error, qr/there are 9 partitions, and no room for 2 more/, 'partitions by SQL');
$server->sql(q{SELECT kafka.add_partitions('b', 5)});
sub asked { return error_name(metadata($client, 9, [ $_[0] ], allow_auto_topic_creation => 1)->{topics}[0]{error_code}); }
is(asked('e'), 'POLICY_VIOLATION', 'a topic on its first use');
is($server->sql('SELECT count(*) FROM kafka.partition'), 10, 'there are as many as there may be');

$server->set('pg_kafka.max_partitions' => 3);
is(produce($client, 9, { name => 'a' }, { 0 => batch_of('x') })->{0}{base_offset}, 0, 'those that there are serve');
$server->set('pg_kafka.max_partitions' => 11);
KafkaTest::wait_until('the reload', sub { asked('e') eq 'NONE' });
is($server->sql('SELECT count(*) FROM kafka.partition'), 11, 'and with a higher limit there can be more');
$server->expect_in_log(qr/no room for 2 more/);
$broker->finish;
