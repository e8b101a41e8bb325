# From one generation of a group to the next: who is waited for, how long, and what becomes of those that do not come.
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

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 500, 'pg_kafka.group_min_session_timeout_ms' => 500);
my $client = $broker->connect;
my $topic  = $broker->create_topic('read', num_partitions => 12);
$broker->wait_for_coordinators if !$broker->is_ours;

sub state_of { return describe_group($client, 5, $_[0])->{group_state} }
sub ids_in   { return [sort map { $_->{member_id} } @{ describe_group($client, 5, $_[0])->{members} }] }
sub ids_of   { return [sort map { $_->id } @_] }

# --- Those that start together ---------------------------------------------------------------------

my $start = $broker->name('start');
my @together = map { GroupMember->new($broker, $start, client_id => 'same') } 1 .. 10;
$_->ask_for_id for @together;
$_->send_join  for @together;
is(state_of($start), 'PreparingRebalance', 'an empty group waits a moment for more members');
my @answers = map { $_->joined } @together;
is_deeply([map { $_->{generation_id} } @answers], [(1) x 10], 'those that start together are in the first generation, all of them');
my ($leader) = grep { $_->leads } @together;
is_deeply([sort map { $_->{member_id} } @{ $leader->{seen} }], ids_of(@together), 'which its leader knows, also by the same client id');
is_deeply([sync_all(@together)], [map { "part of $_" } 0 .. 9], 'and each gets its part');

# --- Those that do not come ------------------------------------------------------------------------

# A member that goes on with its heartbeats but does not join again is out when the rebalance timeout is over.
for my $version (0, 1, 9) {
    my $group   = $broker->name("missing-$version");
    my $timeout = $broker->expected(ours => 1_000, kafka => 6_000);
    my %fields  = (version => $version, rebalance_timeout_ms => 1_000, session_timeout_ms => $version == 0 ? $timeout : 30_000);
    my ($head, $comes, $stays) = stable_group($broker, $group, 3, %fields);
    my $generation = $head->generation;
    $comes->set_protocols([range => 'changed']);
    $comes->send_join;
    my $newcomer = GroupMember->new($broker, $group, %fields);
    $newcomer->send_join;
    wait_until("v$version: the wait to end", sub { $stays->heartbeat; $comes->client->readable });
    is($comes->joined->{generation_id}, $generation + 1, "v$version: whoever has joined goes on without those that have not");
    $newcomer->joined;
    is_deeply(ids_in($group), ids_of($comes, $newcomer), "v$version: which are out");
    is($stays->heartbeat, 'UNKNOWN_MEMBER_ID', "v$version: as they hear");
    is($comes->{leader}, $newcomer->{leader}, "v$version: all hear of the same leader");
    isnt($comes->{leader}, $head->id, "v$version: the one before is out, too");
}

# A follower that does not ask for its assignment.
my $group = $broker->name('no sync');
my @members = map { GroupMember->new($broker, $group, rebalance_timeout_ms => 1_000) } 1 .. 3;
$members[0]->join;
gather(@members);
my ($head, $asks, $silent) = @members;
$asks->send_sync;
is($head->sync({ map { $_->id => 'part' } @members }), 'part', 'a group gets its assignment');
is($asks->synced, 'part', 'as far as its members ask for it');
wait_until('the silent one is out', sub { $silent->heartbeat eq 'UNKNOWN_MEMBER_ID' });
is_deeply([map { $_->heartbeat } $head, $asks], [('REBALANCE_IN_PROGRESS') x 2],
    'who never asks is out, though it heartbeats, and the others share anew');
gather($head, $asks);
is_deeply([sync_all($head, $asks)], ['part of 0', 'part of 1'], 'which they do');

# A leader that does not assign.
$group = $broker->name('no assignment');
($head, my $one, my $two) = @members = map { GroupMember->new($broker, $group, rebalance_timeout_ms => 1_000) } 1 .. 3;
$head->join;
gather(@members);
$_->send_sync for $one, $two;
is_deeply([map { $_->synced } $one, $two], [('REBALANCE_IN_PROGRESS') x 2], 'nobody waits for ever for a leader');
is($head->sync, 'UNKNOWN_MEMBER_ID', 'which is out');
gather($one, $two);
ok($one->leads || $two->leads, 'another leads');
is_deeply([sync_all($one, $two)], ['part of 0', 'part of 1'], 'and assigns');

# --- Connections that are lost ------------------------------------------------------------------------

