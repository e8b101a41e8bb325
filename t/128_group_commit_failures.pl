# A turn that cannot be written leaves groups as their tables say, and whoever asked is told to try again.
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
my $server = $broker->server or plan skip_all => 'lets statements of our own server fail';
my $client = $broker->connect;
my $topic  = $broker->create_topic('read', num_partitions => 2);
$server->expect_in_log(qr/pg_kafka could not/, qr/canceling statement due to lock timeout/);
my $again = 'NOT_COORDINATOR';    # for clients: try again
$server->sql(q{CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'kept'; END$$});

# While this runs no row of the table can be written, or deleted. Any error will do; a full disk is one of them.
sub without_writing {
    my ($table, $body) = @_;
    $server->sql("ALTER TABLE kafka.$table ADD CONSTRAINT full_disk CHECK (false) NOT VALID");
    $body->();
    $server->sql("ALTER TABLE kafka.$table DROP CONSTRAINT full_disk");
    return;
}

sub without_deleting {
    my ($table, $body) = @_;
    $server->sql("CREATE TRIGGER kept BEFORE DELETE ON kafka.$table FOR EACH ROW EXECUTE FUNCTION kept()");
    $body->();
    $server->sql("DROP TRIGGER kept ON kafka.$table");
    return;
}

# What the broker says of a group is what the tables say.
sub as_stored {
    my ($group, $test) = @_;
    my $described = describe_group($client, 5, $group);
    my $members   = join ',', sort map { $_->{member_id} . '=' . $_->{member_assignment} } @{ $described->{members} };
    my $offsets   = join ',', map { offset_of($client, $group, $topic, $_) } 0, 1;
    my ($exists, $stored, $committed) = split /\|/, $server->sql(qq{SELECT
        (SELECT count(*) FROM kafka.consumer_group WHERE group_id = '$group'),
        (SELECT string_agg(member_id || '=' || convert_from(assignment, 'UTF8'), ',' ORDER BY member_id COLLATE "C")
            FROM kafka.group_member WHERE group_id = '$group'),
        (SELECT string_agg(coalesce(committed_offset, -1)::text, ',' ORDER BY p) FROM generate_series(0, 1) p
            LEFT JOIN kafka.consumer_offset ON partition = p AND group_id = '$group' AND topic_id = '$topic->{id}')}), -1;
    is($members, $stored, "$test: the members are those of the tables, with their assignments");
    is($offsets, $committed, "$test: so are the offsets");
    is($described->{group_state} ne 'Dead' ? 1 : 0, $exists, "$test: and the group itself");
    return;
}

# --- Commits -------------------------------------------------------------------------------------------

my ($leader, $follower) = my @members = stable_group($broker, 'readers', 2);
is($leader->commit($topic, { 0 => 5 }), 'NONE', 'a first commit');
without_writing(consumer_offset => sub {
    is_deeply($leader->commit($topic, { 0 => 6, 1 => 6 }), { 0 => $again, 1 => $again }, 'a commit that cannot be stored is refused');
    as_stored('readers', 'a commit');
    is_deeply([map { $_->heartbeat } @members], ['NONE', 'NONE'], 'a commit: the members go on');
    is(commit_offsets($client, 9, 'new', $topic, { 0 => 1 }), $again, 'also of a group that does not exist yet');
    as_stored('new', 'a new group');
});
is($leader->commit($topic, { 0 => 7 }), 'NONE', 'afterwards it is stored');
as_stored('readers', 'afterwards');
is(commit_offsets($client, 9, 'new', $topic, { 0 => 1 }), 'NONE', 'as is that of the new group');
as_stored('new', 'afterwards');

