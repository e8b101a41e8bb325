# OffsetFetch 1-10: what groups have committed, and that nothing was.
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

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $client = $broker->connect;
my $read   = $broker->create_topic('read',  num_partitions => 3);
my $other  = $broker->create_topic('other', num_partitions => 1);
$broker->wait_for_coordinators if !$broker->is_ours;
my $missing = { name => 'no-such-topic', id => '0123456789abcdef0123456789abcdef' };
my ($group, $second, $nowhere) = map { $broker->name($_) } qw(readers others nobody);
commit_offsets($client, 9, $group, $read, { 0 => { committed_offset => 5, committed_leader_epoch => 3, committed_metadata => 'm' }, 2 => 1 << 62 });
commit_offsets($client, 9, $group,  $other, { 0 => 9 });
commit_offsets($client, 9, $second, $other, { 0 => 1 });

my @of_plain = (-1, '', 'NONE');    # of a commit without leader epoch and metadata
my @nothing  = (-1, @of_plain);
my %of_other = (0 => [9, @of_plain]);

# What a version says of it: leader epochs since 5, topics by id since 10.
sub of_version {
    my ($version, %topics) = @_;
    my %ids = ($read->{name} => $read->{id}, $other->{name} => $other->{id}, $missing->{name} => $missing->{id});
    my %seen;
    for my $name (keys %topics) {
        my %partitions = map { $_ => [@{ $topics{$name}{$_} }] } keys %{ $topics{$name} };
        $version < 5 and $_->[1] = undef for values %partitions;
        $seen{ $version < 10 ? $name : $ids{$name} } = \%partitions;
    }
    return { error => 'NONE', topics => \%seen };
}

for my $version (1 .. 10) {
    my %of_read = (0 => [5, 3, 'm', 'NONE'], 2 => [1 << 62, -1, '', 'NONE']);
    my %of_missing = (0 => [@nothing[0 .. 2], $version < 10 ? 'NONE' : 'UNKNOWN_TOPIC_ID']);
    my @asked = ([$read, 0, 1, 2, 77], [$missing, 0]);
    is_deeply(fetch_group_offsets($client, $version, $group, \@asked),
        of_version($version, read_names(%of_read, 1 => \@nothing, 77 => \@nothing), $missing->{name} => \%of_missing),
        "v$version: what is asked for, also where there is nothing");
    is_deeply(fetch_group_offsets($client, $version, $nowhere, [[$read, 1]]), of_version($version, read_names(1 => \@nothing)),
        "v$version: no such group, nothing committed");
    is_deeply(fetch_group_offsets($client, $version, $group, []), of_version($version), "v$version: no topics");
    next if $version < 2;
    is_deeply(fetch_group_offsets($client, $version, $group, undef), of_version($version, read_names(%of_read), $other->{name} => \%of_other),
        "v$version: all that a group has");
    is_deeply(fetch_group_offsets($client, $version, $nowhere, undef), of_version($version), "v$version: all that no such group has");
    next if $version < 7;
    is_deeply(fetch_group_offsets($client, $version, $group, [[$other, 0]], require_stable => 1), of_version($version, $other->{name} => \%of_other),
        "v$version: only what is stable");
    next if $version < 8;
    my $several = fetch_offsets($client, $version, { $group => [[$read, 0]], $second => undef, $nowhere => undef });
    my %several = ($group => of_version($version, read_names(0 => [5, 3, 'm', 'NONE'])), $second => of_version($version, $other->{name} => { 0 => [1, @of_plain] }));
    is_deeply($several, { %several, $nowhere => of_version($version) },
        "v$version: several groups");
    is_deeply($client->call('OffsetFetch', $version, {})->{groups}, [], "v$version: no groups");
}

sub read_names { return ($read->{name} => {@_}) }

# Members of a classic group ask with or without their ids.
my ($member) = stable_group($broker, $group, 1);
for my $ids ({}, { member_id => $member->id, member_epoch => $member->generation }, { member_id => 'nobody', member_epoch => 99 }) {
    is_deeply(fetch_group_offsets($client, 9, $group, [[$other, 0]], member => $ids), of_version(9, $other->{name} => \%of_other),
        'a classic group shows its offsets to ' . ($ids->{member_id} // 'whoever asks'));
}

# Of a topic made anew under the same name nothing is committed.
is(offset_of($client, $second, $other), 1, 'committed for a topic');
delete_topics($client, 5, [$other->{name}]);
is($broker->is_ours ? offset_of($client, $second, $other) : -1, -1, 'is gone with it');
my $again = $broker->is_ours ? $broker->create_topic('other') : undef;
is(offset_of($client, $second, $again), -1, 'a topic of the same name begins with nothing committed') if $again;
is_deeply(fetch_group_offsets($client, 9, $group, undef)->{topics}, { read_names(0 => [5, 3, 'm', 'NONE'], 2 => [1 << 62, -1, '', 'NONE']) },
    'what is committed for others stays') if $again;
$broker->finish;
