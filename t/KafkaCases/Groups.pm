# Conversations for KafkaCases about classic groups and offsets.
package KafkaCases::Groups;

use strict;
use warnings;
use GroupRequests 'subscription';
use KafkaCases::Conversation;
use KafkaWire::Messages;

my %talks = (
    'a group of one'                   => \&_one,
    'a group of two'                   => \&_two,
    'a group that is not there'        => \&_missing,
    'the empty group id'               => \&_empty_id,
    'joins that are refused'           => \&_refused_joins,
    'a generation that is not reached' => \&_unfinished,
    'static members'                   => \&_static,
    'a static leader that comes back'  => \&_static_leader,
    'leaving'                          => \&_leaving,
    'connect workers'                  => \&_connect,
    'a choice of protocols'            => \&_protocols,
    'offsets without members'          => \&_offsets,
    'offsets that are refused'         => \&_refused_offsets,
    'lists'                            => \&_lists,
);

sub all { return KafkaCases::Conversation::cases_of('group', \%talks); }

# Each version of JoinGroup, SyncGroup and so on.
sub _one {
    my ($talk) = @_;
    for my $version (KafkaWire::Messages::versions('JoinGroup')) {
        my $who = "a$version";
        $talk->join($who, version => $version);
        my @assignments = { member_id => $talk->id($who), assignment => 'mine' };
        $talk->ask('SyncGroup', $version > 5 ? 5 : $version,
            $talk->as($who, protocol_type => 'consumer', protocol_name => 'range', assignments => \@assignments), $who);
        $talk->look;
        $talk->ask('Heartbeat', $version > 4 ? 4 : $version, $talk->as($who), $who);
        $talk->commit($who, $version < 2 ? 2 : $version);
        $talk->fetch($version < 1 ? 1 : $version);
        $talk->ask('DeleteGroups', 2, {});
        $talk->ask('LeaveGroup', $version > 5 ? 5 : $version, { member_id => $talk->id($who), members => [{ member_id => $talk->id($who) }] }, $who);
    }
    $talk->look;
    $talk->ask('DeleteGroups', $_, {}) for 0 .. 2;
    $talk->fetch(8);
    return;
}

sub _two {
    my ($talk) = @_;
    $talk->join('a');
    $talk->sync('a', { a => 'everything' });
    $talk->begin_join('b');
    $talk->wait_for_state('PreparingRebalance');
    $talk->heartbeat('a');
    $talk->commit('a', 8);
    $talk->look;
    $talk->ask('SyncGroup', 3, $talk->as('a'), 'a');
    $talk->ask('DeleteGroups', 2, {});
    $talk->join('a');
    $talk->end_join('b');
    $talk->heartbeat('a');
    $talk->heartbeat('a', generation_id => $_) for 0, 1, 3;
    $talk->commit('b', $_) for 2, 9;
    $talk->join('b');
    $talk->begin_sync('b');
    $talk->sync('a', { a => 'half', b => 'the other' });
    $talk->end('SyncGroup', 5, 'b');
    $talk->sync('b');
    $talk->sync('a', { a => 'something else' });
    $talk->look;
    $talk->join('b');
    $talk->commit('b', 9);
    $talk->commit('b', 9, member_id => 'nobody');
    $talk->commit('b', $_, generation_id_or_member_epoch => 1)  for 8, 9;
    $talk->commit('b', $_, generation_id_or_member_epoch => -1) for 8, 9;
    $talk->commit('b', $_, generation_id_or_member_epoch => -1, member_id => '') for 8, 9;
    $talk->delete_offsets('log', 0);
    $talk->delete_offsets('empty', 0);
    $talk->leave('a');
    $talk->heartbeat('b');
    $talk->join('b');
    $talk->sync('b', { b => 'all' });
    $talk->leave('b');
    $talk->delete_offsets('log', 0, 1, 7);
    $talk->look;
    return;
}

