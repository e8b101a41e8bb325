# Consumers of both protocols in one group: a classic group becomes a consumer group when the first of the new protocol joins,
# and a classic one again when the last of them has gone (KIP-848, online upgrade and downgrade).
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember 'settle';
use GroupMember;
use GroupRequests;
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
$broker->wait_for_coordinators;
my $topic  = $broker->create_topic('orders', num_partitions => 4);
my $orders = $topic->{name};
my $group  = $broker->name('mixed');

# A consumer of the classic protocol: when it joins it says which partitions it has, and it takes those that it is assigned.
package ClassicConsumer {
    our @ISA = 'GroupMember';

    sub new {
        my ($class, %with) = @_;
        my $self = $class->SUPER::new($broker, delete $with{group} // $group, %with);
        $self->{assigned} = '';
        return $self;
    }

    sub assigned { return $_[0]{assigned} }

    sub join_request {
        my ($self, %fields) = @_;
        $self->set_protocols([range => GroupRequests::subscription([$orders], { $orders => [$self->{assigned} =~ /-(\d+)\b/g] })]);
        return $self->SUPER::join_request(%fields);
    }

    # The partitions, or the name of the error.
    sub take {
        my ($self, $parts) = @_;
        my $synced = $self->sync($parts);
        return $synced =~ /^[A-Z]/ ? $synced : ($self->{assigned} = GroupRequests::assigned_partitions($synced));
    }

    # A heartbeat, and what it asks for. True if it does.
    sub work {
        my ($self) = @_;
        return 0 if $self->heartbeat ne 'REBALANCE_IN_PROGRESS';
        $self->join;
        $self->take;
        return 1;
    }
}

sub consumer {
    my ($id, %with) = @_;
    return ConsumerMember->new($broker, delete $with{group} // $group, [$orders], member_id => $id, %with);
}

sub partitions { return join ' ', map { "$orders-$_" } @_ }
sub parts      { return assignment($orders => [@_]) }

sub shown {
    my ($type) = @_;
    my $client = $broker->connect;
    return describe_group($client, 6, $group) if $type eq 'classic';
    return $client->call('ConsumerGroupDescribe', 1, { group_ids => [$group] })->{groups}[0];
}

sub type_of_group { return (split m{/}, list_groups($broker->connect, 5, qr/^\Q$group\E$/)->{$group})[2] }

# All partitions of these members, sorted; each once, or it shows.
sub owned  { return join ' ', sort map { split / /, $_->assigned } @_ }
sub counts { return map { scalar(my @has = split / /, $_->assigned) } @_ }

# Lets members work until nothing changes any more; then all partitions belong to them.
sub share_all {
    my (@members) = @_;
    wait_until('all have their part', sub { settle(@members); owned(@members) eq partitions(0 .. 3) });
    return;
}

sub commit {
    my ($version, $member, $epoch, $offset) = @_;
    return commit_offsets($broker->connect, $version, $group, $topic, { 0 => $offset }, member_id => $member->id, generation_id_or_member_epoch => $epoch);
}

# --- Upgrade ------------------------------------------------------------------------------------------

my ($first, $second) = map { ClassicConsumer->new } 1 .. 2;
error_is($first->ask_for_id->{error_code}, 'MEMBER_ID_REQUIRED', 'a new member is told its id');
is($first->join->{generation_id}, 1, 'the first classic member has a generation of its own');
$first->take({ $first->id => parts(0 .. 3) });
error_is($second->ask_for_id->{error_code}, 'MEMBER_ID_REQUIRED', 'and so is another');
$second->send_join;
wait_until('the group rebalances', sub { $first->heartbeat eq 'REBALANCE_IN_PROGRESS' });
$first->join;
is($second->joined->{generation_id}, 2, 'with the second there is another generation');
$first->take({ $first->id => parts(0, 1), $second->id => parts(2, 3) });
is($second->take, partitions(2, 3), 'each has its part');
is(commit(8, $first, 2, 5), 'NONE', 'one commits');
is(type_of_group(), 'classic', 'the group is classic');

my $third    = consumer('by-the-new-protocol');
my $answered = $third->join;
error_is($answered->{error_code}, 'NONE', 'a member of the consumer protocol joins');
is($answered->{member_epoch}, 3, 'in the epoch after the generation');
is($third->assigned, '', 'and waits for its part');
is(type_of_group(), 'consumer', 'the group is a consumer group now');
my $described = shown('consumer');
is_deeply(
    { map { $_->{member_id} => [@$_{qw(member_type member_epoch subscribed_topic_names)}] } @{ $described->{members} } },
    { (map { $_->id => [0, 2, [$orders]] } $first, $second), $third->id => [1, 3, [$orders]] },
    'which says what its members speak'
);
error_is(shown('classic')->{error_code}, 'GROUP_ID_NOT_FOUND', 'and is no classic one any more');
is(commit(8, $first, 2, 6), 'NONE', 'a classic member may still commit');
is(commit(8, $first, 1, 6), 'ILLEGAL_GENERATION', 'by its generation');
is(commit(8, $third, 3, 6), 'UNSUPPORTED_VERSION', 'others by a version that knows epochs');
is(commit(9, $third, 2, 6), 'STALE_MEMBER_EPOCH', 'and their epoch');

is($_->heartbeat, 'REBALANCE_IN_PROGRESS', 'a classic member is to join again') for $first, $second;
is($second->sync, 'REBALANCE_IN_PROGRESS', 'and learns nothing before');
my $joined = $first->join;
is_deeply([@$joined{qw(error_code protocol_type protocol_name leader members)}], [0, 'consumer', 'range', '', []], 'nobody leads');
$first->take;
share_all($third, $first, $second);
is_deeply([sort { $a <=> $b } counts($first, $second, $third)], [1, 1, 2], 'which is fair');
is(shown('consumer')->{group_state}, 'Stable', 'the group is stable');
is_deeply([map { $_->generation } $first, $second], [3, 3], 'all are in the same epoch');
is($first->heartbeat(generation_id => 2), 'ILLEGAL_GENERATION', 'an old generation is refused');

# --- More of both kinds ---------------------------------------------------------------------------------

my $other = GroupMember->new($broker, $group, protocols => [[other => subscription([$orders], {})]]);
error_is($other->join->{error_code}, 'INCONSISTENT_GROUP_PROTOCOL', 'classic members have to have a protocol in common');
$other = ClassicConsumer->new(protocol_type => 'connect');
error_is($other->join->{error_code}, 'INCONSISTENT_GROUP_PROTOCOL', 'and to be consumers');
my $static = ClassicConsumer->new(group_instance_id => 'i');
error_is($static->join->{error_code}, 'NONE', 'a static classic member joins');
$static->take;
share_all($third, $first, $second, $static);
is_deeply([counts($first, $second, $third, $static)], [1, 1, 1, 1], 'one for each');
my $part   = $static->assigned;
my $moved  = consumer('static', instance_id => 'i');
error_is($moved->join->{error_code}, 'NONE', 'it comes back by the consumer protocol');
is($moved->assigned, $part, 'and has what it had');
is($static->heartbeat, 'FENCED_INSTANCE_ID', 'who still uses its name is fenced');
is($static->heartbeat(group_instance_id => undef), 'UNKNOWN_MEMBER_ID', 'and its former id is not known any more');

# --- A restart ------------------------------------------------------------------------------------------

if (my $server = $broker->server) {
    $server->node->restart;
    $server->wait_for_port;
    $_->{client} = $broker->connect for $first, $second, $third, $moved;
    is($_->heartbeat, 'NONE', 'a classic member goes on after a restart') for $first, $second;
    is($_->error_of, 'NONE', 'and so does another') for $third, $moved;
}

# --- Downgrade ------------------------------------------------------------------------------------------

is($moved->leave, 'NONE', 'the static member leaves for good');
settle($first, $second);
is(type_of_group(), 'consumer', 'another of the consumer protocol is left');
share_all($third, $first, $second);
my $generation = $first->generation;
is($third->leave, 'NONE', 'the last member of the consumer protocol leaves');
is(type_of_group(), 'classic', 'and the group is classic again');
is(shown('classic')->{group_state}, 'PreparingRebalance', 'and rebalances');
is($_->heartbeat, 'REBALANCE_IN_PROGRESS', 'its members are to join again') for $first, $second;
$_->send_join for $first, $second;
$_->joined    for $first, $second;
is($first->generation, $generation + 1, 'in the next generation');
my ($leader) = grep { $_->leads } $first, $second;
ok($leader, 'which one of them leads');
my ($follower) = grep { $_ != $leader } $first, $second;
is($leader->take({ $leader->id => parts(0), $follower->id => parts(1 .. 3) }), partitions(0), 'and assigns');
is($follower->take, partitions(1 .. 3), 'as it likes');
is(shown('classic')->{group_state}, 'Stable', 'the group is stable');
is($third->error_of, 'GROUP_ID_NOT_FOUND', 'whoever has left is not known');
is(offset_of($broker->connect, $group, $topic), 6, 'what was committed has survived it all');

# --- Groups that stay as they are -------------------------------------------------------------------------

my $workers = $broker->name('workers');
error_is(GroupMember->new($broker, $workers, protocol_type => 'connect')->join->{error_code}, 'NONE', 'a worker of another sort makes a group');
error_is(consumer('c', group => $workers)->join->{error_code}, 'GROUP_ID_NOT_FOUND', 'which stays classic');

if (my $server = $broker->server) {
    my $groups = 0;

    # What a consumer is told by a classic group, and a classic member by a consumer group.
    my $try = sub {
        my ($old, $new) = map { "policy-$_-" . ++$groups } qw(classic consumer);
        my $member = ClassicConsumer->new(group => $old);
        $member->join;
        my $told = error_name(consumer('c', group => $old)->join->{error_code});
        consumer('c', group => $new)->join;
        return "$told " . error_name(ClassicConsumer->new(group => $new)->ask_for_id->{error_code});
    };
    is($try->(), 'NONE MEMBER_ID_REQUIRED', 'both ways are open');
    for (['disabled', 'GROUP_ID_NOT_FOUND INCONSISTENT_GROUP_PROTOCOL'], ['Downgrade', 'GROUP_ID_NOT_FOUND MEMBER_ID_REQUIRED'], ['upgrade', 'NONE MEMBER_ID_REQUIRED']) {
        my ($policy, $told) = @$_;
        $server->set('pg_kafka.group_consumer_migration_policy' => $policy);
        wait_until("policy $policy holds", sub { $try->() eq $told });
    }
}
$broker->finish;
