# What groups by the consumer protocol (KIP-848) do when topics come, grow and go, and subscriptions by regular expression.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use ConsumerMember 'settle';
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'adds partitions by SQL';
my $client = $broker->connect;

sub group_epoch {
    my ($group) = @_;
    return $client->call('ConsumerGroupDescribe', 1, { group_ids => [$group] })->{groups}[0]{group_epoch};
}

# --- By name -------------------------------------------------------------------------------------------

my $member = ConsumerMember->new($broker, 'by name', ['first', 'second']);
$member->join;
is($member->assigned, '', 'nothing is there yet');
is($member->epoch, 1, 'in the first epoch');
my $first = $broker->create_topic('first', num_partitions => 2);
is((settle($member))[0], 'first-0 first-1', 'a topic comes');
is($member->epoch, 2, 'with a new epoch');
$broker->create_topic('unrelated', num_partitions => 2);
settle($member);
is($member->epoch, 2, 'a topic that it does not subscribe to brings none');

$server->sql(q{INSERT INTO kafka.partition (topic_id, partition) SELECT id, 2 FROM kafka.topic WHERE name = 'first'});
wait_until('a partition is added', sub { (settle($member))[0] eq 'first-0 first-1 first-2' });
is($member->epoch, 3, 'with a new epoch');

my $other = ConsumerMember->new($broker, 'by name', ['first', 'second']);
$other->join;
settle($member, $other);
produce_values($client, $first, 'x');
is($member->commit($first, { 0 => 1 }), 'NONE', 'a member commits');
is($server->sql('SELECT count(*) FROM kafka.consumer_offset'), 1, 'an offset is stored');
delete_topics($client, 6, ['first']);
is_deeply([settle($member, $other)], ['', ''], 'the topic goes, and nobody has any of it');
wait_until('nor is there an offset', sub { $server->sql('SELECT count(*) FROM kafka.consumer_offset') == 0 });
$broker->create_topic('first', num_partitions => 1);
is(join('', settle($member, $other)), 'first-0', 'a topic of the same name comes: its partition has one owner');
is(group_epoch('by name'), $member->epoch, 'in the epoch of the group');
$broker->create_topic('second', num_partitions => 1);
is_deeply([sort(settle($member, $other))], ['first-0', 'second-0'], 'each has one of two topics');

# --- By regular expression -------------------------------------------------------------------------------

my %matched = (
    'first'          => 'first-0',
    'f.*'            => 'first-0',
    'irs'            => '',
    '.*s.*'          => 'first-0 second-0',
    '(?i)FIRST'      => 'first-0',
    'first|second'   => 'first-0 second-0',
    '[a-f]{1}\w+'    => 'first-0',
    'no such topic'  => '',
    '^second$'       => 'second-0',
    '\Qfirst\E'      => 'first-0',
    '(?P<n>se)c+ond' => 'second-0',
);
for my $expression (sort keys %matched) {
    my $by_regex = ConsumerMember->new($broker, "by $expression", undef, subscribed_topic_regex => $expression);
    $by_regex->join;
    is((settle($by_regex))[0], $matched{$expression}, "what $expression matches");
    my $shown = $client->call('ConsumerGroupDescribe', 1, { group_ids => ["by $expression"] })->{groups}[0]{members}[0];
    is($shown->{subscribed_topic_regex}, $expression, "$expression is shown");
    $by_regex->leave;
}
for my $expression ('(', '[', '*', 'a**', '(?=x)', '(?<!x)', '(a)\1', 'a++', 'x{2,1}', '[b-a]', '\8') {
    my $refused = ConsumerMember->new($broker, 'refused', undef, subscribed_topic_regex => $expression);
    is($refused->error_of(%{ $refused->{first} }), 'INVALID_REGULAR_EXPRESSION', "$expression is refused");
}

my $by_both = ConsumerMember->new($broker, 'by both', ['unrelated'], subscribed_topic_regex => 'f.*');
$by_both->join;
is((settle($by_both))[0], 'first-0 unrelated-0 unrelated-1', 'a name and an expression together');
$broker->create_topic('fourth', num_partitions => 1);
is((settle($by_both))[0], 'first-0 fourth-0 unrelated-0 unrelated-1', 'a topic comes that the expression matches');
$by_both->beat(subscribed_topic_regex => '');
is((settle($by_both))[0], 'unrelated-0 unrelated-1', 'the expression is taken back');
$by_both->beat(subscribed_topic_names => [], subscribed_topic_regex => 's.*');
is((settle($by_both))[0], 'second-0', 'another expression instead of the name');
is($by_both->error_of(subscribed_topic_regex => '('), 'INVALID_REGULAR_EXPRESSION', 'a broken one is refused');
is((settle($by_both))[0], 'second-0', 'and changes nothing');
delete_topics($client, 6, ['second']);
is((settle($by_both))[0], '', 'a topic goes');

# --- While nobody is heard of ------------------------------------------------------------------------------

$server->node->stop;
$server->node->start;
$server->wait_for_port;
$server->sql(q{SELECT kafka.create_topic('secret', 1)});
$_->{client} = $broker->connect for $by_both, $member, $other;
is((settle($by_both))[0], 'secret-0', 'after a restart, too, expressions find new topics');
is_deeply([sort(settle($member, $other))], ['', 'first-0'], 'and what is gone is given to nobody');

$broker->finish;
