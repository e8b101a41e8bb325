# ConsumerGroupHeartbeat 0-1 and ConsumerGroupDescribe 0-1 (KIP-848): joining, member epochs, static members, leaving, what is
# refused, and what the epochs mean for offsets. How partitions move between members: 144.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember 'settle';
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.group_consumer_max_size' => 3);
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 3);
my $orders = $topic->{name};
my $all    = join ' ', map { "$orders-$_" } 0 .. 2;
my $groups = 0;

sub group { return $broker->name('group-' . ++$groups); }

sub member {
    my ($group, %fields) = @_;
    return ConsumerMember->new($broker, $group, [$orders], %fields);
}

sub describe {
    my ($group, $version) = @_;
    return $client->call('ConsumerGroupDescribe', $version // 1, { group_ids => [$group] })->{groups}[0];
}

sub is_refused {
    my ($answer, $error, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    error_is($answer->{error_code}, $error, $test);
    ok(!defined $answer->{assignment} && length($answer->{error_message} // ''), "$test: says why, and assigns nothing");
    return;
}

# --- A member's life -----------------------------------------------------------------------------------

for my $version (0, 1) {
    my $group  = group();
    my $member = member($group, version => $version, $version == 0 ? (member_id => '') : ());
    my $answer = $member->join;
    error_is($answer->{error_code}, 'NONE', "v$version: a member joins");
    is($answer->{member_epoch},          1,    "v$version: in the group's first epoch");
    is($answer->{heartbeat_interval_ms}, 5000, "v$version: it is told how often to send heartbeats");
    is($member->assigned,                $all, "v$version: and what to consume");
    like($member->id, $version == 0 ? qr/^[\w-]{22,36}$/ : qr/^member-/, "v$version: its id is made by " . ($version == 0 ? 'the broker' : 'itself'));
    my $next = $member->beat;
    is_deeply([@$next{qw(error_code member_epoch assignment)}], [0, 1, undef], "v$version: a heartbeat brings no news");
    $next = $member->beat(rebalance_timeout_ms => 60_000, subscribed_topic_names => [$orders], topic_partitions => ConsumerMember::owned($topic, 0 .. 2));
    is(ConsumerMember::text_of($next->{assignment}{topic_partitions}), $all, "v$version: one that says everything is told everything");

    my $described = describe($group, $version);
    is_deeply([@$described{qw(error_code group_state group_epoch assignment_epoch assignor_name)}], [0, 'Stable', 1, 1, 'uniform'], "v$version: the group is described");
    my $shown = $described->{members}[0];
    is_deeply(
        [@$shown{qw(member_id member_epoch client_id client_host subscribed_topic_names subscribed_topic_regex)}],
        [$member->id, 1, 'perl-tests', '/127.0.0.1', [$orders], ''],
        "v$version: with its member"
    );
    is_deeply($shown->{$_}{topic_partitions}, [{ topic_id => $topic->{id}, topic_name => $orders, partitions => [0 .. 2] }], "v$version: $_") for qw(assignment target_assignment);
    is($shown->{member_type}, $version == 0 ? undef : 1, "v$version: its type");

    is($member->leave, 'NONE', "v$version: it leaves");
    is($member->error_of(member_epoch => 1), 'UNKNOWN_MEMBER_ID', "v$version: and is unknown from then on");
    $described = describe($group, $version);
    is_deeply([@$described{qw(group_state group_epoch members)}], ['Empty', 2, []], "v$version: the group is empty, in a new epoch");
    is($member->join->{member_epoch}, 3, "v$version: coming back is the next epoch");
}

# --- What is refused -----------------------------------------------------------------------------------

my @refused = (
    ['INVALID_REQUEST',      { group_id => '' },                  'no group id'],
    ['INVALID_REQUEST',      { member_id => '' },                 'no member id'],
    ['INVALID_REQUEST',      { instance_id => '' },               'an empty instance id'],
    ['INVALID_REQUEST',      { rack_id => '' },                   'an empty rack id'],
    ['INVALID_REQUEST',      { group_id => ' ' },                 'a blank group id'],
    ['INVALID_REQUEST',      { member_id => "\t" },               'a blank member id'],
    ['INVALID_REQUEST',      { instance_id => ' ' },              'a blank instance id'],
    ['INVALID_REQUEST',      { rack_id => '  ' },                 'a blank rack id'],
    ['INVALID_REQUEST',      { member_epoch => -3 },              'an epoch that means nothing'],
    ['INVALID_REQUEST',      { member_epoch => -2 },              'to leave for a while without an instance id'],
    ['INVALID_REQUEST',      { rebalance_timeout_ms => -1 },      'to join without a rebalance timeout'],
    ['INVALID_REQUEST',      { topic_partitions => undef },       'to join without a list of partitions'],
    ['INVALID_REQUEST',      { topic_partitions => ConsumerMember::owned($topic, 0) }, 'to join with partitions'],
    ['INVALID_REQUEST',      { subscribed_topic_names => undef }, 'to join without a subscription'],
    ['UNSUPPORTED_ASSIGNOR', { server_assignor => 'sticky' },     'an assignor that is not there'],
    ['UNSUPPORTED_ASSIGNOR', { server_assignor => '' },           'an assignor without a name'],
    ['INVALID_REGULAR_EXPRESSION', { subscribed_topic_regex => '[' }, 'a broken expression'],
    ['GROUP_ID_NOT_FOUND',   { member_epoch => 1 },               'a heartbeat to no group'],
);
for my $case (@refused) {
    my ($error, $fields, $what) = @$case;
    my $group = group();
    is_refused(member($group)->join(%$fields), $error, $what);
    is(describe($group)->{group_state}, '', "$what: makes no group") if !exists $fields->{group_id};
}
error_is($client->call('ConsumerGroupDescribe', 1, { group_ids => [''] })->{groups}[0]{error_code}, 'INVALID_GROUP_ID', 'no group has an empty id');
error_is(describe('nobody')->{error_code}, 'GROUP_ID_NOT_FOUND', 'a group that is not there is not described');

# --- Epochs --------------------------------------------------------------------------------------------

my $group = group();
my ($one, $two) = map { member($group) } 1, 2;
$_->join for $one, $two;
settle($one, $two);
my $epoch = $one->epoch;
is($two->epoch, $epoch, 'members are in the same epoch when the group has settled');
is($one->error_of(member_id => 'stranger'), 'UNKNOWN_MEMBER_ID', 'a heartbeat of a stranger');
is($one->error_of(member_epoch => $epoch + 1), 'FENCED_MEMBER_EPOCH', 'of a member with an epoch to come');
is($one->error_of(member_epoch => $epoch - 1), 'FENCED_MEMBER_EPOCH', 'with the epoch before, without saying what it has');
is($one->error_of(member_epoch => $epoch - 1, topic_partitions => ConsumerMember::owned($topic, 0 .. 2)), 'FENCED_MEMBER_EPOCH', 'or with more than it has');
my $answer = $one->beat(member_epoch => $epoch - 1, topic_partitions => []);
is_deeply([@$answer{qw(error_code member_epoch)}], [0, $epoch], 'with that epoch and less than it has: the answer was lost, so it gets it again');
my $kept = $one->assigned;
is($one->join->{member_epoch}, $epoch, 'who joins again stays in its epoch');
is($one->assigned, $kept, 'with its partitions');

my $third = member($group);
$third->join;
is(member($group)->error_of(%{ $third->{first} }), 'GROUP_MAX_SIZE_REACHED', 'a full group takes nobody');
is($third->error_of, 'NONE', 'and goes on');

# --- Offsets and epochs --------------------------------------------------------------------------------

sub commit {
    my ($version, $group_id, $member_id, $member_epoch) = @_;
    return commit_offsets($client, $version, $group_id, $topic, { 0 => 7 }, member_id => $member_id, generation_id_or_member_epoch => $member_epoch);
}

sub fetched {
    my ($version, $group_id, $member_id, $member_epoch) = @_;
    my $found = fetch_group_offsets($client, $version, $group_id, [[$topic, 0]], member => { member_id => $member_id, member_epoch => $member_epoch });
    return $found->{error} eq 'NONE' ? $found->{topics}{ $version < 10 ? $orders : $topic->{id} }{0}[0] : $found->{error};
}

settle($one, $two, $third);
$epoch = $one->epoch;
for my $version (9, 10) {
    is(commit($version, $group, $one->id,   $epoch),     'NONE',               "v$version: a member commits with its epoch");
    is(commit($version, $group, $one->id,   $epoch - 1), 'STALE_MEMBER_EPOCH', "v$version: with another epoch it does not");
    is(commit($version, $group, 'stranger', $epoch),     'UNKNOWN_MEMBER_ID',  "v$version: nor does a stranger");
    is(commit($version, $group, '',         -1),         'UNKNOWN_MEMBER_ID',  "v$version: nor a tool, while there are members");
    is(fetched($version, $group, $one->id,   $epoch),     7,                    "v$version: a member fetches with its epoch");
    is(fetched($version, $group, $one->id,   $epoch - 1), 'STALE_MEMBER_EPOCH', "v$version: with another it does not");
    is(fetched($version, $group, 'stranger', $epoch),     'UNKNOWN_MEMBER_ID',  "v$version: nor does a stranger");
    is(fetched($version, $group, undef,      -1),         7,                    "v$version: a tool does");
}
is(commit($_, $group, $one->id, $epoch), 'UNSUPPORTED_VERSION', "v$_ knows no member epochs") for 2 .. 8;
$_->leave for $one, $two, $third;
is(commit(9, $group, '', -1), 'NONE', 'without members a tool commits');

# --- Static members ------------------------------------------------------------------------------------

$group = group();
my %static = (instance_id => 'i');
my $first  = member($group, %static);
$first->join;
my $second = member($group, %static);
is_refused($second->join, 'UNRELEASED_INSTANCE_ID', 'an instance id that is in use');
is($second->error_of(member_epoch => $_), 'FENCED_INSTANCE_ID', "heartbeat $_ of somebody else with that instance id") for 1, -1, -2;
is($first->error_of(instance_id => 'j', member_epoch => $_), 'UNKNOWN_MEMBER_ID', "heartbeat $_ with an instance id that is not there") for 1, -1;
$answer = $first->beat(member_epoch => -2);
is_deeply([@$answer{qw(error_code member_epoch)}], [0, -2], 'it leaves for a while');
is(describe($group)->{members}[0]{member_epoch}, -2, 'and keeps its place');
my $other = member($group);
$other->join;
settle($other);
$answer = $second->join;
error_is($answer->{error_code}, 'NONE', 'it comes back under a new member id');
is($first->error_of(member_epoch => $second->epoch), 'FENCED_INSTANCE_ID', 'the old one is fenced');
settle($second, $other);
is_deeply([sort map { $_->{member_id} } @{ describe($group)->{members} }], [sort $second->id, $other->id], 'the old one is gone');
is($second->leave, 'NONE', 'it leaves for good');
is((settle($other))[0], $all, 'and another member gets what it had');

# --- The group can be told apart -----------------------------------------------------------------------

my ($listed) = grep { $_->{group_id} eq $group } @{ $client->call('ListGroups', 5, { types_filter => ['consumer'] })->{groups} };
is_deeply([@$listed{qw(protocol_type group_state group_type)}], ['consumer', 'Stable', 'consumer'], 'ListGroups shows its type');
error_is($client->call('DescribeGroups', 6, { groups => [$group] })->{groups}[0]{error_code}, 'GROUP_ID_NOT_FOUND', 'DescribeGroups is not for it');
error_is($client->call('DeleteGroups',   2, { groups_names => [$group] })->{results}[0]{error_code}, 'NON_EMPTY_GROUP', 'it cannot be deleted');
$other->leave;
error_is($client->call('DeleteGroups',   2, { groups_names => [$group] })->{results}[0]{error_code}, 'NONE', 'until it is empty');
error_is(describe($group)->{error_code}, 'GROUP_ID_NOT_FOUND', 'then it is gone');
is($other->error_of(member_epoch => 1), 'GROUP_ID_NOT_FOUND', 'for its members, too');

$broker->finish;
