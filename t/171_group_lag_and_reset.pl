# kafka.consumer_lag shows how far consumers are and who reads what; kafka.reset_offsets() moves groups without members, and their
# consumers go on from there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember;
use GroupConsumer;
use GroupMember;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start(
    'pg_kafka.group_initial_rebalance_delay_ms'       => 0,
    'pg_kafka.group_min_session_timeout_ms'           => 1000);
my $server = $broker->server or plan skip_all => 'asks our own server';
my $topic  = $broker->create_topic('orders', num_partitions => 2);
my $client = $broker->connect;
my $hour   = 1_700_000_000_000;    # when the record with offset 0 was made; each further one an hour later

# Records with the values "<partition>-<offset>".
sub write_records {
    my ($partition, @offsets) = @_;
    my $batch = build_records(map { { value => "$partition-$_", timestamp => $hour + $_ * 3_600_000 } } @offsets);
    error_is(produce($client, 9, $topic, { $partition => $batch })->{$partition}{error_code}, 'NONE', "partition $partition has records");
    return;
}

sub build_records { return KafkaWire::Batch::build_batch([@_]) }

sub lag_of {
    my ($group) = @_;
    return $server->sql("SELECT topic, partition, committed_offset, end_offset, lag, client_id, client_host FROM kafka.consumer_lag"
            . " WHERE group_id = '$group' ORDER BY topic, partition");
}

# What psql says where the statement fails.
sub failure_of {
    my ($statement) = @_;
    my ($code, undef, $errors) = $server->node->psql('postgres', $statement);
    return $code == 0 ? 'no error' : $errors =~ s/^psql:<stdin>:\d+: //gmr;
}

sub consumer {
    return GroupConsumer->start($broker->address, $_[0], [$topic->{name}], settings => ['session.timeout.ms=2000', 'heartbeat.interval.ms=200']);
}

sub values_of { return join ' ', sort map { $_->[3] } $_[0]->records }

# --- kcat, with the classic protocol -----------------------------------------------------------------

write_records(0, 0 .. 9);
write_records(1, 0 .. 4);
my $first = consumer('readers');
wait_until('everything is read', sub { $first->records == 15 });
wait_until('and committed', sub { $server->sql(q{SELECT sum(lag) FROM kafka.consumer_lag WHERE group_id = 'readers'}) eq '0' });
is(lag_of('readers'), "orders|0|10|10|0|rdkafka|/127.0.0.1\norders|1|5|5|0|rdkafka|/127.0.0.1", 'a consumer that keeps up has no lag');
is($server->sql(q{SELECT DISTINCT l.member_id = m.member_id FROM kafka.consumer_lag l JOIN kafka.group_member m USING (group_id)}), 't', 'the member is told');

$server->expect_in_log(qr/group "\w+" is in use/);
my $in_use = <<'END';
ERROR:  group "readers" is in use
DETAIL:  It is not empty, but has 1 member.
HINT:  Stop its consumers first. One that has ended without leaving the group counts until its session times out.
END
is(failure_of(q{SELECT kafka.reset_offsets('readers', 'orders', 'earliest')}) . "\n", $in_use, 'while it lives its offsets stay');
is(failure_of(q{SELECT kafka.delete_offsets('readers', 'orders')}) . "\n", $in_use, 'and are not deleted');
is(failure_of(q{SELECT kafka.delete_group('readers')}) . "\n",             $in_use, 'nor is the group');
write_records(1, 5);
wait_until('it goes on', sub { $first->records == 16 });
wait_until('and commits', sub { lag_of('readers') =~ /orders\|1\|6\|6\|0/ });
$first->stop;
wait_until('the group is empty', sub { lag_of('readers') eq "orders|0|10|10|0||\norders|1|6|6|0||" });
write_records(0, 10);
is(lag_of('readers'), "orders|0|10|11|1||\norders|1|6|6|0||", 'without consumers the lag grows');

is($server->sql(q{SELECT * FROM kafka.reset_offsets('readers', 'orders', to_offset => 9, partition => 0)}), 'orders|0|9', 'now the offsets can be reset');
is(lag_of('readers'), "orders|0|9|11|2||\norders|1|6|6|0||", 'which the lag shows');
my $second = consumer('readers');
wait_until('a consumer reads', sub { $second->records >= 2 });
wait_until('up to the end', sub { $server->sql(q{SELECT sum(lag) FROM kafka.consumer_lag WHERE group_id = 'readers'}) eq '0' });
is(values_of($second), '0-10 0-9', 'from the new place on');
$second->stop('KILL');
like(failure_of(q{SELECT kafka.reset_offsets('readers', NULL, 'earliest')}), qr/is in use/, 'one that was killed counts');
wait_until('its session times out', sub { failure_of(q{SELECT kafka.reset_offsets('readers', NULL, 'earliest')}) eq 'no error' });
my $third = consumer('readers');
wait_until('a consumer reads all of it', sub { $third->records == 17 });
$third->stop;
wait_until('and leaves', sub { $server->sql(q{SELECT members FROM kafka.consumer_groups WHERE group_id = 'readers'}) == 0 });

# --- Where to ----------------------------------------------------------------------------------------

sub reset_to { return $server->sql(qq{SELECT string_agg(partition || ':' || committed_offset, ' ' ORDER BY partition) FROM kafka.reset_offsets('readers', 'orders', $_[0])}) }

