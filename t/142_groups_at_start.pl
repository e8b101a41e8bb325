# Groups after a start of the server, before any client has asked for them: sessions run.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupMember;
use KafkaTest;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $member = GroupMember->new($broker, 'left');
is($member->join->{error_code}, 0, 'a member joins');
is($member->sync({ $member->id => 'x' }), 'x', 'and gets its part');

# The running broker does not look; the next one gives the member a tenth of a second.
is($server->sql(q{UPDATE kafka.group_member SET session_timeout_ms = 100 RETURNING group_id}), 'left', 'it is stored');
$server->node->restart;
$server->wait_for_port;
$server->wait_for('the end of its session', sub { $server->sql('SELECT count(*) FROM kafka.group_member') == 0 });
is($server->sql(q{SELECT epoch || ' ' || coalesce(protocol, 'none') FROM kafka.consumer_group}), '2 none', 'the group is empty, in its next generation');
is($server->sql(q{SELECT requests FROM kafka.status}), 0, 'though nobody has asked for anything');
$broker->finish;
