# Kafka's own tools with groups of both protocols: a console consumer, and what kafka-consumer-groups lists, describes, resets and
# deletes. Runs where the kit ../shared/kafka has the tools.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaKit;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $missing = KafkaKit::missing();
plan skip_all => $missing if $missing;

my $broker = KafkaTest->start('pg_kafka.group_initial_rebalance_delay_ms' => 0);
my $client = $broker->connect;

# kafka-consumer-groups with these arguments. Returns its warnings and errors, and after them its output.
sub groups {
    my (@arguments) = @_;
    my (undef, $out, $err) = KafkaKit::tool('kafka-consumer-groups', '--bootstrap-server', $broker->address, '--timeout', 30_000, @arguments);
    return $err . $out;
}

# The rows of a table that the tool prints, each a hash by the names of its columns.
sub rows {
    my ($output) = @_;
    my @lines  = map { s/ \(\w+\)//gr } grep { /\S/ } split /\n/, $output;
    shift @lines while @lines && $lines[0] !~ /^GROUP\b/;
    my @names = split ' ', shift @lines // '';
    return map { my %row; @row{@names} = split ' '; \%row } @lines;
}

# Some columns of all rows, sorted.
sub columns {
    my ($output, @names) = @_;
    return [sort map { my $row = $_; join ' ', map { $row->{$_} // '(none)' } @names } rows($output)];
}

sub committed {
    my ($group) = @_;
    my $found = $client->call('OffsetFetch', 8, { groups => [{ group_id => $group, topics => undef }] })->{groups}[0]{topics};
    return join ' ', map { $_->{committed_offset} } map { sort { $a->{partition_index} <=> $b->{partition_index} } @{ $_->{partitions} } } @$found;
}

for my $protocol (qw(classic consumer)) {
    my $group  = "by-$protocol";
    my $orders = "orders-$protocol";
    my $topic  = $broker->create_topic($orders, num_partitions => 2);
    produce($client, 9, $topic, { $_ => batch_of(map { "p$_" } 1 .. 5) }) for 0, 1;
    my ($out, $err) = ('', '');
    my @properties = map { ('--command-property', $_) } "group.protocol=$protocol", 'auto.commit.interval.ms=100', 'auto.offset.reset=earliest', 'client.id=console';
    my $consumer   = KafkaKit::start_tool(\$out, \$err, 'kafka-console-consumer', '--bootstrap-server', $broker->address, '--topic', $orders, '--group', $group, @properties);
    wait_until("$protocol: the consumer has read", sub { $consumer->pump_nb; ($out =~ tr/\n//) >= 10 });
    is_deeply([sort split /\n/, $out], [sort map { ("p$_") x 2 } 1 .. 5], "$protocol: a console consumer reads everything");
    wait_until("$protocol: it has committed", sub { committed($group) eq '5 5' });
    produce($client, 9, $topic, { 0 => batch_of('more') });
    wait_until("$protocol: it goes on", sub { $consumer->pump_nb; committed($group) eq '6 5' });

    # --- While it lives ----------------------------------------------------------------------------------

    like(groups('--list'), qr/^\Q$group\E$/m, "$protocol: --list");
    is_deeply(columns(groups('--list', '--state', 'stable'), qw(GROUP STATE)), ["$group Stable"], "$protocol: --list --state");
    is_deeply(columns(groups('--list', '--type', $protocol), qw(GROUP TYPE)), ["$group " . ucfirst $protocol], "$protocol: --list --type");
    my @described = ('--describe', '--group', $group);
    my $plain     = groups(@described);
    is_deeply(columns($plain, qw(GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG HOST CLIENT-ID)),
        ["$group $orders 0 6 6 0 /127.0.0.1 console", "$group $orders 1 5 5 0 /127.0.0.1 console"], "$protocol: --describe");
    is(groups(@described, '--offsets'), $plain, "$protocol: --offsets is the same");
    my ($member) = rows(groups(@described, '--members', '--verbose'));
    is($member->{'CONSUMER-ID'}, (rows($plain))[0]{'CONSUMER-ID'}, "$protocol: --members");
    is($member->{'#PARTITIONS'}, 2, "$protocol: with the number of its partitions");
    like(groups(@described, '--members', '--verbose'), qr/\Q$orders\E[:(]0,1/, "$protocol: --verbose names them");
    is_deeply(columns(groups(@described, '--state'), 'GROUP', 'COORDINATOR', 'STATE', '#MEMBERS'), ["$group " . $broker->address . ' Stable 1'], "$protocol: --state");
    my @reset = ('--reset-offsets', '--group', $group, '--topic', $orders);
    like(groups(@reset, '--to-earliest', '--execute'), qr/Assignments can only be reset if the group '\Q$group\E' is inactive, but the current state is Stable/,
        "$protocol: --reset-offsets is refused");
    like(groups('--delete', '--group', $group), qr/GroupNotEmptyException/, "$protocol: --delete is refused");
    like(groups('--delete-offsets', '--group', $group, '--topic', $orders), qr/Group is actively subscribed|Not allowed|subscribed/i, "$protocol: --delete-offsets is refused");
    is(committed($group), '6 5', "$protocol: all of that has changed nothing");

    # --- When it has left ----------------------------------------------------------------------------------

    $consumer->signal('TERM');
    eval { $consumer->finish };
    wait_until("$protocol: it has left", sub { grep { $_->{group_id} eq $group && $_->{group_state} eq 'Empty' } @{ $client->call('ListGroups', 4, {})->{groups} } });
    like(groups(@described), qr/Consumer group '\Q$group\E' has no active members/, "$protocol: no members");
    is_deeply(columns(groups(@reset, '--to-earliest', '--dry-run'), qw(TOPIC PARTITION NEW-OFFSET)), ["$orders 0 0", "$orders 1 0"], "$protocol: --reset-offsets --dry-run says where to");
    is(committed($group), '6 5', "$protocol: and leaves everything as it is");
    is_deeply(columns(groups(@reset, '--shift-by', '-2', '--execute'), qw(TOPIC PARTITION NEW-OFFSET)), ["$orders 0 4", "$orders 1 3"], "$protocol: --execute");
    is(committed($group), '4 3', "$protocol: does so");
    is_deeply(columns(groups('--reset-offsets', '--group', $group, '--topic', "$orders:1", '--to-latest', '--execute'), qw(TOPIC PARTITION NEW-OFFSET)),
        ["$orders 1 5"], "$protocol: one partition");
    like(groups('--delete-offsets', '--group', $group, '--topic', "$orders:0"), qr/Request succeeded/, "$protocol: --delete-offsets");
    is(committed($group), '5', "$protocol: deletes them");
    like(groups('--delete', '--group', $group), qr/successful/, "$protocol: --delete");
    unlike(groups('--list'), qr/\Q$group\E/, "$protocol: it is gone");
    like(groups(@described), qr/GroupIdNotFoundException|not found|does not exist/, "$protocol: and cannot be described");
}

# A group that is made by the tool alone.
is_deeply(columns(groups('--reset-offsets', '--group', 'made', '--topic', 'orders-classic', '--to-offset', 99, '--execute'), qw(GROUP TOPIC PARTITION NEW-OFFSET)),
    ['made orders-classic 0 6', 'made orders-classic 1 5'], 'an offset beyond the end is cut to it');
is(committed('made'), '6 5', 'the group is made');

$broker->finish;
