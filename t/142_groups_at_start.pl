# Groups after a start of the server, before any client has asked for them: sessions run.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $client = $broker->connect;
my $joined = $client->call('JoinGroup', 3,
    { group_id => 'left', member_id => '', session_timeout_ms => 60_000, rebalance_timeout_ms => 60_000, protocol_type => 'consumer',
        protocols => [{ name => 'range', metadata => '' }] });
is($joined->{error_code}, 0, 'a member joins');
my $id = $joined->{member_id};
my $synced = $client->call('SyncGroup', 2,
    { group_id => 'left', generation_id => 1, member_id => $id, assignments => [{ member_id => $id, assignment => 'x' }] });
is($synced->{error_code}, 0, 'and gets its part');

# The running broker does not look; the next one gives the member a tenth of a second.
is($server->sql(q{UPDATE kafka.group_member SET session_timeout_ms = 100 RETURNING group_id}), 'left', 'it is stored');
$server->node->restart;
$server->wait_for_port;
$server->wait_for('the end of its session', sub { $server->sql('SELECT count(*) FROM kafka.group_member') == 0 });
is($server->sql(q{SELECT epoch || ' ' || coalesce(protocol, 'none') FROM kafka.consumer_group}), '2 none', 'the group is empty, in its next generation');
is($server->sql(q{SELECT requests FROM kafka.status}), 0, 'though nobody has asked for anything');
$broker->finish;
