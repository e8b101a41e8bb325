# Requests over a thousand topics: each is answered for itself, and all of it is right.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start('pg_kafka.auto_create_topics' => 'off');
my $client = $broker->connect;
my $count  = 1000;
my @names  = map { $broker->name("many-$_") } 1 .. $count;
my %number = map { $names[$_] => $_ } 0 .. $#names;

# How often each error is in a list of answers: { NONE => 1000 }.
sub errors_of {
    my %errors;
    $errors{ error_name($_->{error_code}) }++ for @_;
    return \%errors;
}

sub partitions_of { return 1 + $_[0] % 3; }

# --- Topics that are not there ---------------------------------------------------------------------

my @unknown = map { $broker->name("unknown-$_") } 1 .. 3000;
for my $may_create ($broker->is_ours ? (0, 1) : 0) {
    my $answer = metadata($client, 9, \@unknown, allow_auto_topic_creation => $may_create);
    is_deeply(errors_of(@{ $answer->{topics} }), { UNKNOWN_TOPIC_OR_PARTITION => 3000 }, "3000 unknown topics, creation wanted: $may_create");
    is_deeply([sort map { $_->{name} } @{ $answer->{topics} }], [sort @unknown], 'each by its name');
}
is(scalar @{ metadata($client, 9, undef)->{topics} }, 0, 'none was created') if $broker->is_ours;
my $missing = $client->call('DeleteTopics', 5, { topic_names => \@unknown });
is_deeply(errors_of(@{ $missing->{responses} }), { UNKNOWN_TOPIC_OR_PARTITION => 3000 }, '3000 unknown topics cannot be deleted');

# --- CreateTopics ----------------------------------------------------------------------------------

