# OffsetDelete 0: what was committed is forgotten, unless members consume it (KIP-496).
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
my ($read, $unread) = map { $broker->create_topic($_, num_partitions => 2) } qw(read unread);
my $missing = { name => 'no-such-topic' };
$broker->wait_for_coordinators if !$broker->is_ours;

sub commit_all {
    my ($group, %by) = @_;
    commit_offsets($client, 8, $group, $_, { 0 => 5, 1 => 6 }, %by) for $read, $unread;
    return;
}
sub offsets { my ($group) = @_; return join ' ', map { my $topic = $_; map { offset_of($client, $group, $topic, $_) } 0, 1 } $read, $unread }

is(delete_offsets($client, $_->[0], $read, 0), $_->[1], "$_->[1]") for ['', 'INVALID_GROUP_ID'], [$broker->name('nowhere'), 'GROUP_ID_NOT_FOUND'];

my $simple = $broker->name('simple');
commit_all($simple);
is_deeply(delete_offsets($client, $simple, $read, 0, 7, -1), { 0 => 'NONE', 7 => 'UNKNOWN_TOPIC_OR_PARTITION', -1 => 'UNKNOWN_TOPIC_OR_PARTITION' },
    'each partition has its own error');
is_deeply(delete_offsets($client, $simple, $missing, 0), { 0 => 'UNKNOWN_TOPIC_OR_PARTITION' }, 'no such topic');
is(offsets($simple), '-1 6 5 6', 'only what was named is gone');
is_deeply(delete_offsets($client, $simple, $read, 0), { 0 => 'NONE' }, 'it may be deleted again');

my $group = $broker->name('group');
my ($member, $follower) = stable_group($broker, $group, 2, protocols => [[range => subscription([$read->{name}])]]);
commit_all($group, member_id => $member->id, generation_id_or_member_epoch => $member->generation);
is_deeply(delete_offsets($client, $group, $read, 0, 1), { 0 => 'GROUP_SUBSCRIBED_TO_TOPIC', 1 => 'GROUP_SUBSCRIBED_TO_TOPIC' },
    'not while members subscribe to the topic');
is_deeply(delete_offsets($client, $group, $unread, 0), { 0 => 'NONE' }, 'they do not to another');
is(offsets($group), '5 6 -1 6', 'which says what is gone');
$_->leave for $member, $follower;
is_deeply(delete_offsets($client, $group, $read, 0), { 0 => 'NONE' }, 'without members all may go');
is(offsets($group), '-1 6 -1 6', 'and does');

my $odd = $broker->name('odd');
($member) = stable_group($broker, $odd, 1, protocols => [[range => 'not a subscription']]);
commit_all($odd, member_id => $member->id, generation_id_or_member_epoch => $member->generation);
is_deeply(delete_offsets($client, $odd, $unread, 0), { 0 => 'GROUP_SUBSCRIBED_TO_TOPIC' },
    'what members subscribe to is everything, where they do not say it in a known way') if $broker->is_ours;

my $workers = $broker->name('workers');
($member) = stable_group($broker, $workers, 1, protocol_type => 'connect');
commit_all($workers, member_id => $member->id, generation_id_or_member_epoch => $member->generation);
is(delete_offsets($client, $workers, $read, 0), 'NON_EMPTY_GROUP', 'of a group of another protocol type nothing, while there are members');
is(offsets($workers), '5 6 5 6', 'and nothing is gone');
$broker->finish;
