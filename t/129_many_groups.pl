# A great many groups and members: floods of joins, and groups with nothing but offsets. GROUPS=100000 for more of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupMember;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;

use Bystander;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 500);
my $server = $broker->server or plan skip_all => 'looks at the memory of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('read', num_partitions => 2);
my ($leader, $follower) = my @witnesses = stable_group($broker, 'witnesses', 2, session_timeout_ms => 600_000);
my $mib = 2**20;

sub memory { return Bystander::private_memory($server->pid_of('broker')) }

# Sends the requests of each client at once, and takes their answers. $make->($i) is the i-th of all: [api, version, request].
sub flood {
    my ($clients, $count, $make) = @_;
    my @errors;
    my $share = $count / @$clients;
    for my $first (map { $_ * 50 } 0 .. $share / 50 - 1) {
        for my $c (0 .. $#$clients) {
            $clients->[$c]->send_raw(join '', map { $clients->[$c]->request_frame(@{ $make->($c * $share + $_) }) } $first .. $first + 49);
        }
        push @errors, map { my $answering = $_; map { $answering->receive } 1 .. 50 } @$clients;
    }
    return @errors;
}

# How often each error came back.
sub counted { my %count; $count{ error_name($_) }++ for @_; return \%count }

# --- Joins ---------------------------------------------------------------------------------------------

# Clients that ask for member ids and never come back with them.
my @clients = map { $broker->connect } 1 .. 20;
my $asking  = GroupMember->new($broker, 'asked', session_timeout_ms => 500, rebalance_timeout_ms => 500);
my $watch   = Bystander->watch($broker);
my @memory;
for my $round (1 .. 3) {
    my @answers = flood(\@clients, 10_000, sub { ['JoinGroup', 9, $asking->join_request(group_id => 'asked ' . $_[0] % 100)] });
    is_deeply(counted(map { $_->{error_code} } @answers), { MEMBER_ID_REQUIRED => 10_000 }, "round $round: 10,000 clients are given member ids");
    my %ids = map { $_->{member_id} => 1 } @answers;
    is(scalar keys %ids, 10_000, "round $round: each its own");
    wait_until('they are forgotten', sub { !%{ list_groups($client, 5, qr/^asked/) } });
    push @memory, memory();
}
cmp_ok($memory[2] - $memory[0], '<', 10 * $mib, 'what is forgotten takes no memory');

# Members whose connections are lost while they join: none of them asks for its assignment.
my $crowd = GroupMember->new($broker, 'crowd', session_timeout_ms => 500, rebalance_timeout_ms => 500);
for my $round (1 .. 5) {
    my @lost = map { $broker->connect } 1 .. 200;
    $_->send_request('JoinGroup', 3, $crowd->join_request) for @lost;
    $_->close(reset => 1) for @lost;
}
wait_until('the members that are gone are out', sub { describe_group($client, 5, 'crowd')->{group_state} =~ /^(?:Empty|Dead)$/ });
is($server->sql(q{SELECT count(*) FROM kafka.group_member WHERE group_id = 'crowd'}), 0, '1,000 members that are gone leave nothing');
is_deeply([map { $_->heartbeat } @witnesses], ['NONE', 'NONE'], 'members of other groups go on');
$watch->was_served('floods of joins');

# --- Offsets -------------------------------------------------------------------------------------------

my $groups = $ENV{GROUPS} // 10_000;
my $before = memory();
my @answers = flood(\@clients, $groups, sub {
    my ($i) = @_;
    ['OffsetCommit', 9, commit_request("group-$i", $topic, { 0 => $i, 1 => $i })];
});
is_deeply(counted(map { map { $_->{error_code} } @{ $_->{topics}[0]{partitions} } } @answers), { NONE => 2 * $groups }, "$groups groups commit");
cmp_ok((memory() - $before) / $groups, '<', 4096, 'each takes some hundred bytes of memory');

sub all_there {
    my ($when) = @_;
    my $listed = list_groups($client, 5, qr/^group-/);
    is(scalar keys %$listed, $groups, "$when: all are listed");
    my @asked = map { int rand $groups } 1 .. 100;
    is_deeply([map { offset_of($client, "group-$_", $topic, 1) } @asked], \@asked, "$when: with what they committed");
    return;
}
all_there('before');
$server->node->restart;
$server->wait_for_port;
$client = $broker->connect;
my $began = time;
is($follower->reconnect->heartbeat, 'NONE', 'after a restart a member goes on');
cmp_ok(time - $began, '<', 15, 'soon');
note('the first answer after ' . (time - $began) . ' s, with ' . int(memory() / $mib) . ' MiB');
all_there('after a restart');

# Topics and groups go in great numbers, too.
$watch = Bystander->watch($broker);
delete_topics($client, 5, [$topic->{name}]);
is(offset_of($client, 'group-1', $topic), -1, 'a topic goes with what was committed for it');
# By all groups, in the turns that follow.
$server->wait_for('no offsets', sub { $server->sql('SELECT count(*) FROM kafka.consumer_offset') eq '0' });
@clients = map { $broker->connect } 1 .. 20;
@answers = flood(\@clients, $groups, sub { ['DeleteGroups', 2, { groups_names => ["group-$_[0]"] }] });
is_deeply(counted(map { $_->{results}[0]{error_code} } @answers), { NONE => $groups }, 'the groups are deleted');
$watch->was_served('deletions');
is($server->sql('SELECT count(*) FROM kafka.consumer_group'), scalar keys %{ list_groups($client, 5, qr/./) }, 'and no row is left behind');
is($follower->heartbeat, 'NONE', 'members of other groups go on');
$broker->finish;
