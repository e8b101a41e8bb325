# Consumer groups as kcat's consumers live in them: partitions are shared out, members come, leave and die, and what was committed
# survives all of it, and restarts of the server.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupConsumer;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 1000);
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $topic  = $broker->create_topic('orders', num_partitions => 4);
my $client = $broker->connect;
my %written;    # by partition: values

sub write_values {
    for my $value (@_) {
        my $partition = length($value) % 4;
        produce($client, 9, $topic, { $partition => batch_of($value) });
        push @{ $written{$partition} }, $value;
    }
    return;
}

sub consumer {
    my ($group, @settings) = @_;
    return GroupConsumer->start($broker->address, $group, [$topic->{name}], settings => ['session.timeout.ms=2000', 'heartbeat.interval.ms=200', @settings]);
}

# { partition => [values] } of what consumers have read, in the order of the offsets.
sub read_by {
    my %values;
    for my $record (sort { $a->[2] <=> $b->[2] } map { $_->records } @_) {
        push @{ $values{ $record->[1] } }, $record->[3];
    }
    return \%values;
}

sub count_read { return scalar map { $_->records } @_ }

sub partitions { return join ' ', map { "$topic->{name}-$_" } @_ }

# --- One, then two -----------------------------------------------------------------------------------

write_values(map { 'x' x $_ } 1 .. 20);
# It outlives a restart of the server, after which newer clients look for their coordinator for a second or two.
my $first = consumer('readers', 'session.timeout.ms=30000');
wait_until('one consumer has read everything', sub { count_read($first) == 20 });
is_deeply(read_by($first), \%written, 'each record once, those of a partition in order');
is($first->assigned, partitions(0 .. 3), 'it has all partitions');

my $second = consumer('readers');
wait_until('two consumers share', sub { $first->assigned && $second->assigned && $first->assigned ne partitions(0 .. 3) });
is(join(' ', sort split / /, $first->assigned . ' ' . $second->assigned), partitions(0 .. 3), 'each partition belongs to one of the two');
write_values(map { 'y' x $_ } 21 .. 40);
wait_until('both have read everything', sub { count_read($first, $second) == 40 });
is_deeply(read_by($first, $second), \%written, 'each record once, between them');

# --- One leaves, one dies ----------------------------------------------------------------------------

$second->stop;
wait_until('the one who is left has everything', sub { $first->assigned eq partitions(0 .. 3) });
my $third = consumer('readers');
wait_until('a third comes', sub { $third->assigned && $first->assigned ne partitions(0 .. 3) });
$third->stop('KILL');
wait_until('its partitions go back when its session is over', sub { $first->assigned eq partitions(0 .. 3) });
write_values(map { 'z' x $_ } 41 .. 44);
wait_until('nothing is missed', sub { count_read($first, $second, $third) >= 44 });
is_deeply(read_by($first, $second, $third), \%written, 'or read twice');

# --- A restart ---------------------------------------------------------------------------------------

sub members {
    my $answer = $client->call('DescribeGroups', 5, { groups => ['readers'] })->{groups}[0];
    return { state => $answer->{group_state}, map { $_->{member_id} => $_->{client_id} } @{ $answer->{members} } };
}

sub generation { return $server->sql(q{SELECT epoch FROM kafka.consumer_group WHERE group_id = 'readers'}) }

my $before = members();
is($before->{state}, 'Stable', 'the group is stable');
my $generation = generation();
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
is_deeply(members(), $before, 'after a restart it is so still, with the same member');
write_values('after the restart');
wait_until('the member goes on', sub { count_read($first, $second, $third) >= 45 });
is_deeply(read_by($first, $second, $third), \%written, 'where it was');
is(generation(), $generation, 'without a rebalance');

$first->stop;
wait_until('the group is empty', sub { members()->{state} eq 'Empty' });
write_values('while nobody reads');
my $late = consumer('readers');
wait_until('a new member goes on', sub { count_read($late) });
is_deeply([map { $_->[3] } $late->records], ['while nobody reads'], 'after what was committed');
my $other = consumer('others');
wait_until('another group reads everything', sub { count_read($other) == 46 });
is_deeply(read_by($other), \%written, 'from the start');
$_->stop for $late, $other;

is($server->sql(q{SELECT sum(committed_offset) FROM kafka.consumer_offset WHERE group_id = 'others'}), 46, 'SQL shows what was committed');

# --- The topic is deleted ------------------------------------------------------------------------------

$server->sql(qq{SELECT kafka.delete_topic('$topic->{name}')});
$server->wait_for('what was committed for it to go', sub { $server->sql('SELECT count(*) FROM kafka.consumer_offset') == 0 });
is($server->sql(q{SELECT string_agg(group_id, ' ' ORDER BY group_id) FROM kafka.consumer_groups}), 'others readers', 'its groups stay');
$broker->finish;