# Commits that share a turn with records that cannot be stored fail with them; others do not. The tables decide.
produce_values($client, $topic, 'x');
my @clients = map { $broker->connect } 1 .. 40;
without_writing('segment_' . $server->sql('SELECT max(id) FROM kafka.segment') => sub {
    for my $i (0 .. $#clients) {
        my ($api, $version, $request) = $i % 2
            ? ('OffsetCommit', 9, commit_request('new', $topic, { 0 => $i }))
            : ('Produce', 9, { topic_data => [{ name => $topic->{name}, partition_data => [{ index => 0, records => batch_of('y') }] }] });
        $clients[$i]->send_request($api, $version, $request);
    }
    my @answers = map { $_->receive } @clients;
    my %codes = map { error_name($_->{topics}[0]{partitions}[0]{error_code}) => 1 } @answers[grep { $_ % 2 } 0 .. $#answers];
    is_deeply([grep { !/^(?:NONE|$again)$/ } keys %codes], [], 'commits beside records that cannot be stored are stored, or refused');
});
as_stored('new', 'beside records');

without_deleting(consumer_offset => sub {
    is(delete_offsets($client, 'new', $topic, 0), $again, 'offsets that cannot be deleted');
    as_stored('new', 'their deletion');
    is_deeply(delete_groups($client, 2, 'new', 'none'), { new => $again, none => $again }, 'nor can their group');
    as_stored('new', 'its deletion');
});
is_deeply(delete_groups($client, 2, 'new'), { new => 'NONE' }, 'afterwards it can');
as_stored('new', 'afterwards');

# --- Generations -----------------------------------------------------------------------------------------

for my $table (qw(consumer_group group_member)) {
    my $group = "stored in $table";
    my ($leader, $follower) = my @pair = stable_group($broker, $group, 2);
    my $before = $leader->generation;
    $follower->set_protocols([range => 'changed']);
    $leader->send_join;
    gather(@pair);
    without_writing($table => sub {
        $follower->send_sync;
        is($leader->heartbeat, 'NONE', "$table: the follower waits for its assignment");
        is($leader->sync({ $leader->id => 'new', $follower->id => 'new' }), $again, "$table: an assignment that cannot be stored is refused");
        is($follower->synced, $again, "$table: and not handed out");
        as_stored($group, "$table: an assignment");
        is_deeply([map { $_->heartbeat } @pair], [('ILLEGAL_GENERATION') x 2], "$table: the generation is not begun");
        is(heartbeat($client, 4, $group, $leader->id, $before), 'NONE', "$table: the one before is present");
    });
    $leader->send_join;
    gather(@pair);
    is_deeply([sync_all(@pair)], ['part of 0', 'part of 1'], "$table: afterwards all have their parts");
    as_stored($group, "$table: afterwards");

    $follower->leave;
    gather($leader);
    sync_all($leader);
    without_writing(consumer_group => sub {
        is($leader->leave, $again, "$table: the last member cannot leave");
        as_stored($group, "$table: its departure");
    });
    is($leader->leave, 'NONE', "$table: afterwards it can");
    as_stored($group, "$table: afterwards");
    is(describe_group($client, 5, $group)->{group_state}, 'Empty', "$table: and the group is empty");
}

# A static member that comes back is stored with its new id.
my ($static) = stable_group($broker, 'static', 1, group_instance_ids => ['one']);
my $back = GroupMember->new($broker, 'static', group_instance_id => 'one');
without_writing(group_member => sub {
    is(error_name($back->join->{error_code}), $again, 'a static member comes back, which cannot be stored');
    is($static->heartbeat, 'NONE', 'the one before is not fenced');
    as_stored('static', 'its return');
});
is($back->join->{error_code}, 0, 'afterwards it comes back');
is($back->sync, 'part of one', 'to its assignment');
is($static->heartbeat, 'FENCED_INSTANCE_ID', 'and fences it');
as_stored('static', 'afterwards');

# --- Whoever waits ------------------------------------------------------------------------------------------

# A commit of another member fails while members join: those that wait do not wait for ever.
my ($head, $reader) = stable_group($broker, 'waiting', 2);
my $newcomer = GroupMember->new($broker, 'waiting');
$newcomer->send_join;
wait_until('a rebalance', sub { $head->heartbeat eq 'REBALANCE_IN_PROGRESS' });
without_writing(consumer_offset => sub { is($reader->commit($topic, { 0 => 1 }), $again, 'a commit fails while members join') });
my $answer = $newcomer->joined;
is(error_name($answer->{error_code}), $again, 'who waits is told to try again');
is($answer->{protocol_name}, undef, 'in the shape of its version');
as_stored('waiting', 'what was not complete');
$newcomer->forget->send_join;
gather($head, $reader, $newcomer);
is_deeply([sync_all($head, $reader, $newcomer)], ['part of 0', 'part of 1', 'part of 2'], 'and then all have their parts');

# --- A user's lock -------------------------------------------------------------------------------------------

# Nobody waits for the lock to read what it has, however many ask.
my @crowd   = stable_group($broker, 'crowd', 30);
my $session = $server->node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE kafka.consumer_offset, kafka.consumer_group, kafka.group_member');
is($crowd[0]->commit($topic, { 0 => 1 }), $again, "a commit during a user's lock is refused");
my $began = time;
for my $member (@crowd) {
    $member->client->send_request('Heartbeat', 4, { group_id => 'crowd', member_id => $member->id, generation_id => $member->generation });
}
my %answers;
$answers{ error_name($_->client->receive->{error_code}) }++ for @crowd;
is_deeply(\%answers, { COORDINATOR_LOAD_IN_PROGRESS => 30 }, 'what cannot be read is not known');
cmp_ok(time - $began, '<', 10, 'which all members hear soon');
$session->query_safe('COMMIT');
$session->quit;
wait_until('groups are read', sub { $crowd[0]->heartbeat ne 'COORDINATOR_LOAD_IN_PROGRESS' });
is_deeply([map { $_->heartbeat } @crowd], [('NONE') x 30], 'with the end of the lock all go on');
is($crowd[0]->commit($topic, { 0 => 1 }), 'NONE', 'and commit');
as_stored('crowd', 'after the lock');
$broker->finish;
