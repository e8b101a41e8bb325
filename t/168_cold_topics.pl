# Requests that look into hundreds of tables where locks are few: they take several turns or several answers, and nothing of
# what they ask for is missing.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire;
use KafkaWire::Batch;
use PgKafka;
use Test::More;

my ($count, $segments) = (1000, 1000);
# There is room for a thousand locks or so. A table takes two, and a turn may take some five hundred.
my $server = PgKafka->new(streaming => 1, settings => { max_connections => 10, max_locks_per_transaction => 24 });
$server->expect_in_log(qr/specified neither "?primary_conninfo"? nor "?restore_command"?/);
my $client = KafkaWire->connect('127.0.0.1', $server->kafka_port);
my @names  = map { sprintf 'topic-%04d', $_ } 1 .. $count;

# One record in each topic, and one in each segment of another topic, or little more.
for (my $at = 0; $at < $count; $at += 50) {
    my @some    = @names[$at .. $at + 49];
    my $created = create_topics($client, 7, [map { { name => $_, num_partitions => 1, replication_factor => 1 } } @some]);
    die "cannot create topics from $at on" if grep { $_->{error_code} } values %$created;
    my @data = map { { name => $_, partition_data => [{ index => 0, records => batch_of($_) }] } } @some;
    my $told = $client->call('Produce', 9, { acks => -1, topic_data => \@data })->{responses};
    die "cannot produce from $at on" if grep { $_->{partition_responses}[0]{error_code} } @$told;
}
$server->sql(q{SELECT kafka.create_topic('rolled', 1, '{"segment.ms": "1"}')});
my $end = 0;
until ($server->sql('SELECT count(*) FROM kafka.segment') >= $count + $segments) {
    $end = 1 + produce_values($client, { name => 'rolled' }, 'x') for 1 .. 100;
}

# A restart, so that nothing is in memory; on a new timeline, so that what is stored is of an older epoch.
$server->restart_promoted;
$client = KafkaWire->connect('127.0.0.1', $server->kafka_port);

# --- Fetch -----------------------------------------------------------------------------------------

# Fetches partition 0 of topics from offsets, { topic => offset }. What comes: { topic => the values of its records }, of the
# topics that have any; dies of an error.
sub fetch_values {
    my ($offsets, %with) = @_;
    my $ask    = delete $with{ask} // {};
    my @topics = map { fetch_partitions({ name => $_ }, { 0 => { fetch_offset => $offsets->{$_}, %$ask } }) } sort keys %$offsets;
    my $answer = $client->call('Fetch', 12, { max_bytes => 50_000_000, max_wait_ms => 500, min_bytes => 1, topics => \@topics, %with });
    die "error $answer->{error_code}\n" if $answer->{error_code};
    my %values;
    for my $topic (@{ $answer->{responses} }) {
        my $partition = $topic->{partitions}[0];
        die "error $partition->{error_code} for $topic->{topic}\n" if $partition->{error_code};
        my @values = map { $_->{value} } records_of([read_batches($partition->{records} // '')]);
        $values{ $topic->{topic} } = "@values" if @values;
    }
    return (\%values, $answer->{session_id});
}

# Asks, through the function given, until the record of every topic has come.
sub fetch_all {
    my ($ask) = @_;
    my (%seen, $answers);
    my %left = map { $_ => 0 } @names;
    for ($answers = 0; %left; $answers++) {
        my $values = eval { $ask->(\%left) } // return "answer $answers: $@";
        return "answer $answers is empty" if !%$values;
        for my $name (keys %$values) {
            $seen{$name} .= $values->{$name};
            delete $left{$name};
        }
    }
    cmp_ok($answers, '<=', 10, 'in few answers');
    return \%seen;
}

my %all = map { $_ => $_ } @names;
is_deeply(fetch_all(sub { (fetch_values($_[0]))[0] }), \%all, 'a consumer that asks for what it lacks gets the record of every topic');

# In a session the broker knows what is lacking, and the order is its own: only the offsets of what has come are told.
my ($session, $epoch, %told) = (0, 0);
my $ask_in_session = sub {
    my ($left) = @_;
    my %changed;
    for my $name (@names) {
        my $offset = exists $left->{$name} ? 0 : 1;
        $changed{$name} = $told{$name} = $offset if ($told{$name} // -1) != $offset;
    }
    (my $values, $session) = fetch_values(\%changed, session_id => $session, session_epoch => $epoch++);
    return $values;
};
is_deeply(fetch_all($ask_in_session), \%all, 'and so does one in a session');

my $next = 0;
while ($next < $end) {
    my $values = eval { (fetch_values({ rolled => $next }))[0] } // {};
    my $got    = () = ($values->{rolled} // '') =~ /x/g or last;
    $next += $got;
}
is($next, $end, 'a topic of many segments is read to its end');

# --- Leader epochs ---------------------------------------------------------------------------------

# Where the epoch before ended: { topic => 'error epoch offset' }.
sub epoch_ends {
    my @topics = map { { topic => $_, partitions => [{ partition => 0, leader_epoch => 0 }] } } @_;
    return { map { $_->{topic} => join ' ', @{ $_->{partitions}[0] }{qw(error_code leader_epoch end_offset)} }
            @{ $client->call('OffsetForLeaderEpoch', 4, { topics => \@topics })->{topics} } };
}
is_deeply(epoch_ends('rolled'), { rolled => "0 0 $end" }, 'where the epoch before ended in a topic of many segments');
is_deeply(epoch_ends(@names), { map { $_ => '0 0 1' } @names }, 'and in each of many topics');

# All but the last are at their ends, which takes a look at where their epoch ended.
my %offsets = ((map { $_ => 1 } @names), $names[-1] => 0);
my $epochs  = { last_fetched_epoch => 0 };
is_deeply(eval { (fetch_values(\%offsets, ask => $epochs))[0] } // $@, { $names[-1] => $names[-1] },
    'a Fetch that holds many epochs against the log comes to the topic that has something');
is_deeply(eval { (fetch_values({ map { $_ => 1 } @names }, ask => $epochs))[0] } // $@, {}, 'and one where none has anything, to its end');

# --- Lost records ----------------------------------------------------------------------------------

my @lost = @names[0 .. 399];
for (my $at = 0; $at < @lost; $at += 50) {
    my $some = join ',', map { "'$_'" } @lost[$at .. $at + 49];
    $server->sql(qq{DO \$\$
        DECLARE s bigint;
        BEGIN
            FOR s IN SELECT s.id FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name IN ($some) LOOP
                EXECUTE format('TRUNCATE kafka.segment_%s', s);
            END LOOP;
        END \$\$});
}
my $values = eval { (fetch_values({ map { $_ => 0 } @lost, $names[-1] }))[0] } // $@;
is_deeply($values, { $names[-1] => $names[-1] }, 'topics whose records are gone do not keep a Fetch from those that have some');
$server->finish;
