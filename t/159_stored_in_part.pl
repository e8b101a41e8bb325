# A Produce that is stored in several parts, one of which fails: the answer tells for each partition whether its batch is
# there, so that a producer that sends again what was refused stores everything once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Errors;
use Test::More;

my ($count, $broker) = (450, KafkaTest->start);    # about 200 topics with a segment make a part
my ($server, $client) = ($broker->server, $broker->connect);
my @names = map { sprintf 'topic-%03d', $_ } 1 .. $count;
create_topics($client, 7, [map { { name => $_, num_partitions => 1, replication_factor => 1 } } @names]);
$server->expect_in_log(qr/pg_kafka could not/, qr/canceling statement due to lock timeout/, qr/violates check constraint/);

# What became of a batch for each of the topics: { name => name of the error }.
sub produce_to {
    my ($value, @topics) = @_;
    my @data = map { { name => $_, partition_data => [{ index => 0, records => batch_of($value) }] } } @topics;
    my $answer = $client->call('Produce', 9, { acks => -1, topic_data => \@data });
    return { map { $_->{name} => error_name($_->{partition_responses}[0]{error_code}) } @{ $answer->{responses} } };
}

# The topics that hold this record, each as often as it does.
sub topics_with {
    my ($value) = @_;
    return [split /\n/, $server->sql("SELECT topic FROM kafka.messages WHERE convert_from(value, 'UTF8') = '$value' ORDER BY 1")];
}

sub segment_of {
    my ($name) = @_;
    return $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$name'");
}

# Those that are refused, in their order.
sub refused_in_part {
    my ($what, $value, $repair) = @_;
    my $told = produce_to($value, @names);
    $repair->();
    my @stored = grep { $told->{$_} eq 'NONE' } @names;
    my @left   = grep { $told->{$_} ne 'NONE' } @names;
    is_deeply([sort keys %$told], \@names, "$what: every topic has its answer");
    is_deeply([grep { $told->{$_} ne 'KAFKA_STORAGE_ERROR' } @left], [], "$what: what is refused can be sent again");
    is_deeply(\@stored, topics_with($value), "$what: exactly those batches are there that the answer says");
    cmp_ok(scalar @stored, '>=', 100, "$what: which are some");
    return @left;
}

sub then_stored_once {
    my ($what, $value, @left) = @_;
    my $told = produce_to($value, @left);
    is_deeply([grep { $told->{$_} ne 'NONE' } @left], [], "$what: sent again, the rest is accepted");
    is_deeply(topics_with($value), \@names, "$what: and everything is there once");
    return;
}

my ($new, $locked) = @names[250, 251];
is_deeply([sort { $a cmp $b } values %{ produce_to('first', grep { $_ ne $new } @names) }], [('NONE') x ($count - 1)], 'a record in nearly all topics');

# A part in the middle cannot be written, after which its topics are opened anew: one of them cannot be.
my $holder = $server->node->background_psql('postgres');
$server->sql('ALTER TABLE kafka.segment ADD CONSTRAINT nothing_new CHECK (false) NOT VALID');
$holder->query_safe('BEGIN; LOCK TABLE ' . segment_of($locked));
my @left = refused_in_part('a topic that cannot be opened', 'second', sub {
    $holder->query_safe('COMMIT');
    $server->sql('ALTER TABLE kafka.segment DROP CONSTRAINT nothing_new');
});
my %left = map { $_ => 1 } @left;
is_deeply([grep { !$left{$_} } $new, $locked, $names[-1]], [], 'it and what comes after it are refused');
is($server->log_count(qr/pg_kafka could not handle a Produce request: canceling statement due to lock timeout/), 1, 'for that reason');
then_stored_once('once it can', 'second', @left);

# The last part cannot be written.
$holder->query_safe('BEGIN; LOCK TABLE ' . segment_of($names[-1]));
@left = refused_in_part('a lock in the way of the last part', 'third', sub { $holder->query_safe('COMMIT') });
is($left[-1], $names[-1], 'the last topic is among those that are refused');
$holder->quit;
then_stored_once('without the lock', 'third', @left);
$broker->finish;
