# What pg_dump wrote is restored into a running server whose broker has clients: they never see half a log.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaRequests;
use KafkaTest;
use KafkaWire;
use PgKafka;
use PostgreSQL::Test::Utils ();
use Test::More;

my ($records, $topic) = (24, { name => 'kept' });
my $source = PgKafka->new(name => 'source');
my $client = client_of($source);
$source->sql(q{SELECT kafka.create_topic('kept', 2, '{"segment.bytes": "1048576"}'), kafka.create_topic('empty')});
is(produce_values($client, $topic, record($_)), $_, "record $_ is produced") for 0 .. $records - 1;
is(produce($client, 9, $topic, { 1 => batch_of('other partition') })->{1}{error_code}, 0, 'and one in another partition');
my $cluster_id = metadata($client, 9, [])->{cluster_id};
my $contents   = contents($source);
cmp_ok($source->sql('SELECT count(*) FROM kafka.segment'), '>', 3, 'there are several segments');

sub client_of { return KafkaWire->connect('127.0.0.1', $_[0]->kafka_port); }
sub record    { return "$_[0] " . chr(65 + $_[0]) x 200_000; }
sub contents {
    return $_[0]->sql(q{SELECT string_agg(partition || ':' || "offset" || ':' || md5(value), ' ' ORDER BY partition, "offset") FROM kafka.messages WHERE topic = 'kept'});
}

# What a client sees of the topic's first partition: its end, or nothing.
sub seen_by_client {
    my ($server) = @_;
    return eval {
        my $answer = list_offset(client_of($server), 7, $topic, -1);
        $answer->{error_code} == 0 ? "$answer->{offset}" : undef;
    };
}

sub is_restored {
    my ($server, $how) = @_;
    $server->wait_for('the restored log', sub { defined seen_by_client($server) });
    my $client = client_of($server);
    my $seen   = metadata($client, 9, ['kept', 'empty']);
    is($seen->{cluster_id}, $cluster_id, "$how: it is the same cluster");
    is($seen->{topics}[0]{partitions}[0]{leader_epoch}, 1, "$how: in an epoch after that of the batches");
    error_is($seen->{topics}[1]{error_code}, 'NONE', "$how: a topic without records is there");
    my ($offset, @values) = (0);
    while (my @found = records_of(fetch($client, 12, $topic, $offset, request => { max_wait_ms => 0 }))) {
        push @values, map { $_->{value} } @found;
        $offset = $found[-1]{offset} + 1;
    }
    ok("@values" eq join(' ', map { record($_) } 0 .. $records - 1), "$how: every record is consumed");
    is(contents($server), $contents, "$how: SQL shows the same");
    is(produce_values($client, $topic, record($_)), $_, "$how: record $_ follows") for $records .. $records + 6;
    is($server->sql(q{SELECT count(*), max("offset") FROM kafka.messages WHERE topic = 'kept' AND partition = 0}),
        ($records + 7) . '|' . ($records + 6), "$how: SQL shows them all");
    is($server->sql('SELECT count(*) FROM kafka.segment WHERE bytes IS NULL'), 1, "$how: one segment is open");
    return;
}

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', "$dump.sql", $source->node->connstr('postgres')],        'pg_dump');
PostgreSQL::Test::Utils::command_ok(['pg_dump', '--file', $dump, '-Fd', $source->node->connstr('postgres')], 'pg_dump as a directory');

# Step by step; between the steps a client asks.
my $target = PgKafka->new(name => 'target');
my $open   = client_of($target);
isnt(metadata($open, 9, [])->{cluster_id}, $cluster_id, 'the broker that runs already is of another cluster');
my %seen;
$target->restore_step_by_step("$dump.sql", sub {
    my $end = seen_by_client($target);
    $seen{$end}++ if defined $end;
});
is(join(' ', grep { $_ != $records } keys %seen), '', 'and a client sees the whole log or none of it');
is_restored($target, 'psql');
is($target->log_count(qr/waits for the end of a restore/), 1, 'the log told of it once');
$target->check;

# As fast as it goes, into a database that gets its extension only now.
my $archive = PgKafka->new(name => 'archive', extension => 0);
PostgreSQL::Test::Utils::command_ok(['pg_restore', '-d', $archive->node->connstr('postgres'), $dump], 'pg_restore');
is_restored($archive, 'pg_restore');
$archive->check;
$_->node->stop for $target, $archive;

# Into a server that has topics: of the same name with tables of the same names, and others.
my %refused = (
    kept    => qr/ERROR:  relation "segment_1" already exists/,
    another => qr/ERROR:  a log cannot be restored into a database that has topics\n.*HINT:  Restore it into another database/s);
for my $name ('kept', 'another') {
    my $taken = PgKafka->new(name => "has_$name");
    $taken->sql("SELECT kafka.create_topic('$name')");
    $taken->sql(q{SELECT setval(pg_get_serial_sequence('kafka.segment', 'id'), 1000)}) if $name eq 'another';
    my $client = client_of($taken);
    is(produce_values($client, { name => $name }, 'mine'), 0, "a server with topic $name");
    my $before = metadata($client, 9, [])->{cluster_id};
    for my $restore (['psql', '-X1q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", '-d'], ['pg_restore', '-1', $dump, '-d']) {
        my $told = '';
        IPC::Run::run([@$restore, $taken->node->connstr('postgres')], '>', '/dev/null', '2>', \$told);
        like($told, $refused{$name}, "$restore->[0] is told");
        is($taken->sql('SELECT string_agg(topic || \' \' || convert_from(value, \'UTF8\'), \',\') FROM kafka.messages'), "$name mine", 'nothing has changed');
    }
    is(metadata($client, 9, [])->{cluster_id}, $before, 'the cluster is the same');
    is(produce_values($client, { name => $name }, 'more'), 1, 'and serves on');
    $taken->expect_in_log(qr/a log cannot be restored/, qr/already exists/);
    $taken->check;
    $taken->node->stop;
}
$source->finish;
