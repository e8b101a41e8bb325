# What clients call groups, members and instances becomes part of keys in the broker's tables. Whatever they choose, it is
# stored or refused, and nobody else's request fails with it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
$broker->wait_for_coordinators;
my $topic  = $broker->create_topic('orders');
my $client = $broker->connect;

# Does not compress: an index stores what does.
sub incompressible {
    my ($length) = @_;
    srand 1;
    return join '', map { chr(97 + int rand 26) } 1 .. $length;
}

sub error_of { return error_name($_[0]{error_code}) }

sub heartbeat {
    my (%request) = @_;
    return $client->call('ConsumerGroupHeartbeat', 1, {
        group_id => 'g', member_id => 'm', member_epoch => 0, rebalance_timeout_ms => 30000,
        subscribed_topic_names => [$topic->{name}], topic_partitions => [], %request
    });
}

sub join_group {
    my ($version, %request) = @_;
    return $client->call('JoinGroup', $version, { group_id => 'classic', protocols => [{ name => 'range', metadata => '' }], %request });
}

# --- Consumer groups: clients make the ids of their members ---------------------------------------------

my $long = incompressible(1000);
for my $id ([member => member_id => incompressible(1001)], [member => member_id => incompressible(32000)]) {
    my ($what, $field, $value) = @$id;
    my $answer = heartbeat($field => $value);
    is(error_of($answer), $broker->expected(ours => 'INVALID_REQUEST', kafka => 'NONE'), "a $what id of " . length($value) . ' bytes is refused');
    $client->call('ConsumerGroupHeartbeat', 1, { group_id => 'g', member_id => $value, member_epoch => -1 }) if !$broker->is_ours;
}
is(error_of(heartbeat(group_id => $long, member_id => $long)), 'NONE', 'ids of 1000 bytes each are stored');
is(error_of(heartbeat(instance_id => incompressible(32000), rack_id => incompressible(32000))), 'NONE', 'instance and rack are no keys');
is(error_of(heartbeat(member_id => 'n', subscribed_topic_names => [incompressible(32000)])), 'NONE', 'nor is what a member subscribes to');
my $server = $broker->server;
is($server->sql('SELECT string_agg(length(member_id)::text, $$ $$ ORDER BY length(member_id)) FROM kafka.group_member'), '1 1 1000', 'this is what the table has') if $server;

# --- Classic groups: the broker makes them, of what clients call themselves -------------------------------

my $umlauts = "\xc3\xa4" x 300;
$client = $broker->connect(client_id => $umlauts);
my $joined = join_group(3);
is(error_of($joined), 'NONE', 'a client with a long name joins');
like($joined->{member_id}, $broker->expected(ours => qr/^(\xc3\xa4){127}-[0-9a-f-]{36}$/, kafka => qr/^(\xc3\xa4){300}-[0-9a-f-]{36}$/), 'whose id begins with as much of its name as fits, in whole characters');
my $static = join_group(5, group_id => 'static', group_instance_id => $umlauts);
like($static->{member_id}, $broker->expected(ours => qr/^(\xc3\xa4){127}-/, kafka => qr/^(\xc3\xa4){300}-/), 'and so does that of a static member');
is(error_of(join_group(9, group_id => 'static', member_id => incompressible(32000))), 'UNKNOWN_MEMBER_ID', 'a member id that nobody was given is unknown');
my $beat = { group_id => incompressible(32000), member_id => 'm', generation_id => 1 };
is(error_of(join_group(9, group_id => $beat->{group_id})), $broker->expected(ours => 'INVALID_GROUP_ID', kafka => 'MEMBER_ID_REQUIRED'), 'a group id that is too long is refused');
is(error_of($client->call('Heartbeat', 4, $beat)), $broker->expected(ours => 'INVALID_GROUP_ID', kafka => 'UNKNOWN_MEMBER_ID'), 'by each of the requests');
is(error_of($client->call('SyncGroup', 4, $beat)), $broker->expected(ours => 'INVALID_GROUP_ID', kafka => 'UNKNOWN_MEMBER_ID'), 'that name it');
$broker->finish;
