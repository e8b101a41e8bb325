# A member of a classic group, played step by step by the test, with a connection of its own.
#
#     my $member = GroupMember->new($broker, 'g', version => 9, protocols => [[range => 'metadata']]);
#     $member->join;                                  # both steps; the answer, of which the member remembers ids
#     $member->sync({ $member->id => 'everything' });  # the assignment
#     is($member->heartbeat, 'NONE', '...');
#
# Errors are named. join() and sync() are send_join() and joined(), send_sync() and synced(), for what waits for other members.
package GroupMember;

use strict;
use warnings;
use Exporter 'import';
use GroupRequests ();
use KafkaTest;
use KafkaWire::Errors;
use KafkaWire::Messages;

our @EXPORT = qw(gather stable_group sync_all);

# new($broker, $group, %options): `version` of JoinGroup, and of the other APIs as far as they have it; `client_id`; other options
# are fields of JoinGroup, with `protocols` as [[name => metadata], ...].
sub new {
    my ($class, $broker, $group, %with) = @_;
    my $version   = delete $with{version} // 9;
    my @client_id = exists $with{client_id} ? (client_id => delete $with{client_id}) : ();
    my $protocols = delete $with{protocols} // [[range => 'metadata']];
    return bless {
        group => $group, version => $version, client => $broker->connect(@client_id), broker => $broker, member_id => '', generation => -1,
        fields => { session_timeout_ms => 30_000, rebalance_timeout_ms => 60_000, %with }, protocols => $protocols,
    }, $class;
}

sub id         { return $_[0]{member_id} }
sub generation { return $_[0]{generation} }
sub client     { return $_[0]{client} }
sub instance   { return $_[0]{fields}{group_instance_id} }
sub leads      { return $_[0]{leader} eq $_[0]{member_id} }

# Another connection, and a member that knows its ids still.
sub reconnect {
    my ($self) = @_;
    $self->{client} = $self->{broker}->connect;
    delete $self->{waits};
    return $self;
}

# Forgets its ids, as a client does that is started anew.
sub forget {
    my ($self) = @_;
    @$self{qw(member_id generation)} = ('', -1);
    return $self;
}

# What it says of itself when it joins next.
sub set_protocols { my ($self, @protocols) = @_; $self->{protocols} = \@protocols; return }

sub _version {
    my ($self, $api) = @_;
    my $highest = KafkaWire::Messages::api($api)->{highest};
    return $self->{version} < $highest ? $self->{version} : $highest;
}

sub _ids {
    my ($self) = @_;
    my $instance = $self->instance;
    return (group_id => $self->{group}, member_id => $self->id, defined $instance ? (group_instance_id => $instance) : ());
}

# --- JoinGroup -------------------------------------------------------------------------------------

# One request, as it is: fields may be given.
sub join_request {
    my ($self, %fields) = @_;
    my @protocols = map { { name => $_->[0], metadata => $_->[1] } } @{ $self->{protocols} };
    return { $self->_ids, %{ $self->{fields} }, protocols => \@protocols, %fields };
}

# Asks for a member id, as dynamic members do since version 4.
sub ask_for_id {
    my ($self) = @_;
    my $answer = $self->{client}->call('JoinGroup', $self->{version}, $self->join_request);
    $self->{member_id} = $answer->{member_id} if error_name($answer->{error_code}) eq 'MEMBER_ID_REQUIRED';
    return $answer;
}

sub send_join {
    my ($self, %fields) = @_;
    $self->ask_for_id if $self->{version} >= 4 && $self->id eq '' && !defined $self->instance;
    $self->{client}->send_request('JoinGroup', $self->{version}, $self->join_request(%fields));
    $self->{waits} = 1;
    return;
}

# The answer; undef if the broker closed the connection.
sub joined {
    my ($self) = @_;
    my $answer = $self->{client}->receive // return undef;
    $self->{waits} = 0;
    @$self{qw(member_id generation leader protocol)} = @$answer{qw(member_id generation_id leader protocol_name)} if $answer->{error_code} == 0;
    $self->{seen} = $answer->{members} if $answer->{error_code} == 0;
    return $answer;
}

sub join {
    my ($self, %fields) = @_;
    $self->send_join(%fields);
    return $self->joined;
}

# --- SyncGroup -------------------------------------------------------------------------------------

# { member id => assignment, ... }
sub send_sync {
    my ($self, $assignments, %fields) = @_;
    $assignments //= {};
    my @assignments = map { { member_id => $_, assignment => $assignments->{$_} } } sort keys %$assignments;
    $self->{client}->send_request('SyncGroup', $self->_version('SyncGroup'), {
        $self->_ids, generation_id => $self->generation, protocol_type => $self->{fields}{protocol_type} // 'consumer',
        protocol_name => $self->{protocol}, assignments => \@assignments, %fields });
    return;
}

# The assignment, or the name of the error.
sub synced {
    my ($self) = @_;
    my $answer = $self->{client}->receive // return undef;
    return $answer->{error_code} == 0 ? $answer->{assignment} : error_name($answer->{error_code});
}

sub sync {
    my ($self, $assignments, %fields) = @_;
    $self->send_sync($assignments, %fields);
    return $self->synced;
}

# --- The rest --------------------------------------------------------------------------------------

sub heartbeat {
    my ($self, %fields) = @_;
    my $version = $self->_version('Heartbeat');
    return GroupRequests::heartbeat($self->{client}, $version, $self->{group}, $self->id, $self->generation, $self->_ids, %fields);
}

sub leave {
    my ($self) = @_;
    my %who = $self->_ids;
    delete $who{group_id};
    return GroupRequests::leave_group($self->{client}, $self->_version('LeaveGroup'), $self->{group}, [\%who]);
}

# The error, or those of several partitions.
sub commit {
    my ($self, $topic, $offsets, %fields) = @_;
    return GroupRequests::commit_offsets($self->{client}, 9, $self->{group}, $topic, $offsets, $self->_ids,
        generation_id_or_member_epoch => $self->generation, %fields);
}

# --- Several members -------------------------------------------------------------------------------

# Lets members come together in one generation, as clients do: whoever hears of a rebalance joins again, and whoever
# hears that it is no member begins anew.
sub gather {
    my (@members) = @_;
    $_->{waits} || $_->send_join for @members;
    wait_until(
        'all members are in one generation',
        sub {
            for my $member (@members) {
                if ($member->{waits}) {
                    $member->joined if $member->client->readable;
                    next;
                }
                my $told = $member->heartbeat;
                $member->forget    if $told eq 'UNKNOWN_MEMBER_ID';
                $member->send_join if $told ne 'NONE';
            }
            return !grep { $_->{waits} || $_->generation != $members[0]->generation } @members;
        });
    return;
}

# The leader assigns "part of <name>" to each: names are instance ids, or numbers in the order of the list. Returns the assignments
# that came back, in this order.
sub sync_all {
    my (@members) = @_;
    my %parts = map { $members[$_]->id => 'part of ' . ($members[$_]->instance // $_) } 0 .. $#members;
    $_->send_sync($_->leads ? \%parts : {}) for @members;
    return map { $_->synced } @members;
}

# A Stable group of $count members, of which the first leads. %options are those of new(), with `group_instance_ids` as a list.
sub stable_group {
    my ($broker, $group, $count, %with) = @_;
    my $instances = delete $with{group_instance_ids};
    my @members   = map { GroupMember->new($broker, $group, %with, $instances ? (group_instance_id => $instances->[$_]) : ()) } 0 .. $count - 1;
    $members[0]->join;
    gather(@members) if $count > 1;
    sync_all(@members);
    return @members;
}

1;
