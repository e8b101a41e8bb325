# A member of a group by the consumer protocol (KIP-848) on the wire: it sends heartbeats when the test says so, and remembers what
# it was told.
#
#     my $member = ConsumerMember->new($broker, 'readers', ['orders']);
#     $member->join;
#     ConsumerMember::settle($member, $other);    # heartbeats of all until nothing changes any more
#     is($member->assigned, 'orders-0 orders-1', ...);
package ConsumerMember;

use strict;
use warnings;
use Exporter 'import';
use GroupRequests ();
use KafkaWire::Errors;

our @EXPORT_OK = qw(settle);

my $made = 0;
my %name_of;    # topics by id, of all brokers

# new($broker, $group, \@topics, %fields): fields are what it says with its first heartbeat; besides `version` and `client_id`.
sub new {
    my ($class, $broker, $group, $topics, %fields) = @_;
    my @client_id = exists $fields{client_id} ? (client_id => delete $fields{client_id}) : ();
    my $self = bless {
        broker  => $broker,
        client  => $broker->connect(@client_id),
        group   => $group,
        id      => delete $fields{member_id} // 'member-' . $made++,
        version => delete $fields{version}   // 1,
        first   => { rebalance_timeout_ms => 60_000, topic_partitions => [], subscribed_topic_names => $topics, %fields },
        always  => { instance_id => $fields{instance_id} }
    }, $class;
    $self->{epoch}    = 0;
    $self->{assigned} = $self->{said} = [];
    return $self;
}

sub id    { return $_[0]{id}; }
sub epoch { return $_[0]{epoch}; }

# beat(%fields): one heartbeat with these fields. Returns the answer.
sub beat {
    my ($self, %fields) = @_;
    my $answer = $self->{client}->call('ConsumerGroupHeartbeat', $self->{version},
        { group_id => $self->{group}, member_id => $self->{id}, member_epoch => $self->{epoch}, %{ $self->{always} }, %fields });
    return $answer if $answer->{error_code} != 0;
    $self->{id}       = $answer->{member_id};
    $self->{epoch}    = $answer->{member_epoch};
    $self->{assigned} = $answer->{assignment}{topic_partitions} if $answer->{assignment};
    return $answer;
}

# What went wrong with a heartbeat, by its name in Kafka.
sub error_of { return error_name(beat(@_)->{error_code}); }

# The first heartbeat, or that of a member that was fenced and begins anew.
sub join {
    my ($self, %fields) = @_;
    $self->{said} = [];
    return $self->beat(%{ $self->{first} }, member_epoch => 0, %fields);
}

# A heartbeat as clients send it: whoever was assigned something says that this is what it has now. True if that was news.
sub work {
    my ($self) = @_;
    my $before = CORE::join ' ', $self->{epoch}, $self->assigned;
    my $news   = $self->assigned ne text_of($self->{said});
    $self->{said} = $self->{assigned};
    my $answer = $self->beat($news ? (topic_partitions => $self->{assigned}) : ());
    die "$self->{id}: " . error_name($answer->{error_code}) if $answer->{error_code} != 0;
    return $news || $before ne CORE::join ' ', $self->{epoch}, $self->assigned;
}

sub leave {
    my ($self, $epoch) = @_;
    return $self->error_of(member_epoch => $epoch // -1);
}

# The error of an OffsetCommit, or those of several partitions.
sub commit {
    my ($self, $topic, $offsets, %fields) = @_;
    return GroupRequests::commit_offsets($self->{client}, 9, $self->{group}, $topic, $offsets,
        member_id => $self->{id}, generation_id_or_member_epoch => $self->{epoch}, %fields);
}

# What it was assigned last, sorted: "orders-0 orders-1".
sub assigned { return text_of($_[0]{assigned}, $_[0]); }

sub text_of {
    my ($assigned, $self) = @_;
    my @partitions;
    for my $topic (@$assigned) {
        my $name = $name_of{ $topic->{topic_id} } //= $self->_name_of($topic->{topic_id});
        push @partitions, map { "$name-$_" } @{ $topic->{partitions} };
    }
    return CORE::join ' ', sort @partitions;
}

sub _name_of {
    my ($self, $id) = @_;
    return $self->{client}->call('Metadata', 12, { topics => [{ topic_id => $id, name => undef }] })->{topics}[0]{name};
}

# What a test may say that it owns: owned($topic, @partitions).
sub owned {
    my ($topic, @partitions) = @_;
    return [{ topic_id => $topic->{id}, partitions => \@partitions }];
}

# Heartbeats of all, one after the other, until nothing changes any more. Returns what each is assigned then.
sub settle {
    my (@members) = @_;
    for my $round (1 .. 100) {
        return map { $_->assigned } @members if !grep { $_ } map { $_->work } @members;
    }
    die 'the group does not settle';
}

1;