sub _missing {
    my ($talk) = @_;
    $talk->look;
    $talk->ask('JoinGroup', $_, { session_timeout_ms => 10_000, member_id => 'm', protocols => [{ name => 'range', metadata => '' }] })
        for KafkaWire::Messages::versions('JoinGroup');
    $talk->ask('SyncGroup', $_, { member_id => 'm', generation_id => 1, protocol_type => 'consumer', protocol_name => 'range' }) for 0 .. 5;
    $talk->ask('SyncGroup', 5,  { member_id => 'm', generation_id => 1, protocol_type => undef, protocol_name => undef });
    $talk->ask('Heartbeat',  $_, { member_id => 'm', generation_id => 1 }) for 0 .. 4;
    $talk->ask('LeaveGroup', $_, { member_id => 'm', members => [{ member_id => 'm' }, { member_id => '', group_instance_id => 'i' }] }) for 0 .. 5;
    $talk->ask('DeleteGroups', $_, {}) for 0 .. 2;
    $talk->delete_offsets('log', 0);
    $talk->commit('m', $_, member_id => 'm', generation_id_or_member_epoch => 1) for 2 .. 10;
    $talk->fetch($_) for 1 .. 10;
    $talk->fetch($_, topics => undef) for 2 .. 10;
    $talk->fetch($_, member_id => 'm', member_epoch => 1) for 9, 10;
    return;
}

sub _empty_id {
    my ($talk) = @_;
    $talk->ask('JoinGroup', $_, { group_id => '', session_timeout_ms => 10_000, protocols => [{ name => 'range', metadata => '' }] }) for 0, 5, 9;
    $talk->ask('SyncGroup', 5, { group_id => '', protocol_type => 'consumer', protocol_name => 'range' });
    $talk->ask('Heartbeat', 4, { group_id => '' });
    $talk->ask('LeaveGroup', $_, { group_id => '', member_id => 'm', members => [{ member_id => 'm' }] }) for 0, 3, 5;
    $talk->ask('DescribeGroups', $_, { groups => [''] }) for 0, 5, 6;
    $talk->ask('ConsumerGroupDescribe', 1, { group_ids    => [''] });
    $talk->ask('DeleteGroups',          2, { groups_names => [''] });
    $talk->ask('OffsetDelete',          0, { group_id     => '', topics => [] });
    $talk->ask('ConsumerGroupHeartbeat', $_, { group_id => '', member_id => 'm', member_epoch => 0 }) for 0, 1;
    return;
}

sub _refused_joins {
    my ($talk) = @_;
    $talk->ask('JoinGroup', 9, { session_timeout_ms => $_, protocols => [{ name => 'range', metadata => '' }] }) for -1, 0, 5_999, 1_800_001;
    $talk->ask('JoinGroup', 9, { session_timeout_ms => 10_000, protocols => [] });
    $talk->ask('JoinGroup', 9, { session_timeout_ms => 10_000, protocol_type => '', protocols => [{ name => 'range', metadata => '' }] });
    $talk->ask('JoinGroup', 9, { session_timeout_ms => 10_000, member_id => 'm', group_instance_id => 'i', protocols => [{ name => 'range', metadata => '' }] });
    $talk->join('a');
    for my $version (0, 5, 9) {
        $talk->ask('JoinGroup', $version, { session_timeout_ms => 10_000, %$_ })
            for { protocols => [] }, { protocols => [{ name => 'other', metadata => '' }] }, { protocol_type => 'connect', protocols => [{ name => 'range', metadata => '' }] },
            { member_id => 'unknown', protocols => [{ name => 'range', metadata => '' }] };
    }
    $talk->sync('a', { a => 'mine' });
    $talk->heartbeat('a');
    $talk->ask('SyncGroup', 5, $talk->as('a', protocol_type => $_->[0], protocol_name => $_->[1]), 'a')
        for ['consumer', 'other'], ['connect', 'range'], [undef, 'range'], ['consumer', undef], ['consumer', 'range'];
    $talk->ask('SyncGroup', 5, $talk->as('a', protocol_type => 'consumer', protocol_name => 'range', %$_), 'a')
        for { generation_id => 0 }, { generation_id => 2 }, { member_id => 'unknown' }, { group_instance_id => 'unknown' };
    $talk->heartbeat('a', %$_) for { member_id => 'unknown' }, { member_id => '' }, { group_instance_id => 'unknown' };
    return;
}

# A leader joins anew, a follower comes while the leader is awaited, somebody never syncs.
sub _unfinished {
    my ($talk) = @_;
    $talk->join('a');
    $talk->look;
    $talk->join('a');
    $talk->begin_join('b', rebalance_timeout_ms => 10_000);
    $talk->wait_for_state('PreparingRebalance');
    $talk->sync('a', { a => 'too late' });
    $talk->join('a');
    $talk->end_join('b');
    $talk->look;
    $talk->begin_sync('b');
    $talk->leave('a');
    $talk->look;
    $talk->end('SyncGroup', 5, 'b');
    $talk->join('b');
    $talk->sync('b', { b => 'all', a => 'nothing: not a member' });
    $talk->join('b', protocols => [{ name => 'range', metadata => subscription([]) }]);
    $talk->sync('b', {});
    $talk->look;
    $talk->leave('b');
    $talk->look;
    return;
}

