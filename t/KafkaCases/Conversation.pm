# A conversation of clients with one broker about one group, and what they were answered. Names that are made anew on each broker
# (the group, topic ids, member ids) are replaced by what they stand for, so that two brokers can be compared.
#
#     my $talk = KafkaCases::Conversation->new($broker, $topics);
#     $talk->join('a');                           # JoinGroup, its two steps
#     $talk->begin_join('b');                     # is sent, and waits for the others
#     $talk->ask('Heartbeat', 4, { member_id => $talk->id('a'), generation_id => $talk->epoch('a') });
#     return $talk->answers;
package KafkaCases::Conversation;

use strict;
use warnings;
use GroupRequests 'subscription';
use KafkaTest 'wait_until';
use KafkaWire::Messages;

my $count = 0;

sub new {
    my ($class, $broker, $topics) = @_;
    my $self = bless { broker => $broker, topics => $topics, answers => [], clients => {}, members => {} }, $class;
    $self->{group} = 'group-' . $count++ . "-$$" . $broker->name('');
    $self->{names} = { $self->{group} => 'the group' };
    for my $name (grep { ref $topics->{$_} } keys %$topics) {
        $self->{names}{ $topics->{$name}{id} }   = "id of $name";
        $self->{names}{ $topics->{$name}{name} } = $name;
        $self->{names}{ subscription([$topics->{$name}{name}]) } = "subscription to $name";
    }
    return $self;
}

# cases_of($kind, { name => function of a conversation, ... }): cases for KafkaCases. What ends a conversation early is an answer, too.
sub cases_of {
    my ($kind, $talks) = @_;
    my $case = sub {
        my ($name) = @_;
        my $ask = sub {
            my $talk = KafkaCases::Conversation->new(@_);
            eval { $talks->{$name}->($talk); 1 } or push @{ $talk->{answers} }, "ended early: $@";
            return $talk->answers;
        };
        return ["$kind: $name", $ask];
    };
    return map { $case->($_) } sort keys %$talks;
}

sub group   { return $_[0]{group}; }
sub answers { return $_[0]{answers}; }

# A topic: its name and id.
sub topic { return $_[0]{topics}{ $_[1] }; }

# Each client has a connection of its own.
sub client {
    my ($self, $who) = @_;
    return $self->{clients}{$who} //= $self->{broker}->connect(patience => 15);
}

