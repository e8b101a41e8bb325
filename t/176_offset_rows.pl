# The table of committed offsets belongs to the user, too: triggers, columns, constraints and locks of his own. What is committed
# over and over again takes a short way into the table, which leaves to the long one whatever it would not heed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'alters tables of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('orders', num_partitions => 2);
$server->expect_in_log(qr/pg_kafka could not store what consumer groups changed/);
my $again = 'NOT_COORDINATOR';    # for clients: try again
my $next  = 100;

sub commit { return commit_offsets($client, 8, 'g', $topic, { 0 => { committed_offset => $_[0], committed_metadata => $_[1] // '' } }) }

# The offsets of partition 0 by the table, by its other index, and by the broker.
sub stored {
    my $row = "FROM kafka.consumer_offset WHERE topic_id = '$topic->{id}' AND partition = 0";
    return join ' ', $server->sql("SET enable_seqscan = off; SELECT committed_offset $row AND group_id = 'g'"),
        $server->sql("SELECT string_agg(committed_offset::text, ',') $row"), offset_of($client, 'g', $topic);
}

sub is_stored {
    my ($test, @metadata) = @_;
    my $offset = $next++;
    is(commit($offset, @metadata), 'NONE', "$test: a commit");
    is(stored(), "$offset $offset $offset", "$test: is stored, once");
    return;
}

is_stored('the first');
is_stored('the second');
is_stored('a row that does not fit on its page', join '', map { chr(33 + $_ * 31 % 90) } 1 .. 4_000);
is_stored('and a small one again');
is_deeply(commit_offsets($client, 8, 'g', $topic, { 0 => $next, 1 => 7 }), { 0 => 'NONE', 1 => 'NONE' }, 'a known and a new partition at once');
is(stored(), join(' ', ($next++) x 3), 'both are stored');
is(offset_of($client, 'g', $topic, 1), 7, 'the new one, too');

$server->sql('VACUUM FULL kafka.consumer_offset');
is_stored('after the table was written anew');
$server->sql('REINDEX TABLE kafka.consumer_offset');
is_stored('and its indexes');

# --- Triggers -------------------------------------------------------------------------------------------

$server->sql(q{CREATE TABLE seen (old bigint, new bigint);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN INSERT INTO public.seen VALUES (old.committed_offset, new.committed_offset); RETURN new; END$$;
    CREATE TRIGGER see AFTER UPDATE ON kafka.consumer_offset FOR EACH ROW EXECUTE FUNCTION see()});
my $before = $next - 1;
is_stored('with a trigger');
is($server->sql('SELECT old, new FROM seen'), "$before|" . ($before + 1), 'the trigger sees it');
$server->sql('DROP TRIGGER see ON kafka.consumer_offset');
is_stored('without it');

$server->sql(q{CREATE TABLE told (rows bigint);
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.told SELECT count(*) FROM new_rows; RETURN NULL; END$$;
    CREATE TRIGGER tell AFTER UPDATE ON kafka.consumer_offset REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell()});
is_stored('with a trigger for each statement');
is($server->sql('SELECT sum(rows) FROM told'), 1, 'the trigger is told');
$server->sql(q{DROP TRIGGER tell ON kafka.consumer_offset;
    CREATE FUNCTION round_down() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN new.metadata = 'seen'; RETURN new; END$$;
    CREATE TRIGGER round_down BEFORE INSERT ON kafka.consumer_offset FOR EACH ROW EXECUTE FUNCTION round_down()});
is_stored('with a trigger before INSERT');
is($server->sql(q{SELECT metadata FROM kafka.consumer_offset WHERE group_id = 'g' AND partition = 0}), 'seen', 'which has its way');
$server->sql('DROP TRIGGER round_down ON kafka.consumer_offset');

# --- Other sessions ---------------------------------------------------------------------------------------

my $session = $server->node->background_psql('postgres');
$session->query_safe(q{BEGIN; SELECT 1 FROM kafka.consumer_offset WHERE group_id = 'g' FOR NO KEY UPDATE});
my $waiter = $broker->connect;
$waiter->send_request('OffsetCommit', 8, commit_request('g', $topic, { 0 => $next }));
wait_until('the broker waits for a row', sub {
    $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker' AND wait_event_type = 'Lock'}) });
$session->query_safe('COMMIT');
is($waiter->receive->{topics}[0]{partitions}[0]{error_code}, 0, 'a commit whose row another session has locked is stored afterwards');
is(stored(), join(' ', ($next++) x 3), 'as it should be');

# Who has one row and wants the next does not meet the broker there: it holds none while it waits.
$session->query_safe(q{BEGIN; SELECT 1 FROM kafka.consumer_offset WHERE group_id = 'g' AND partition = 0 FOR NO KEY UPDATE});
$waiter->send_request('OffsetCommit', 8, commit_request('g', $topic, { 0 => $next, 1 => 8 }));
wait_until('the broker waits for a row', sub {
    $server->sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_kafka broker' AND wait_event_type = 'Lock'}) });
is($session->query_safe(q{SELECT 1 FROM kafka.consumer_offset WHERE group_id = 'g' AND partition = 1 FOR NO KEY UPDATE NOWAIT}), 1,
    'the broker waits for the first row without having the second');
$session->query_safe('COMMIT');
is($waiter->receive->{topics}[0]{partitions}[1]{error_code}, 0, 'and gets both');
is(stored(), join(' ', ($next++) x 3), 'as it should');

$session->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM kafka.consumer_offset});
is_stored('with an old snapshot about') for 1 .. 3;
$session->query_safe('COMMIT');
$session->quit;

# --- Columns and constraints ------------------------------------------------------------------------------

$server->sql("ALTER TABLE kafka.consumer_offset ADD CONSTRAINT low CHECK (committed_offset < 1000)");
my $last = $next - 1;
is(commit(1000), $again, 'a commit against a constraint');
is(stored(), "$last $last $last", 'is not stored');
is_stored('within it');
$server->sql('ALTER TABLE kafka.consumer_offset DROP CONSTRAINT low');

$server->sql(q{ALTER TABLE kafka.consumer_offset ADD COLUMN noted text DEFAULT 'kept'});
$server->sql(q{UPDATE kafka.consumer_offset SET noted = 'by hand'});
is_stored('with one more column');
is($server->sql('SELECT string_agg(DISTINCT noted, $$ $$) FROM kafka.consumer_offset'), 'by hand', 'which stays as it is');
$server->sql('ALTER TABLE kafka.consumer_offset DROP COLUMN noted');
is_stored('dropped');
$broker->finish;