sub _static {
    my ($talk) = @_;
    my %static = (group_instance_id => 'i');
    $talk->join('a');
    $talk->begin_join('s', %static);
    $talk->wait_for_state('PreparingRebalance');
    $talk->begin_join('a');
    $talk->end_join($_) for qw(s a);
    $talk->begin_sync('s');
    $talk->sync('a', { a => 'for a', s => 'for s' });
    $talk->end('SyncGroup', 5, 's');
    $talk->heartbeat('s', %static);
    for my $version (5, 8, 9) {
        my $before = $talk->id('s');
        $talk->join('s', %static, version => $version, member_id => '');
        $talk->{names}{$before} = 'an earlier id of s';
        $talk->ask('Heartbeat', 4, $talk->as('s', member_id => $before, %static));
        $talk->ask('SyncGroup', 5, $talk->as('s', member_id => $before, %static, protocol_type => 'consumer', protocol_name => 'range'));
        $talk->commit('s', 9, member_id => $before, %static);
        $talk->join('s', %static, member_id => $before, version => $version);
        $talk->ask('LeaveGroup', 5, { members => [{ member_id => $before, %static }] });
        $talk->heartbeat('s', %static);
    }
    $talk->sync('s');
    $talk->commit('s', 9, %static);
    $talk->look;
    $talk->ask('LeaveGroup', $_->[0], { members => [$_->[1]] })
        for [3, { member_id => '', group_instance_id => 'nobody' }], [4, { member_id => 'unknown', %static }], [5, { member_id => '', %static }];
    $talk->join('a');
    $talk->sync('a', { a => 'all' });
    $talk->look;
    return;
}

sub _static_leader {
    my ($talk) = @_;
    my %static = (group_instance_id => 'leader');
    for my $version (9, 5) {
        $talk->join('l', %static, version => $version, member_id => '');
        $talk->sync('l', { l => 'all' });
        $talk->join('l', %static, version => $version, member_id => '');
        $talk->sync('l', { l => 'again' });
        $talk->join('l', %static, version => $version, member_id => '', protocols => [{ name => 'range', metadata => subscription(['changed']) }]);
        $talk->sync('l', { l => 'and again' });
        $talk->look;
    }
    $talk->ask('LeaveGroup', 5, { members => [{ member_id => '', %static }] });
    return;
}

sub _leaving {
    my ($talk) = @_;
    $talk->join('a');
    my $pending = $talk->ask('JoinGroup', 9, { session_timeout_ms => 10_000, protocols => [{ name => 'range', metadata => '' }] }, 'p');
    $talk->sync('a', { a => 'all' });
    $talk->ask('LeaveGroup', 3, { members => [map { { member_id => $_ } } 'unknown', $pending->{member_id}, $pending->{member_id}, ''] });
    $talk->ask('LeaveGroup', 5, { members => [{ member_id => $talk->id('a'), group_instance_id => 'unknown' }] });
    $talk->ask('LeaveGroup', 5, { members => [] });
    $talk->ask('LeaveGroup', 2, { member_id => 'unknown' });
    $talk->heartbeat('a');
    $talk->leave('a', 'a');
    $talk->heartbeat('a');
    $talk->join('a');
    $talk->look;
    $talk->join('b');
    $talk->look;
    $talk->begin_join('c');
    $talk->wait_for_state('PreparingRebalance');
    $talk->leave('b', 'c');
    $talk->end_join('c');
    $talk->look;
    return;
}

# What the members are does not matter to the broker.
sub _connect {
    my ($talk) = @_;
    $talk->join('w', protocol_type => 'connect', protocols => [map { { name => $_, metadata => "$_ of w" } } 'sessioned', 'eager']);
    $talk->ask('SyncGroup', 5, $talk->as('w', protocol_type => 'connect', protocol_name => 'sessioned', assignments => [{ member_id => $talk->id('w'), assignment => 'tasks' }]), 'w');
    $talk->look;
    $talk->commit('w', 9);
    $talk->delete_offsets('log', 0);
    $talk->ask('ConsumerGroupHeartbeat', 1,
        { member_id => 'm', rebalance_timeout_ms => 1000, subscribed_topic_names => [], topic_partitions => [] });
    $talk->leave('w');
    $talk->look;
    $talk->delete_offsets('log', 0);
    $talk->join('a');
    $talk->look;
    return;
}

