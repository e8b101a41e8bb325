# InitProducerId 0-5: ids for idempotent producers, each handed out once, whatever happens to the server.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start(restart_after_crash => 'on');
my $client = $broker->connect;
my %seen;

sub ask { my ($version, %request) = @_; return $client->call('InitProducerId', $version, { transactional_id => undef, %request }) }

# Kafka has no ids while it waits for the next block of them; we wait ourselves.
sub to_be_asked_again { my ($answer) = @_; return !$broker->is_ours && error_name($answer->{error_code}) eq 'COORDINATOR_LOAD_IN_PROGRESS'; }

# A new id, of whose kind there is no other.
sub new_id {
    my ($test, $version, %request) = @_;
    my $answer;
    wait_until("$test: an answer", sub { !to_be_asked_again($answer = ask($version, %request)) });
    error_is($answer->{error_code}, 'NONE', "$test: an id is given");
    is($answer->{producer_epoch}, 0, "$test: with the first epoch");
    ok(!$seen{ $answer->{producer_id} }++, "$test: which nobody else has") or diag $answer->{producer_id};
    return $answer->{producer_id};
}

sub refused {
    my ($test, $error, $version, %request) = @_;
    my $answer = ask($version, %request);
    error_is($answer->{error_code}, $error, $test);
    is_deeply([@$answer{qw(producer_id producer_epoch)}], [-1, -1], "$test: no id, no epoch");
    return;
}

wait_until('ids can be had', sub { ask(0)->{error_code} == 0 });
for my $version (0 .. 5) {
    my $id = new_id("v$version", $version);
    cmp_ok($id, '>=', 0, "v$version: ids are not negative");
    refused("v$version: a transactional id that is empty", 'INVALID_REQUEST', $version, transactional_id => '');
    new_id("v$version: whatever the timeout", $version, transaction_timeout_ms => -1);
    next if $version < 3;
    new_id("v$version: with an id and an epoch", $version, producer_id => $id, producer_epoch => 3);
    refused("v$version: an id without epoch", 'INVALID_REQUEST', $version, producer_id => $id);
    refused("v$version: an epoch without id", 'INVALID_REQUEST', $version, producer_epoch => 3);
}

# More than are taken from the database at once.
my @asked = map { $broker->connect } 1 .. 5;
for my $round (1 .. 250) {
    $_->send_request('InitProducerId', 4, { transactional_id => undef }) for @asked;
    my @twice = grep { $seen{$_}++ } map { $_->{producer_id} } grep { !to_be_asked_again($_) } map { $_->receive } @asked;
    fail("given twice: @twice") if @twice;
}
pass('1,250 ids are all different');

if (my $server = $broker->server) {
    for my $how (qw(restart kill9)) {
        my @processes = split /\n/, $server->sql('SELECT pid FROM pg_stat_activity');
        $how eq 'restart' ? $server->node->restart : ($server->node->kill9, $server->start_after_death(@processes));
        $server->wait_for_port;
        $client = $broker->connect;
        new_id("after $how", 4) for 1 .. 3;
    }

    # Where no block of ids can be had: clients ask again.
    $server->expect_in_log(qr/pg_kafka could not handle a InitProducerId request/, qr/nextval: reached maximum value/);
    $server->sql(q{ALTER SEQUENCE kafka.producer_id_seq MAXVALUE 1000000});
    $server->sql(q{SELECT setval('kafka.producer_id_seq', 1000000)});
    my $refused;
    for (1 .. 1_100) { $refused = ask(4); last if $refused->{error_code} }
    error_is($refused->{error_code}, 'COORDINATOR_LOAD_IN_PROGRESS', 'no more ids');
    $server->sql('ALTER SEQUENCE kafka.producer_id_seq NO MAXVALUE');
    new_id('with ids again', 4);
}
$broker->finish;
