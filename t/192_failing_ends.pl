# The end of a transaction that cannot be stored, whichever of its parts it is: nothing of it is seen by anybody, not even after a
# crash; clients are told to try again; and once it can be stored the same request ends the transaction, once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;
use TransactionalProducer;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'breaks the tables of our own server';
my $client = $broker->connect;
my ($orders, $events) = map { $broker->create_topic($_, num_partitions => 2) } 'orders', 'events';
my $group = 'readers';
$server->expect_in_log(qr/pg_kafka could not store/);
$server->sql(q{CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full disk'; END $$});

sub segment_of {
    my ($topic) = @_;
    return $server->sql("SELECT 'segment_' || max(id) FROM kafka.segment WHERE topic_id = '$topic->{id}'");
}

# Makes a table fail; returns what mends it. Segments are written without a look at triggers.
sub break_table {
    my ($name, $when) = @_;
    my ($break, $mend) =
        $name =~ /^segment/
        ? ('ALTER TABLE kafka.%s ADD CONSTRAINT full_disk CHECK (false) NOT VALID', 'ALTER TABLE kafka.%s DROP CONSTRAINT full_disk')
        : ("CREATE TRIGGER fail BEFORE $when ON kafka.%s FOR EACH ROW EXECUTE FUNCTION public.fail()", 'DROP TRIGGER fail ON kafka.%s');
    $server->sql(sprintf $break, $name);
    return sub { $server->sql(sprintf $mend, $name) };
}

# What all can see: readers of committed records, of all, of offsets, and SQL.
sub seen {
    my $offsets = $client->call('OffsetFetch', 7, { group_id => $group, require_stable => 1, topics => [{ name => $orders->{name}, partition_indexes => [0] }] })->{topics}[0]{partitions}[0];
    return {
        committed => [map { committed_values($client, $_) } $orders, $events],
        all       => [map { uncommitted_values($client, $_) } $orders, $events],
        ends      => [map { my $topic = $_; map { list_offset($client, 7, $topic, -1, isolation_level => $_)->{offset} } 0, 1 } $orders, $events],
        offset    => error_name($offsets->{error_code}) . " $offsets->{committed_offset} " . offset_of($client, $group, $orders),
        sql       => $server->sql(q{SELECT topic, string_agg(convert_from(value, 'UTF8'), ' ' ORDER BY "offset") FROM kafka.messages GROUP BY topic ORDER BY 1}),
        aborted   => $server->sql('SELECT count(*) FROM kafka.aborted_transaction')
    };
}

# Where something of an end is written: its name, the tables, and what fails.
my @parts = (
    ['the transaction', sub { 'transaction' }, 'INSERT OR UPDATE', 'commit', 'abort'],
    ['its pending offsets', sub { 'pending_offset' }, 'DELETE', 'commit', 'abort'],
    ['the offsets of the group', sub { 'consumer_offset' }, 'INSERT OR UPDATE', 'commit'],
    ['the marker in the first topic', sub { segment_of($orders) }, undef, 'commit', 'abort'],
    ['the marker in the last topic', sub { segment_of($events) }, undef, 'commit', 'abort'],
    ['what was aborted', sub { 'aborted_transaction' }, 'INSERT', 'abort']);

my ($round, $group_offset) = (0, -1);
for my $part (@parts) {
    my ($name, $table, $when, @ways) = @$part;
    for my $way (@ways) {
        for my $version (1, 2) {
            my $what = "v$version: $way without $name";
            my $p    = TransactionalProducer->new($client, $orders, id => 'p' . ++$round, version => $version);
            my $q    = bless { %$p, topic => $events, sequences => {} }, ref $p;
            if ($version == 1) {
                $_->add(0, 1) for $p, $q;
                $p->add_group($group);
            }
            like($_->write(0, "v$round"), qr/^\d+$/, "$what: a transaction writes") for $p, $q;
            is($p->commit_offset($group, $round), 'NONE', "$what: and has an offset");
            my $before = seen();
            is($before->{offset}, "UNSTABLE_OFFSET_COMMIT -1 $group_offset", "$what: which waits for its end");

            my $mend = break_table($table->(), $when);
            is($p->end($way eq 'commit'), 'NOT_COORDINATOR', "$what: the client is to ask again");
            is_deeply(seen(), $before, "$what: nothing of the end is seen");
            if ($version == 2 && $way eq $ways[0]) {
                $server->node->stop('immediate');
                $server->node->start;
                $server->wait_for_port;
                $client = $broker->connect;
                $_->use_client($client) for $p, $q;
                is_deeply(seen(), $before, "$what: nor after a crash");
                is($p->end($way eq 'commit'), 'NOT_COORDINATOR', "$what: it fails still");
            }
            $mend->();
            is($p->end($way eq 'commit'), 'NONE', "$what: afterwards it ends");
            $group_offset = $round if $way eq 'commit';
            my $after    = seen();
            my @expected = map { $way eq 'abort' ? $_ : length ? "$_ v$round" : "v$round" } @{ $before->{committed} };
            is_deeply($after->{committed}, \@expected, "$what: as a whole");
            is_deeply($after->{all}, $before->{all}, "$what: nothing is there twice");
            my @ends = @{ $before->{ends} }[0, 2];
            is_deeply($after->{ends}, [map { ($_ + 1) x 2 } @ends], "$what: with one marker");
            is($after->{offset}, "NONE $group_offset $group_offset", "$what: and what becomes of its offset");
            is($after->{aborted} - $before->{aborted}, $way eq 'abort' ? 2 : 0, "$what: and what readers are told of it");
        }
    }
}

# A batch that cannot be stored while its transaction is open belongs to it once it could be, and once only.
for my $version (1, 2) {
    my $p = TransactionalProducer->new($client, $orders, id => "batches$version", version => $version);
    my $before = seen();
    $p->add(0) if $version == 1;
    my $mend = break_table(segment_of($orders));
    is($p->write(0, "first$version"), 'KAFKA_STORAGE_ERROR', "v$version: the first batch of a transaction cannot be stored");
    is_deeply(seen(), $before, "v$version: and has not begun anything");
    $mend->();
    my $offset = $before->{ends}[0];
    is($p->write(0, "first$version"), $offset, "v$version: sent again it is");
    $mend = break_table(segment_of($orders));
    is($p->write(0, "second$version"), 'KAFKA_STORAGE_ERROR', "v$version: the second cannot");
    $mend->();
    is($p->write(0, "second$version"), $offset + 1, "v$version: until it can");
    is($p->commit, 'NONE', "v$version: they are committed");
    is(committed_values($client, $orders), "$before->{committed}[0] first$version second$version", "v$version: each once, in order");
}
$broker->finish;