# What a member was told last.
sub id    { return $_[0]{members}{ $_[1] }{id}    // ''; }
sub epoch { return $_[0]{members}{ $_[1] }{epoch} // 0; }

# ask($api, $version, \%request, $who): one request and its answer, which is kept and returned.
sub ask {
    my ($self, $api, $version, $request, $who) = @_;
    $who //= 'tool';
    $self->begin($api, $version, $request, $who);
    return $self->end($api, $version, $who);
}

sub begin {
    my ($self, $api, $version, $request, $who) = @_;
    my $group = $self->{group};
    my %all   = (group_id => $group, groups => [$group], group_ids => [$group], groups_names => [$group], %$request);
    my @known = grep { exists $all{$_} } map { $_->{name} } @{ KafkaWire::Messages::api($api)->{request} };
    $self->client($who)->send_request($api, $version, { map { $_ => $all{$_} } @known });
    return;
}

sub end {
    my ($self, $api, $version, $who) = @_;
    my $answer = $self->client($who)->receive;
    $self->_learn($who, $answer) if $answer && defined $answer->{member_id} && length $answer->{member_id};
    $self->keep("$api v$version of $who", $answer);
    return $answer;
}

sub keep {
    my ($self, $what, $answer) = @_;
    my $comparable = defined $answer ? KafkaCases::comparable($self->_renamed($answer), $self->{broker}) : 'the connection was closed';
    push @{ $self->{answers} }, [$what, $comparable];
    return;
}

sub _learn {
    my ($self, $who, $answer) = @_;
    my $member = $self->{members}{$who} //= {};
    $member->{id}    = $answer->{member_id};
    $member->{epoch} = $answer->{generation_id} // $answer->{member_epoch};
    $self->{names}{ $member->{id} } = "id of $who";
    return;
}

sub _renamed {
    my ($self, $value) = @_;
    return [map { $self->_renamed($_) } @$value] if ref $value eq 'ARRAY';
    return { map { $_ => $self->_renamed($value->{$_}) } keys %$value } if ref $value;
    return defined $value ? $self->{names}{$value} // $value : undef;
}

# --- Classic members -------------------------------------------------------------------------------

# join($who, %fields): JoinGroup, in its two steps if need be, until the group has a generation. Fields are those of the request,
# and `version`.
sub join {
    my ($self, $who, %fields) = @_;
    $self->begin_join($who, %fields);
    return $self->end_join($who);
}

sub begin_join {
    my ($self, $who, %fields) = @_;
    my $version = delete $fields{version} // 9;
    my $request = {
        session_timeout_ms   => 10_000,
        rebalance_timeout_ms => 10_000,
        member_id            => $self->id($who),
        protocols            => [{ name => 'range', metadata => subscription([$self->topic('log')->{name}]) }],
        %fields
    };
    if ($version >= 4 && $request->{member_id} eq '' && !defined $request->{group_instance_id}) {
        $request->{member_id} = $self->ask('JoinGroup', $version, $request, $who)->{member_id};
    }
    $self->{join_version}{$who} = $version;
    $self->begin('JoinGroup', $version, $request, $who);
    return;
}

sub end_join {
    my ($self, $who) = @_;
    return $self->end('JoinGroup', $self->{join_version}{$who}, $who);
}

# begin_sync($who, { member => assignment, ... }): the leader assigns, others send nothing.
sub begin_sync {
    my ($self, $who, $parts) = @_;
    my @assignments = map { { member_id => $self->id($_), assignment => $parts->{$_} } } sort keys %{ $parts // {} };
    $self->begin('SyncGroup', 5, $self->as($who, protocol_type => 'consumer', protocol_name => 'range', assignments => \@assignments), $who);
    return;
}

sub sync {
    my ($self, $who, $parts) = @_;
    $self->begin_sync($who, $parts);
    return $self->end('SyncGroup', 5, $who);
}

sub heartbeat {
    my ($self, $who, %fields) = @_;
    return $self->ask('Heartbeat', 4, $self->as($who, %fields), $who);
}

# A request's fields that say who asks.
sub as {
    my ($self, $who, %fields) = @_;
    return { member_id => $self->id($who), generation_id => $self->epoch($who), %fields };
}

sub leave {
    my ($self, @who) = @_;
    return $self->ask('LeaveGroup', 5, { members => [map { { member_id => $self->id($_) } } @who] });
}

# Waits, outside of what is compared, until the group is in that state.
sub wait_for_state {
    my ($self, $state) = @_;
    wait_until("$self->{group} is $state",
        sub { $self->client('watcher')->call('DescribeGroups', 5, { groups => [$self->{group}] })->{groups}[0]{group_state} eq $state });
    return;
}

# --- Members by KIP-848 ----------------------------------------------------------------------------

# beat($who, %fields): ConsumerGroupHeartbeat. A member without an id makes one; its epoch is what it was told.
sub beat {
    my ($self, $who, %fields) = @_;
    my $version = delete $fields{version} // 1;
    $self->{members}{$who}{id} //= "member-$who" if $version >= 1;
    return $self->ask('ConsumerGroupHeartbeat', $version, { member_id => $self->id($who), member_epoch => $self->epoch($who), %fields }, $who);
}

# The first heartbeat of a member.
sub enter {
    my ($self, $who, %fields) = @_;
    return $self->beat(
        $who,
        member_epoch           => 0,
        rebalance_timeout_ms   => 30_000,
        subscribed_topic_names => [$self->topic('log')->{name}],
        topic_partitions       => [],
        %fields
    );
}

# Partitions of a topic as heartbeats list them.
sub owned {
    my ($self, $topic, @partitions) = @_;
    return [{ topic_id => $self->topic($topic)->{id}, partitions => \@partitions }];
}

# --- What tools ask --------------------------------------------------------------------------------

# Both ways to describe the group, and its line in ListGroups.
sub look {
    my ($self) = @_;
    $self->ask('DescribeGroups', $_, { include_authorized_operations => 0 }) for 0, 5, 6;
    $self->ask('ConsumerGroupDescribe', $_, {}) for 0, 1;
    $self->list($_) for 0, 4, 5;
    return;
}

sub list {
    my ($self, $version, %filters) = @_;
    my $answer = $self->client('tool')->call('ListGroups', $version, \%filters);
    $answer->{groups} = [grep { $_->{group_id} eq $self->{group} } @{ $answer->{groups} }];
    return $self->keep("ListGroups v$version", $answer);
}

# commit($who, $version, %fields): offset 3 of partition 0 of the topic `log`; `partition` overrides what it says of it.
sub commit {
    my ($self, $who, $version, %fields) = @_;
    my $partition = { partition_index => 0, committed_offset => 3, %{ delete $fields{partition} // {} } };
    my $topic     = $self->topic(delete $fields{topic} // 'log');
    my $request   = {
        member_id                     => $self->id($who),
        generation_id_or_member_epoch => $self->epoch($who),
        topics                        => [{ name => $topic->{name}, topic_id => $topic->{id}, partitions => [$partition] }],
        %fields
    };
    return $self->ask('OffsetCommit', $version, $request, $who);
}

# fetch($version, %fields of the group): what it has committed for partitions 0 and 1 of `log`, or, with topics => undef, for all.
sub fetch {
    my ($self, $version, %fields) = @_;
    my $topic = $self->topic('log');
    my $asked = { topics => [{ name => $topic->{name}, topic_id => $topic->{id}, partition_indexes => [0, 1] }], group_id => $self->{group}, %fields };
    return $self->ask('OffsetFetch', $version, { %$asked, groups => [$asked] });
}

sub delete_offsets {
    my ($self, $topic, @partitions) = @_;
    return $self->ask('OffsetDelete', 0,
        { topics => [{ name => $self->topic($topic)->{name}, partitions => [map { { partition_index => $_ } } @partitions] }] });
}

1;