sub _protocols {
    my ($talk) = @_;
    my $offer = sub { return protocols => [map { { name => $_, metadata => subscription([$_]) } } @_] };
    $talk->join('a', $offer->(qw(roundrobin range sticky)));
    $talk->sync('a', {});    # names another protocol than the chosen one
    $talk->begin_join('b', $offer->(qw(sticky range)));
    $talk->wait_for_state('PreparingRebalance');
    $talk->begin_join('c', $offer->(qw(sticky other range)));
    KafkaTest::wait_until('three members',
        sub { @{ $talk->client('watcher')->call('DescribeGroups', 5, { groups => [$talk->group] })->{groups}[0]{members} } == 3 });
    $talk->join('a', $offer->(qw(roundrobin range sticky)));
    $talk->end_join($_) for qw(b c);
    $talk->look;
    return;
}

sub _offsets {
    my ($talk) = @_;
    my %tool = (generation_id_or_member_epoch => -1, member_id => '');
    for my $version (2 .. 10) {
        $talk->commit('t', $version, %tool, partition => { committed_offset => $version, committed_metadata => "by v$version", committed_leader_epoch => 0 });
        $talk->fetch($_) for 1 .. 10;
    }
    $talk->look;
    $talk->commit('t', 9, %tool, topic => 'empty', partition => { partition_index => 1, committed_metadata => undef });
    $talk->fetch($_, topics => undef) for 2 .. 10;
    $talk->fetch($_, topics => []) for 1 .. 10;
    $talk->fetch(9, member_id => 'm', member_epoch => 3);
    $talk->fetch(7, topics => [{ name => 'none', partition_indexes => [0] }]);
    $talk->fetch($_, topics => [{ topic_id => $talk->topic('missing')->{id}, name => 'none', partition_indexes => [0, 5] }]) for 9, 10;
    $talk->delete_offsets('log', 0, 1, 5, -1);
    $talk->delete_offsets('missing', 0);
    $talk->look;
    $talk->fetch(9, topics => undef);
    $talk->join('a');
    $talk->sync('a', { a => 'all' });
    $talk->fetch(9, topics => undef);
    $talk->leave('a');
    $talk->commit('t', 9, %tool);
    $talk->ask('DeleteGroups', 2, {});
    $talk->fetch(9, topics => undef);
    $talk->look;
    return;
}

sub _refused_offsets {
    my ($talk) = @_;
    my %tool = (generation_id_or_member_epoch => -1, member_id => '');
    for my $version (2, 8, 9, 10) {
        $talk->commit('t', $version, %tool, %$_)
            for { partition => { partition_index => 9 } }, { partition => { partition_index => -1 } }, { topic => 'missing' },
            { partition => { committed_metadata => 'x' x 4096 } }, { partition => { committed_metadata => 'x' x 4097 } },
            { partition => { committed_metadata => "\xce\xb1" x 4096 } }, { partition => { committed_metadata => "\xce\xb1" x 4097 } },
            { partition => { committed_offset => -1 } }, { partition => { committed_offset => -2 } }, { partition => { committed_offset => 99_999 } },
            { partition => { committed_leader_epoch => 5 } }, { partition => { committed_leader_epoch => -2 } },
            { generation_id_or_member_epoch => -2 }, { member_id => 'somebody' }, { group_instance_id => 'i' }, { topics => [] };
        $talk->fetch(9);
    }
    $talk->look;
    return;
}

sub _lists {
    my ($talk) = @_;
    my @filters = (
        {}, { states_filter => ['Stable'] }, { states_filter => ['stable', 'EMPTY'] }, { states_filter => ['Assigning'] }, { states_filter => ['nonsense'] }, { states_filter => [''] },
        { types_filter => ['classic'] }, { types_filter => ['Consumer'] }, { types_filter => ['nonsense'] }, { types_filter => [''] },
        { types_filter => ['classic', 'consumer'], states_filter => ['Stable', 'Empty'] }
    );
    my $list = sub { $talk->list(5, %$_) for @filters; $talk->list(4, %$_) for @filters[0 .. 5]; return };
    $talk->join('a');
    $talk->list(5, states_filter => ['CompletingRebalance']);
    $talk->sync('a', { a => 'all' });
    $list->();
    $talk->leave('a');
    $list->();
    $talk->enter('c');
    $list->();
    $talk->beat('c', member_epoch => -1);
    $list->();
    return;
}

1;
