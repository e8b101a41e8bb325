# Groups outlive the broker and the server: members go on with their ids, generation and assignment, and what was acknowledged is there.
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

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0, 'pg_kafka.group_min_session_timeout_ms' => 500,
    restart_after_crash => 'on');
my $server = $broker->server or plan skip_all => 'restarts our own server';
my $topic  = $broker->create_topic('read', num_partitions => 4);
$server->expect_in_log(
    qr/terminating connection because of crash of another server process/,
    qr/the database system is (?:in recovery mode|starting up|not yet accepting connections)/);

sub restart { $server->node->restart; return }

sub kill_broker {
    my $before = $server->pid_of('broker');
    kill 'KILL', $before;
    $server->wait_for('another broker', sub { my $now = eval { $server->pid_of('broker') }; $now && $now ne $before });
    return;
}

sub kill_server {
    my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
    $server->node->kill9;
    $server->start_after_death(@processes);
    return;
}

sub described {
    my ($group) = @_;
    my $described = describe_group($broker->connect, 5, $group);
    return { %$described, members => { map { $_->{member_id} => $_ } @{ $described->{members} } } };
}

# A group of two dynamic members and a static one, in its second generation.
sub group {
    my ($name) = @_;
    my @members = stable_group($broker, $name, 2, session_timeout_ms => 60_000, protocols => [[range => "\0\xff"], [sticky => 's']]);
    push @members, GroupMember->new($broker, $name, group_instance_id => 'static', protocols => [[range => 'of the static one'], [sticky => '']]);
    $members[2]->send_join;
    gather(@members);
    sync_all(@members);
    return @members;
}

my %ends = (restart => \&restart, 'kill -9 of the broker' => \&kill_broker, 'kill -9 of the server' => \&kill_server);
for my $end (sort keys %ends) {
    my $name   = $end =~ s/\W+/-/gr;
    my @stable = group("stable-$name");
    is($stable[$_]->commit($topic, { $_ => { committed_offset => $_ + 10, committed_metadata => "m$_", committed_leader_epoch => 0 } }), 'NONE',
        "$end: member $_ commits") for 0 .. 2;
    commit_offsets($stable[0]->client, 9, "simple-$name", $topic, { 3 => 7 });
    my @joining = group("joining-$name");
    my $newcomer = GroupMember->new($broker, "joining-$name");
    $newcomer->send_join;
    wait_until('a rebalance', sub { $joining[0]->heartbeat eq 'REBALANCE_IN_PROGRESS' });
    $joining[1]->send_join;
    my $pending = GroupMember->new($broker, "pending-$name");
    $pending->ask_for_id;
    my @assigning = group("assigning-$name");
    my $before = $assigning[0]->generation;
    $assigning[0]->send_join;
    gather(@assigning);
    $assigning[1]->send_sync;
    is($assigning[0]->heartbeat, 'NONE', "$end: a follower waits for its assignment");
    my ($empty) = stable_group($broker, "empty-$name", 1);
    $empty->leave;
    my %described = map { $_ => described("$_-$name") } qw(stable empty simple);

    $ends{$end}->();
    $server->wait_for_port;
    is($_->client->receive, undef, "$end: who waits loses its connection") for $newcomer, $joining[1], $assigning[1];
    $_->reconnect for @stable, @joining, @assigning, $newcomer, $pending, $empty;

    # While stable.
    is_deeply([map { $_->heartbeat } @stable], [('NONE') x 3], "$end: members go on with their ids and generation");
    is_deeply({ map { $_ => described("$_-$name") } qw(stable empty simple) }, \%described, "$end: groups are as they were");
    is_deeply([map { $_->sync } @stable], ['part of 0', 'part of 1', 'part of static'], "$end: with their assignments");
    my $offsets = fetch_group_offsets($stable[0]->client, 9, "stable-$name", undef);
    is_deeply($offsets->{topics}{ $topic->{name} }, { map { $_ => [$_ + 10, 0, "m$_", 'NONE'] } 0 .. 2 }, "$end: and what they committed");
    is(offset_of($stable[0]->client, "simple-$name", $topic, 3), 7, "$end: as has whoever has no group");
    is($stable[1]->commit($topic, { 1 => 20 }), 'NONE', "$end: a member goes on committing");
    is($stable[1]->commit($topic, { 1 => 21 }, generation_id_or_member_epoch => $stable[1]->generation - 1), 'ILLEGAL_GENERATION',
        "$end: but not as of an earlier generation");
    my $back = GroupMember->new($broker, "stable-$name", group_instance_id => 'static', protocols => $stable[2]{protocols});
    is($back->join->{generation_id}, $stable[2]->generation, "$end: a static member comes back without a rebalance");
    is($back->sync, 'part of static', "$end: to its assignment");
    is($stable[2]->heartbeat, 'FENCED_INSTANCE_ID', "$end: which fences the one before");

    # In the middle of a rebalance: the last generation that was complete is the present one.
    is_deeply([map { $_->heartbeat } @joining], [('NONE') x 3], "$end: while members joined: those of the last generation are in it");
    is(error_name($newcomer->join->{error_code}), 'UNKNOWN_MEMBER_ID', "$end: while members joined: the newcomer has to begin again");
    $newcomer->forget->send_join;
    gather(@joining, $newcomer);
    is_deeply([sync_all(@joining, $newcomer)], ['part of 0', 'part of 1', 'part of static', 'part of 3'],
        "$end: while members joined: then all have their parts");
    is_deeply([map { $_->heartbeat } @assigning], [('ILLEGAL_GENERATION') x 3],
        "$end: while the leader assigned: the generation that was not complete is none");
    is($assigning[1]->commit($topic, { 0 => 1 }), 'ILLEGAL_GENERATION', "$end: while the leader assigned: nobody commits in it");
    is(heartbeat($assigning[0]->client, 4, "assigning-$name", $assigning[0]->id, $before), 'NONE',
        "$end: while the leader assigned: the one before is present");
    $assigning[0]->send_join;
    gather(@assigning);
    is_deeply([sync_all(@assigning)], ['part of 0', 'part of 1', 'part of static'],
        "$end: while the leader assigned: members join again, and have their parts");
    is(error_name($pending->join->{error_code}), 'UNKNOWN_MEMBER_ID', "$end: an id that was only given out is unknown");
    my $generation = $empty->generation;
    $empty->forget->join;
    cmp_ok($empty->generation, '>', $generation, "$end: generations of an empty group go on");
}

