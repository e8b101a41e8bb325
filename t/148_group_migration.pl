# Consumers of both protocols in one group: a classic group becomes a consumer group when the first of the new protocol joins,
# and a classic one again when the last of them has gone (KIP-848, online upgrade and downgrade).
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
$broker->wait_for_coordinators;
my $topic = $broker->create_topic('orders', num_partitions => 4);
my $group = $broker->name('mixed');

# --- What consumers of the classic protocol write -----------------------------------------------------

sub partitions_of { return pack 'N n/a* N N*', 1, $topic->{name}, scalar @_, @_ }
sub subscription { return pack('n N n/a* N', 1, 1, $topic->{name}, 0xffffffff) . partitions_of(@_) }
sub assignment   { return pack('n', 1) . partitions_of(@_) . pack('N', 0xffffffff) }

# The partitions of an assignment, sorted: "0 1".
sub read_assignment {
    my ($bytes) = @_;
    my (undef, $topics, $rest) = unpack 'n N a*', $bytes;
    return '' if !$topics;
    my ($name, $count, @rest) = unpack 'n/a* N N*', $rest;
    is($name, $topic->{name}, 'an assignment names its topic') if $name ne $topic->{name};
    return join ' ', sort @rest[0 .. $count - 1];
}

# A member by the classic protocol, on a connection of its own.
package Classic {

    sub new {
        my ($class, %self) = @_;
        return bless { client => $broker->connect, id => '', group => $group, owned => [], %self }, $class;
    }

    sub ids { return (group_id => $_[0]{group}, member_id => $_[0]{id}) }

    sub send_join {
        my ($self) = @_;
        my $protocols = [{ name => 'range', metadata => main::subscription(@{ $self->{owned} }) }];
        $self->{client}->send_request('JoinGroup', 9, { $self->ids, protocols => $protocols, %{ $self->{with} // {} } });
        return;
    }

    sub hear_join {
        my ($self) = @_;
        my $joined = $self->{client}->receive;
        $self->{id}         = $joined->{member_id} if $joined->{member_id} ne '';
        $self->{generation} = $joined->{generation_id};
        return $joined;
    }

    # Joins, a second time if it is told its id.
    sub begin_join {
        my ($self) = @_;
        $self->send_join;
        return if $self->{id} ne '' || $self->{with};
        my $refused = $self->hear_join;
        main::error_is($refused->{error_code}, 'MEMBER_ID_REQUIRED', 'a new member is told its id');
        return $self->send_join;
    }

    sub join {
        my ($self) = @_;
        $self->begin_join;
        return $self->hear_join;
    }

    sub sync {
        my ($self, @parts) = @_;
        return $self->{client}->call('SyncGroup', 5,
            { $self->ids, generation_id => $self->{generation}, protocol_type => 'consumer', protocol_name => 'range', assignments => \@parts });
    }

    # Takes what it is assigned.
    sub take {
        my ($self, @parts) = @_;
        my $synced = $self->sync(@parts);
        return KafkaWire::Errors::error_name($synced->{error_code}) if $synced->{error_code} != 0;
        my $assigned = main::read_assignment($synced->{assignment});
        $self->{owned} = [split / /, $assigned];
        return $assigned;
    }

    sub heartbeat {
        my ($self) = @_;
        my $answer = $self->{client}->call('Heartbeat', 4, { $self->ids, generation_id => $self->{generation} });
        return KafkaWire::Errors::error_name($answer->{error_code});
    }

    # Follows its heartbeats until it has nothing to do any more.
    sub settle {
        my ($self) = @_;
        while ($self->heartbeat eq 'REBALANCE_IN_PROGRESS') {
            my $joined = $self->join;
            return $joined if $joined->{error_code} != 0;
            $self->take;
        }
        return;
    }
}

# A member by the consumer protocol.
package Consumer {

    sub new {
        my ($class, %self) = @_;
        return bless { client => $broker->connect, group => $group, epoch => 0, owned => [], %self }, $class;
    }

    sub send {
        my ($self, %request) = @_;
        return $self->{client}->call('ConsumerGroupHeartbeat', 1, { group_id => $self->{group}, member_id => $self->{id}, instance_id => $self->{instance}, %request });
    }

    sub join {
        my ($self) = @_;
        return $self->hear($self->send(member_epoch => 0, rebalance_timeout_ms => 60000, subscribed_topic_names => [$topic->{name}], topic_partitions => []));
    }

    sub beat {
        my ($self) = @_;
        my $owned = [@{ $self->{owned} } ? { topic_id => $topic->{id}, partitions => $self->{owned} } : ()];
        return $self->hear($self->send(member_epoch => $self->{epoch}, topic_partitions => $owned));
    }

    sub hear {
        my ($self, $answer) = @_;
        $self->{epoch} = $answer->{member_epoch} if $answer->{error_code} == 0;
        my $assigned = $answer->{assignment} // return $answer;
        $self->{owned} = [sort map { @{ $_->{partitions} } } @{ $assigned->{topic_partitions} }];
        return $answer;
    }

    sub leave { return KafkaWire::Errors::error_name($_[0]->send(member_epoch => -1)->{error_code}) }
}

package main;

sub shown {
    my ($type) = @_;
    my $client = $broker->connect;
    return $client->call('ConsumerGroupDescribe', 1, { group_ids => [$group] })->{groups}[0] if $type eq 'consumer';
    return $client->call('DescribeGroups', 6, { groups => [$group] })->{groups}[0];
}

sub type_of_group {
    my ($listed) = grep { $_->{group_id} eq $group } @{ $broker->connect->call('ListGroups', 5, {})->{groups} };
    return $listed->{group_type};
}

# All partitions of these members, sorted; each once, or it shows.
sub owned { return join ' ', sort map { @{ $_->{owned} } } @_ }

sub commit {
    my ($version, $member, $epoch, $offset) = @_;
    my $request = {
        group_id => $group, member_id => $member, generation_id_or_member_epoch => $epoch,
        topics => [{ name => $topic->{name}, partitions => [{ partition_index => 0, committed_offset => $offset, committed_leader_epoch => -1 }] }]
    };
    return error_name($broker->connect->call('OffsetCommit', $version, $request)->{topics}[0]{partitions}[0]{error_code});
}

# --- Upgrade ------------------------------------------------------------------------------------------

my ($first, $second) = map { Classic->new } 1 .. 2;
is($first->join->{generation_id}, 1, 'the first classic member has a generation of its own');
$first->take({ member_id => $first->{id}, assignment => assignment(0 .. 3) });
$second->begin_join;
wait_until('the group rebalances', sub { $first->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$first->join;
is($second->hear_join->{generation_id}, 2, 'with the second there is another generation');
$first->take({ member_id => $first->{id}, assignment => assignment(0, 1) }, { member_id => $second->{id}, assignment => assignment(2, 3) });
is($second->take, '2 3', 'each has its part');
is(commit(8, $first->{id}, 2, 5), 'NONE', 'one commits');
is(type_of_group(), 'classic', 'the group is classic');

my $third    = Consumer->new(id => 'by-the-new-protocol');
my $answered = $third->join;
error_is($answered->{error_code}, 'NONE', 'a member of the consumer protocol joins');
is($answered->{member_epoch}, 3, 'in the epoch after the generation');
is(owned($third), '', 'and waits for its part');
is(type_of_group(), 'consumer', 'the group is a consumer group now');
my $described = shown('consumer');
is_deeply(
    { map { $_->{member_id} => [@$_{qw(member_type member_epoch subscribed_topic_names)}] } @{ $described->{members} } },
    { (map { $_->{id} => [0, 2, [$topic->{name}]] } $first, $second), $third->{id} => [1, 3, [$topic->{name}]] },
    'which says what its members speak'
);
error_is(shown('classic')->{error_code}, 'GROUP_ID_NOT_FOUND', 'and is no classic one any more');
is(commit(8, $first->{id}, 2, 6), 'NONE', 'a classic member may still commit');
is(commit(8, $first->{id}, 1, 6), 'ILLEGAL_GENERATION', 'by its generation');
is(commit(8, $third->{id}, 3, 6), 'UNSUPPORTED_VERSION', 'others by a version that knows epochs');
is(commit(9, $third->{id}, 2, 6), 'STALE_MEMBER_EPOCH', 'and their epoch');

is($_->heartbeat, 'REBALANCE_IN_PROGRESS', 'a classic member is to join again') for $first, $second;
error_is($second->sync->{error_code}, 'REBALANCE_IN_PROGRESS', 'and learns nothing before');
my $joined = $first->join;
is_deeply([@$joined{qw(error_code protocol_type protocol_name leader members)}], [0, 'consumer', 'range', '', []], 'nobody leads');
$first->take;
$_->settle for $first, $second;
wait_until('all have their part', sub { $third->beat; $_->settle for $first, $second; owned($first, $second, $third) eq '0 1 2 3' });
is_deeply([sort map { scalar @{ $_->{owned} } } $first, $second, $third], [1, 1, 2], 'which is fair');
is(shown('consumer')->{group_state}, 'Stable', 'the group is stable');
is_deeply([map { $_->{generation} } $first, $second], [3, 3], 'all are in the same epoch');
is(error_name($first->{client}->call('Heartbeat', 4, { $first->ids, generation_id => 2 })->{error_code}), 'ILLEGAL_GENERATION', 'an old generation is refused');

# --- More of both kinds ---------------------------------------------------------------------------------

my $other = Classic->new(with => { protocols => [{ name => 'other', metadata => subscription() }] });
error_is($other->join->{error_code}, 'INCONSISTENT_GROUP_PROTOCOL', 'classic members have to have a protocol in common');
$other = Classic->new(with => { protocol_type => 'connect' });
error_is($other->join->{error_code}, 'INCONSISTENT_GROUP_PROTOCOL', 'and to be consumers');
my $static = Classic->new(with => { group_instance_id => 'i' });
error_is($static->join->{error_code}, 'NONE', 'a static classic member joins');
$static->take;
wait_until('it has a part', sub { $third->beat; $_->settle for $first, $second, $static; owned($first, $second, $third, $static) eq '0 1 2 3' });
is_deeply([map { scalar @{ $_->{owned} } } $first, $second, $third, $static], [1, 1, 1, 1], 'one for each');
my $part   = owned($static);
my $moved  = Consumer->new(id => 'static', instance => 'i');
error_is($moved->join->{error_code}, 'NONE', 'it comes back by the consumer protocol');
is(owned($moved), $part, 'and has what it had');
is($static->heartbeat, 'UNKNOWN_MEMBER_ID', 'as which it is not known any more');

# --- A restart ------------------------------------------------------------------------------------------

if (my $server = $broker->server) {
    $server->node->restart;
    $server->wait_for_port;
    $_->{client} = $broker->connect for $first, $second, $third, $moved;
    is($_->heartbeat, 'NONE', 'a classic member goes on after a restart') for $first, $second;
    error_is($_->beat->{error_code}, 'NONE', 'and so does another') for $third, $moved;
}

# --- Downgrade ------------------------------------------------------------------------------------------

is($moved->leave, 'NONE', 'the static member leaves for good');
$_->settle for $first, $second;
is(type_of_group(), 'consumer', 'another of the consumer protocol is left');
wait_until('all have their part', sub { $third->beat; $_->settle for $first, $second; owned($first, $second, $third) eq '0 1 2 3' });
my $generation = $first->{generation};
is($third->leave, 'NONE', 'the last member of the consumer protocol leaves');
is(type_of_group(), 'classic', 'and the group is classic again');
is(shown('classic')->{group_state}, 'PreparingRebalance', 'and rebalances');
is($_->heartbeat, 'REBALANCE_IN_PROGRESS', 'its members are to join again') for $first, $second;
$_->begin_join for $first, $second;
my @joined = map { $_->hear_join } $first, $second;
is($first->{generation}, $generation + 1, 'in the next generation');
my ($leader) = grep { $_->{id} eq $joined[0]{leader} } $first, $second;
ok($leader, 'which one of them leads');
my ($follower) = grep { $_ != $leader } $first, $second;
is($leader->take({ member_id => $leader->{id}, assignment => assignment(0) }, { member_id => $follower->{id}, assignment => assignment(1 .. 3) }), '0', 'and assigns');
is($follower->take, '1 2 3', 'as it likes');
is(shown('classic')->{group_state}, 'Stable', 'the group is stable');
error_is($third->beat->{error_code}, 'GROUP_ID_NOT_FOUND', 'whoever has left is not known');
my $offsets = $broker->connect->call('OffsetFetch', 7, { group_id => $group, topics => [{ name => $topic->{name}, partition_indexes => [0] }] });
is($offsets->{topics}[0]{partitions}[0]{committed_offset}, 6, 'what was committed has survived it all');

# --- Groups that stay as they are -------------------------------------------------------------------------

my $workers = $broker->name('workers');
my $worker  = { group_id => $workers, protocol_type => 'connect', protocols => [{ name => 'range', metadata => 'x' }] };
error_is($broker->connect->call('JoinGroup', 3, $worker)->{error_code}, 'NONE', 'a worker of another sort makes a group');
error_is(Consumer->new(id => 'c', group => $workers)->join->{error_code}, 'GROUP_ID_NOT_FOUND', 'which stays classic');

if (my $server = $broker->server) {
    my $groups = 0;

    # What a consumer is told by a classic group, and a classic member by a consumer group.
    my $try = sub {
        my ($old, $new) = map { "policy-$_-" . ++$groups } qw(classic consumer);
        my $member = Classic->new(group => $old);
        $member->join;
        my $told = error_name(Consumer->new(id => 'c', group => $old)->join->{error_code});
        Consumer->new(id => 'c', group => $new)->join;
        my $late = Classic->new(group => $new);
        $late->send_join;
        return "$told " . error_name($late->hear_join->{error_code});
    };
    is($try->(), 'NONE MEMBER_ID_REQUIRED', 'both ways are open');
    for (['disabled', 'GROUP_ID_NOT_FOUND INCONSISTENT_GROUP_PROTOCOL'], ['Downgrade', 'GROUP_ID_NOT_FOUND MEMBER_ID_REQUIRED'], ['upgrade', 'NONE MEMBER_ID_REQUIRED']) {
        my ($policy, $told) = @$_;
        $server->set('pg_kafka.group_consumer_migration_policy' => $policy);
        wait_until("policy $policy holds", sub { $try->() eq $told });
    }
}
$broker->finish;
