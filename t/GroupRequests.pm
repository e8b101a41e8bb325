# The requests of consumer groups that many tests need, each as one function that takes a client (KafkaWire), the version
# and what is asked, and says what comes back in the same shape for all versions. Errors are named.
package GroupRequests;

use strict;
use warnings;
use Exporter 'import';
use KafkaWire::Errors;

our @EXPORT = qw(assigned_partitions assignment commit_offsets commit_request delete_groups delete_offsets describe_group fetch_group_offsets
    fetch_offsets heartbeat leave_group list_groups offset_of subscription);

# What one group is asked to store: { partition => offset or { committed_offset => ..., ... }, ... } of one topic.
sub _commit_topic {
    my ($topic, $offsets) = @_;
    my @partitions = map { { partition_index => $_, ref $offsets->{$_} ? %{ $offsets->{$_} } : (committed_offset => $offsets->{$_}) } }
        sort { $a <=> $b } keys %$offsets;
    return { name => $topic->{name}, topic_id => $topic->{id} // '0' x 32, partitions => \@partitions };
}

# The OffsetCommit request for that.
sub commit_request {
    my ($group, $topic, $offsets, %request) = @_;
    return { group_id => $group, topics => [_commit_topic($topic, $offsets)], %request };
}

# commit_offsets($client, $version, $group, $topic, \%offsets, %request): the error of each partition, by its number; with one
# partition, just its error. undef if the broker closed the connection.
sub commit_offsets {
    my ($client, $version, $group, $topic, $offsets, %request) = @_;
    my $answer = $client->call('OffsetCommit', $version, commit_request($group, $topic, $offsets, %request)) // return undef;
    my $partitions = $answer->{topics}[0]{partitions};
    return error_name($partitions->[0]{error_code}) if @$partitions == 1;
    return { map { $_->{partition_index} => error_name($_->{error_code}) } @$partitions };
}

# What a group has committed: { error => ..., topics => { name or id => { partition => [offset, leader epoch, metadata, error] } } }.
# Versions without leader epochs say undef. Since version 10 topics are shown by their ids.
sub _fetched_group {
    my ($group) = @_;
    my %topics;
    for my $topic (@{ $group->{topics} }) {
        $topics{ $topic->{name} // $topic->{topic_id} } = {
            map { $_->{partition_index} =>
                    [@$_{qw(committed_offset committed_leader_epoch metadata)}, error_name($_->{error_code})] } @{ $topic->{partitions} }
        };
    }
    return { error => error_name($group->{error_code} // 0), topics => \%topics };
}

# fetch_offsets($client, $version, { group => [[topic, partitions...], ...] or undef for all, ... }, %request): by group what
# was committed. Before version 8 there is one group only.
sub fetch_offsets {
    my ($client, $version, $groups, %request) = @_;
    my @asked;
    for my $id (sort keys %$groups) {
        my @topics = map { my ($topic, @partitions) = @$_;
            { name => $topic->{name}, topic_id => $topic->{id}, partition_indexes => \@partitions } } @{ $groups->{$id} // [] };
        push @asked, { group_id => $id, topics => $groups->{$id} && \@topics };
    }
    if ($version < 8) {
        my $answer = $client->call('OffsetFetch', $version, { %{ $asked[0] }, %request });
        return { $asked[0]{group_id} => _fetched_group($answer) };
    }
    my $member = delete $request{member} // {};
    my $answer = $client->call('OffsetFetch', $version, { groups => [map { { %$_, %$member } } @asked], %request });
    return { map { $_->{group_id} => _fetched_group($_) } @{ $answer->{groups} } };
}

# The same for one group.
sub fetch_group_offsets {
    my ($client, $version, $group, $topics, %request) = @_;
    return fetch_offsets($client, $version, { $group => $topics }, %request)->{$group};
}

# Just the offset that a group has committed for one partition of a topic; -1: none. Or the error of the group.
sub offset_of {
    my ($client, $group, $topic, $partition) = @_;
    my $fetched = fetch_group_offsets($client, 8, $group, [[$topic, $partition // 0]]);
    return $fetched->{error} eq 'NONE' ? $fetched->{topics}{ $topic->{name} }{ $partition // 0 }[0] : $fetched->{error};
}

# The error of the group, or, by partition, those of one topic's.
sub delete_offsets {
    my ($client, $group, $topic, @partitions) = @_;
    my $answer = $client->call('OffsetDelete', 0,
        { group_id => $group, topics => [{ name => $topic->{name}, partitions => [map { { partition_index => $_ } } @partitions] }] });
    return error_name($answer->{error_code}) if $answer->{error_code} != 0;
    return { map { $_->{partition_index} => error_name($_->{error_code}) } @{ $answer->{topics}[0]{partitions} } };
}

sub heartbeat {
    my ($client, $version, $group, $member_id, $generation, %request) = @_;
    my $answer = $client->call('Heartbeat', $version, { group_id => $group, member_id => $member_id, generation_id => $generation, %request });
    return error_name($answer->{error_code});
}

# leave_group($client, $version, $group, \@members): a member is its id, or a hash of fields. The error of the whole request if it
# has one, else those of its members in order; before version 3 there is one member and one error.
sub leave_group {
    my ($client, $version, $group, $members) = @_;
    my @members = map { ref $_ ? $_ : { member_id => $_ } } @$members;
    my $answer = $client->call('LeaveGroup', $version, { group_id => $group, member_id => @members ? $members[0]{member_id} : '', members => \@members });
    return error_name($answer->{error_code}) if $version < 3 || $answer->{error_code} != 0;
    return join ' ', map { error_name($_->{error_code}) } @{ $answer->{members} };
}

# The one group of the answer.
sub describe_group {
    my ($client, $version, $group) = @_;
    return $client->call('DescribeGroups', $version, { groups => [$group] })->{groups}[0];
}

# Groups by id, or those of them whose id matches the pattern: "protocol type/state/type", of which old versions lack the latter.
sub list_groups {
    my ($client, $version, $pattern, %request) = @_;
    my $answer = $client->call('ListGroups', $version, \%request);
    die 'ListGroups: ' . error_name($answer->{error_code}) if $answer->{error_code} != 0;
    return { map { $_->{group_id} => join '/', map { $_ // '' } @$_{qw(protocol_type group_state group_type)} }
            grep { $_->{group_id} =~ $pattern } @{ $answer->{groups} } };
}

# By group id its error.
sub delete_groups {
    my ($client, $version, @groups) = @_;
    my $answer = $client->call('DeleteGroups', $version, { groups_names => \@groups });
    return { map { $_->{group_id} => error_name($_->{error_code}) } @{ $answer->{results} } };
}

# --- What consumers of the classic protocol write ----------------------------------------------------

sub _topic_partitions {
    my ($partitions) = @_;
    return pack('l>', scalar keys %$partitions) . join '', map { pack 's>/a* l> l>*', $_, scalar @{ $partitions->{$_} }, @{ $partitions->{$_} } } sort keys %$partitions;
}

# subscription(\@names, \%owned): the topics that a consumer reads and, since version 1, the partitions that it has: { name => [partitions] }.
sub subscription {
    my ($names, $owned) = @_;
    my $bytes = pack('s> l>', $owned ? 1 : 0, scalar @$names) . join('', map { pack 's>/a*', $_ } @$names) . pack 'l>', -1;
    return $owned ? $bytes . _topic_partitions($owned) : $bytes;
}

# assignment(name => [partitions], ...): what the leader has a consumer read.
sub assignment { return pack('s>', 1) . _topic_partitions({@_}) . pack 'l>', -1 }

# The partitions of an assignment, sorted: "orders-0 orders-1".
sub assigned_partitions {
    my ($assignment) = @_;
    return '' if $assignment eq '';
    my ($count, $rest) = unpack 'x2 l> a*', $assignment;
    my @partitions;
    for (1 .. $count) {
        (my $name, $rest) = unpack 's>/a* a*', $rest;
        my @indices = unpack 'l>/l>', $rest;
        $rest = substr $rest, 4 * (1 + @indices);
        push @partitions, map { "$name-$_" } @indices;
    }
    return join ' ', sort @partitions;
}

1;