my $second_since_1970 = $hour / 1000;
is(reset_to(q{'earliest'}), '0:0 1:0', 'to the beginning');
is(reset_to(q{'latest'}),   '0:11 1:6', 'to the end');
is(reset_to(q{4}),          '0:4 1:4',  'to an offset');
is(reset_to(q{8}),          '0:8 1:6',  'to one that not all partitions have');
is(reset_to(qq{to_timestamp($second_since_1970 + 2 * 3600)}),        '0:2 1:2',  'to a time');
is(reset_to(qq{to_timestamp($second_since_1970 + 2 * 3600 + 0.0005)}), '0:3 1:3', 'to the first record after it');
is(reset_to(qq{to_timestamp($second_since_1970 + 8 * 3600)}),        '0:8 1:6',  'to one after the last record of a partition');
is(reset_to(q{now()}),                                               '0:11 1:6', 'or of all');
is($server->sql(q{SELECT string_agg(committed_offset::text, ' ' ORDER BY partition) FROM kafka.consumer_offsets WHERE group_id = 'readers'}), '11 6', 'and so they are stored');

# The log is not read for it.
is($server->sql(q{SELECT count(*) FROM generate_series(1, 2000), LATERAL kafka.create_topic('many.' || generate_series)}), 2000, 'there are many topics');
my $plan = $server->sql(q{EXPLAIN SELECT * FROM kafka.consumer_lag WHERE group_id = 'readers' AND topic = 'orders'});
like($plan, qr/Foreign Scan on partition_end.*\n\s+(?:Filter.*\n\s+)?Topic: = /, 'the end of a partition is looked up');
unlike($plan, qr/on message\b/, 'and no record is read');

# --- Members by the raw wire -------------------------------------------------------------------------

sub lag_by_member {
    my ($group) = @_;
    return $server->sql("SELECT partition, coalesce(committed_offset::text, 'none'), coalesce(lag::text, 'none'), member_id, client_id FROM kafka.consumer_lag"
            . " WHERE group_id = '$group' ORDER BY partition");
}

my $classic = GroupMember->new($broker, 'classic', client_id => 'raw');
$classic->join;
my $id       = $classic->id;
my $assigned = assignment(orders => [0, 1, 7]);
$classic->sync({ $id => $assigned });
is(lag_by_member('classic'), "0|none|none|$id|raw\n1|none|none|$id|raw", 'what is assigned is shown without a commit, too');
is($classic->commit($topic, { 1 => 2 }), 'NONE', 'classic commits');
is(lag_by_member('classic'), "0|none|none|$id|raw\n1|2|4|$id|raw", 'and with one');

# The next generation's assignment is not one of consumers, or is damaged.
for my $bytes ('', 'x', substr($assigned, 0, -6), assignment(orders => [0]) x 2) {
    $classic->join;
    is($classic->sync({ $id => $bytes }), $bytes, 'bytes of any kind are an assignment');
    is(lag_by_member('classic'), length $bytes > 40 ? "0|none|none|$id|raw\n1|2|4||" : '1|2|4||', 'which shows what can be read of it');
}
$classic->leave;
is($server->sql(q{SELECT * FROM kafka.reset_offsets('classic', NULL, 'earliest')}), 'orders|1|0', 'all that a group has committed is reset');

# A group of the new protocol.
my $modern = ConsumerMember->new($broker, 'modern', ['orders'], member_id => 'm-1', client_id => 'raw');
$modern->join;
is(lag_by_member('modern'), "0|none|none|m-1|raw\n1|none|none|m-1|raw", 'the partitions of a member of the new protocol');
is($modern->commit($topic, { 0 => 11 }), 'NONE', 'modern commits');
is(lag_by_member('modern'), "0|11|0|m-1|raw\n1|none|none|m-1|raw", 'with what it has committed');
like(failure_of(q{SELECT kafka.reset_offsets('modern', 'orders', 'latest')}), qr/group "modern" is in use/, 'which stays while it lives');
$modern->leave;
is($server->sql(q{SELECT * FROM kafka.reset_offsets('modern', 'orders', 3)}), "orders|0|3\norders|1|3", 'and can be reset when it has left');
$modern->join;
cmp_ok($modern->epoch, '>', 1, 'the member comes again, in an epoch after that of before');
my $fetched = fetch_group_offsets($client, 9, 'modern', [[$topic, 0, 1]], member => { member_id => 'm-1', member_epoch => $modern->epoch });
is_deeply($fetched->{topics}, { orders => { map { $_ => [3, -1, '', 'NONE'] } 0, 1 } }, 'and finds the new offsets');

# --- The end of groups -------------------------------------------------------------------------------

sub groups { return join ' ', sort keys %{ list_groups($client, 5, qr/./) } }

is($server->sql(q{SELECT kafka.delete_offsets('classic', 'orders')}), 1, 'offsets are deleted');
is_deeply(fetch_group_offsets($client, 7, 'classic', undef)->{topics}, {}, 'and gone');
is(groups(), 'classic modern readers', 'the group stays');
$server->sql(q{SELECT kafka.delete_group('classic'), kafka.delete_group('readers')});
is(groups(), 'modern', 'groups are deleted');
my $late = consumer('readers');
wait_until('who comes afterwards reads everything', sub { $late->records == 17 });
$late->stop;
$broker->finish;