# Sessions begin anew, and end.
my ($mortal) = stable_group($broker, 'mortal', 1, session_timeout_ms => 1_000);
restart();
$server->wait_for_port;
wait_until('the end of a session', sub { described('mortal')->{group_state} eq 'Empty' });
is($mortal->reconnect->heartbeat, 'UNKNOWN_MEMBER_ID', 'whoever does not come back after a restart is out');
is($server->sql(q{SELECT count(*) FROM kafka.group_member WHERE group_id = 'mortal'}), 0, 'of the tables, too');

# Commits that were under way: those that were acknowledged are there, of the others each is or is not.
for my $round (1 .. 3) {
    my @clients = map { $broker->connect } 1 .. 40;
    my (%sent, %acknowledged);
    my $commit = sub {
        my ($i) = @_;
        $sent{$i}++;
        return $clients[$i]->send_request('OffsetCommit', 9, commit_request("under way $round-$i", $topic, { 0 => $sent{$i} }));
    };
    for (1 .. 10) {
        $commit->($_) for 0 .. $#clients;
        for my $i (0 .. $#clients) {
            my $answer = $clients[$i]->receive;
            $acknowledged{$i} = $sent{$i} if $answer->{topics}[0]{partitions}[0]{error_code} == 0;
        }
    }
    is_deeply([grep { ($acknowledged{$_} // 0) != 10 } 0 .. $#clients], [], "round $round: commits are acknowledged");
    $commit->($_) for 0 .. $#clients;
    my $half = 0;
    while ($half < 20) {    # some of them are answered, the others not
        my $answer = $clients[$half]->receive;
        $acknowledged{$half} = $sent{$half} if $answer && $answer->{topics}[0]{partitions}[0]{error_code} == 0;
        $commit->($half++);
    }
    $round == 3 ? kill_server() : kill_broker();
    $server->wait_for_port;
    my $client = $broker->connect;
    my %stored = map { $_ => offset_of($client, "under way $round-$_", $topic) } 0 .. $#clients;
    my @wrong  = grep { $stored{$_} < $acknowledged{$_} || $stored{$_} > $sent{$_} } 0 .. $#clients;
    is_deeply(\@wrong, [], "round $round: what was acknowledged is there, and nothing that was never sent");
}
$broker->finish;