# While it waits in JoinGroup: nobody knows, so it is in the next generation, until it does not sync.
$group  = $broker->name('lost in join');
($head) = stable_group($broker, $group, 1, rebalance_timeout_ms => 2_000);
my $lost = GroupMember->new($broker, $group, rebalance_timeout_ms => 2_000);
$lost->send_join;
wait_until('a rebalance', sub { $head->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$lost->client->close(reset => 1);
is(scalar @{ $head->join->{members} }, 2, 'a member whose connection is lost while it waits to join is in the generation');
is($head->sync({ $head->id => 'mine', $lost->id => 'lost' }), 'mine', 'and is assigned its part');
wait_until('it is out', sub { $head->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$head->join;
is($head->sync({ $head->id => 'all' }), 'all', 'as it does not ask for it, the other has all');
# One that comes back in time asks for it.
$lost->forget->reconnect->send_join;
wait_until('a rebalance', sub { $head->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$lost->client->close;
$head->join;
$lost->reconnect->join;
$head->sync({ $head->id => 'mine', $lost->id => 'back' });
is($lost->sync, 'back', 'one that comes back in time gets it');

# While it waits in SyncGroup.
$group = $broker->name('lost in sync');
my @pair = map { GroupMember->new($broker, $group) } 1, 2;
$pair[0]->join;
gather(@pair);
$pair[1]->send_sync;
is($pair[0]->heartbeat, 'NONE', 'a heartbeat, until the assignment');
$pair[1]->client->close(reset => 1);
is($pair[0]->sync({ $pair[0]->id => 'mine', $pair[1]->id => 'lost' }), 'mine',
    'a connection that is lost while it waits for its assignment holds up nobody');
is_deeply(ids_in($group), ids_of(@pair), 'its member stays');
is($pair[1]->reconnect->sync, 'lost', 'and gets its assignment by another connection');

# A request that is sent again by another connection answers the earlier one.
if ($broker->is_ours) {
    my $earlier = $pair[1]->client;
    $pair[1]->set_protocols([range => 'changed']);
    $pair[1]->send_join;
    wait_until('a rebalance', sub { $pair[0]->heartbeat eq 'REBALANCE_IN_PROGRESS' });
    $pair[1]->reconnect->send_join;
    is(error_name($earlier->receive->{error_code}), 'REBALANCE_IN_PROGRESS', 'a JoinGroup sent again answers the earlier one');
    gather(@pair);
    $earlier = $pair[1]->client;
    $pair[1]->send_sync;
    is($pair[0]->heartbeat, 'NONE', 'a heartbeat, until the assignment');
    $pair[1]->reconnect->send_sync;
    is(error_name($earlier->receive->{error_code}), 'REBALANCE_IN_PROGRESS', 'as does a SyncGroup');
    $pair[0]->sync({ $pair[1]->id => 'yours' });
    is($pair[1]->synced, 'yours', 'the later one is answered');
}

# --- A storm -------------------------------------------------------------------------------------------

# The leader shares the partitions out; whatever happens, in each generation none has two owners and none is without one.
sub share_out {
    my ($leader) = @_;
    my @ids = map { $_->{member_id} } @{ $leader->{seen} };
    my %parts;
    push @{ $parts{ $ids[$_ % @ids] } }, $_ for 0 .. 11;
    return { map { $_ => join ',', @{ $parts{$_} // [] } } @ids };
}

srand 7;
$group = $broker->name('storm');
my $session = $broker->expected(ours => 1_000, kafka => 6_000);
my @crowd;
my $shared = 0;    # rounds
for my $round (1 .. 30) {
    my @leaving = @crowd > 2 ? splice @crowd, int rand @crowd, 1 + int rand 2 : ();
    rand() < 0.5 ? $_->leave : $_->client->close for @leaving;
    push @crowd, map { GroupMember->new($broker, $group, session_timeout_ms => $session, rebalance_timeout_ms => 1_000) } 1 .. 1 + int rand 3;
    gather(@crowd);
    my ($leads) = grep { $_->leads } @crowd;
    next if !$leads;    # a member that is gone leads still: the next round is without it
    my $parts = share_out($leads);
    $_->send_sync($_ == $leads ? $parts : {}) for @crowd;
    my %owned = map { $_->id => $_->synced } @crowd;
    next if grep { /[A-Z]/ } values %owned;    # a session has ended meanwhile
    is_deeply(\%owned, { map { $_->id => $parts->{ $_->id } } @crowd }, "round $round: each has what the leader gave it");
    $shared++;
    my %errors;
    $errors{ $_->commit($topic, { map { $_ => $round } split /,/, $owned{ $_->id } }) }++ for grep { $owned{ $_->id } =~ /^\d+$/ } @crowd;
    is_deeply([grep { !/^(?:NONE|REBALANCE_IN_PROGRESS|ILLEGAL_GENERATION)$/ } keys %errors], [],
        "round $round: and may commit, unless the next rebalance has come");
}
cmp_ok($shared, '>', 5, 'rounds of the storm end with partitions shared out');
wait_until('those that are gone are out', sub { gather(@crowd); @{ ids_in($group) } == @crowd });
gather(@crowd);
my ($leads) = grep { $_->leads } @crowd;
my $parts = share_out($leads);
$_->send_sync($_ == $leads ? $parts : {}) for @crowd;
my @owned = sort { $a <=> $b } map { split /,/, $_->synced } @crowd;
is_deeply(\@owned, [0 .. 11], 'after the storm each partition has one owner');
is(state_of($group), 'Stable', 'in a stable group');
$_->leave for @crowd;
is(state_of($group), 'Empty', 'which all can leave');
$broker->finish;