my @wanted = map { {
    name           => $names[$_],
    num_partitions => partitions_of($_),
    configs        => [{ name => 'retention.ms', value => 1000 + $_ }]
} } 0 .. $#names;
my $made = $client->call('CreateTopics', 7, { topics => [@wanted[0 .. 499], { name => 'a b' }, @wanted[500 .. $#wanted]] });
my %made = map { $_->{name} => $_ } @{ $made->{topics} };
error_is($made{'a b'}{error_code}, 'INVALID_TOPIC_EXCEPTION', 'an illegal name among a thousand is refused');
delete $made{'a b'};
is_deeply(errors_of(values %made), { NONE => $count }, 'and the thousand topics are made');
my %retention = map { my $topic = $_; map { $_->{name} eq 'retention.ms' ? ($topic->{name} => $_->{value}) : () } @{ $topic->{configs} } } values %made;
is_deeply(\%retention, { map { $names[$_] => 1000 + $_ } 0 .. $#names }, 'each with its config');
my %ids = map { $_->{topic_id} => 1 } values %made;
is(scalar keys %ids, $count, 'each with an id of its own');

my @topics = map { { name => $_, id => $made{$_}{topic_id} } } @names;
wait_until('all topics are served', sub { !grep { $_->{error_code} } @{ metadata($client, 9, \@names)->{topics} } });
my %seen = map { $_->{name} => $_ } @{ metadata($client, 12, \@names)->{topics} };
is_deeply({ map { $_ => $seen{$_}{topic_id} } @names }, { map { $_ => $made{$_}{topic_id} } @names }, 'Metadata tells the ids');
is_deeply([map { scalar @{ $seen{$_}{partitions} } } @names], [map { partitions_of($_) } 0 .. $#names], 'and the partitions');
my $again = $client->call('CreateTopics', 7, { topics => \@wanted });
is_deeply(errors_of(@{ $again->{topics} }), { TOPIC_ALREADY_EXISTS => $count }, 'asked for again, each is there already');

# --- Produce and Fetch -----------------------------------------------------------------------------

# One batch for the last partition of each topic.
sub value_of { return "$_[1] in topic $_[0]"; }

sub produce_all {
    my ($what) = @_;
    my @data;
    for my $at (0 .. $#topics) {
        my $records = [{ index => partitions_of($at) - 1, records => batch_of(value_of($at, $what)) }];
        push @data, { name => $names[$at], topic_id => $topics[$at]{id}, partition_data => $records };
    }
    return [map { $_->{partition_responses}[0] } @{ $client->call('Produce', 13, { topic_data => \@data })->{responses} }];
}

my $told = produce_all('first');
is_deeply(errors_of(@$told), { NONE => $count }, 'a batch for each of a thousand topics in one request');
$told = produce_all('second');
is_deeply([map { $_->{base_offset} } @$told], [(1) x $count], 'and another');
is_deeply([map { $_->{index} } @$told], [map { partitions_of($_) - 1 } 0 .. $#names], 'for their last partitions');

# What one Fetch brings, { number of the topic => its values }, of the topics given by number.
sub fetch_some {
    my ($version, @numbers) = @_;
    my @asked = map { fetch_partitions($topics[$_], { partitions_of($_) - 1 => { fetch_offset => 0 } }) } @numbers;
    my %by = map { $topics[$_]{ $version >= 13 ? 'id' : 'name' } => $_ } 0 .. $#topics;
    my %found;
    for my $answered (@{ $client->call('Fetch', $version, { max_bytes => 50_000_000, topics => \@asked })->{responses} }) {
        my $at = $by{ $version >= 13 ? $answered->{topic_id} : $answered->{topic} };
        my @values = map { $_->{value} } map { records_of([read_batches($_->{records})]) } @{ $answered->{partitions} };
        push @{ $found{$at} }, @values if @values;
    }
    return \%found;
}

my %all = map { $_ => [value_of($_, 'first'), value_of($_, 'second')] } 0 .. $#topics;
is_deeply(fetch_some($_, 0 .. $#topics), \%all, "v$_: one Fetch brings the records of all") for 12, 13;
my @ends = map { { name => $names[$_], partitions => [map { { partition_index => $_, timestamp => -1 } } 0 .. partitions_of($_) - 1] } } 0 .. $#names;
my $offsets = $client->call('ListOffsets', 7, { topics => \@ends });
my %end_of = map { my $topic = $_; ($topic->{name} => [map { $_->{offset} } @{ $topic->{partitions} }]) } @{ $offsets->{topics} };
is_deeply(\%end_of, { map { $names[$_] => [(0) x (partitions_of($_) - 1), 2] } 0 .. $#names }, 'ListOffsets tells the ends of all partitions');

if ($broker->is_ours) {
    my $server = $broker->server;
    is($server->sql('SELECT count(*) FROM kafka.topics'), $count, 'SQL shows the topics');
    is($server->sql(q{SELECT count(*), count(DISTINCT topic) FROM kafka.messages}), 2 * $count . "|$count", 'and the records');
    $server->node->restart;
    $server->wait_for_port;
    $client = $broker->connect;
    my %seen;
    while (my @left = grep { !$seen{$_} } 0 .. $#topics) {
        my $found = fetch_some(13, @left);
        last if !%$found;
        @seen{ keys %$found } = values %$found;
    }
    is_deeply(\%seen, \%all, 'after a restart all comes from the tables, some with each Fetch');
}

# --- DeleteTopics ----------------------------------------------------------------------------------

my ($by_name, $by_id) = ([@names[0 .. 499]], [@topics[500 .. $#topics]]);
my $deleted = $client->call('DeleteTopics', 6, { topics => [(map { { name => $_ } } @$by_name), map { { topic_id => $_->{id} } } @$by_id] });
is_deeply(errors_of(@{ $deleted->{responses} }), { NONE => $count }, 'a thousand topics are deleted, by name and by id');
is_deeply([sort map { $_->{name} } @{ $deleted->{responses} }], [sort @names], 'each is told by its name');
wait_until('all are gone', sub { !grep { $_->{error_code} != 3 } @{ metadata($client, 9, \@names, allow_auto_topic_creation => 0)->{topics} } });
if ($broker->is_ours) {
    my $tables = "SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\\d+\$' AND relkind = 'r'";
    $broker->server->wait_for('the janitor to drop their tables', sub { $broker->server->sql($tables) == 0 });
    is($broker->server->sql('SELECT count(*) FROM kafka.segment'), 0, 'nothing of them is left');
}

# --- Others meanwhile --------------------------------------------------------------------------------

# Sends a request that creates or deletes many topics. How many topics of ours others saw until it was answered, and the answer.
sub while_others_look {
    my @request = @_;
    my $other = $broker->connect;
    $client->send_request(@request);
    my @seen;
    push @seen, scalar @{ metadata($other, 9, undef)->{topics} } until $client->readable;
    return ($client->receive, grep { $_ > 0 && $_ < $count } @seen);
}

if ($broker->is_ours) {
    $broker->server->set('pg_kafka.auto_create_topics' => 'on');
    wait_until('topics are created by asking for them', sub { metadata($client, 9, ['first'])->{topics}[0]{error_code} == 0 });
    $client->call('DeleteTopics', 5, { topic_names => ['first'] });

    my ($answer, @seen) = while_others_look('Metadata', 9, { topics => [map { { name => $_ } } @names], allow_auto_topic_creation => 1 });
    is_deeply(errors_of(@{ $answer->{topics} }), { NONE => $count }, 'a thousand topics are created by asking for them');
    cmp_ok(scalar @seen, '>', 0, 'and meanwhile others were answered');
    ($answer, @seen) = while_others_look('DeleteTopics', 5, { topic_names => \@names });
    is_deeply(errors_of(@{ $answer->{responses} }), { NONE => $count }, 'they are deleted');
    cmp_ok(scalar @seen, '>', 0, 'and meanwhile others were answered');
    ($answer, @seen) = while_others_look('CreateTopics', 7, { topics => \@wanted });
    is_deeply(errors_of(@{ $answer->{topics} }), { NONE => $count }, 'and created by CreateTopics');
    cmp_ok(scalar @seen, '>', 0, 'and meanwhile others were answered');
}
$broker->finish;
