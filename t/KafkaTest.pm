# The broker under test, and what every script needs around it.
#
#     my $broker = KafkaTest->start;                     # a server of its own, with the extension
#     my $client = $broker->connect;
#     my $topic  = $broker->create_topic('orders', num_partitions => 3);
#     ...
#     $broker->finish;
#
# With PG_KAFKA_BROKER=host:port a script runs against that broker instead, as it is: so the same assertions
# can be held against a real Kafka. Assertions that only hold for ours (or ask for its server) are guarded by
# is_ours, with the reason why Kafka differs.
package KafkaTest;

use strict;
use warnings;
use Exporter 'import';
use KafkaRequests;
use KafkaWire;
use KafkaWire::Errors;
use Test::More;
use Time::HiRes qw(time);

# Before the script begins to run, as PostgreSQL's test modules demand.
BEGIN { require PgKafka if !$ENV{PG_KAFKA_BROKER}; }

our @EXPORT = qw(error_is values_are wait_until kcat);

my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 60;

# start(%settings): settings are lines of postgresql.conf (`'pg_kafka.max_connections' => 5`).
sub start {
    my ($class, %settings) = @_;
    return $class->at($ENV{PG_KAFKA_BROKER}) if $ENV{PG_KAFKA_BROKER};
    return $class->of(PgKafka->new(settings => \%settings));
}

# of($server): that of a PgKafka.
sub of {
    my ($class, $server) = @_;
    return bless { host => '127.0.0.1', port => $server->kafka_port, suffix => '', server => $server },
        $class;
}

# at('host:port'): a broker that runs already.
sub at {
    my ($class, $address) = @_;
    my ($host,  $port)    = $address =~ /^(.*):(\d+)$/ or die "not host:port: $address";
    return bless { host => $host, port => $port, suffix => '.' . int(time * 1000) }, $class;
}

# Is the broker under test ours, rather than one named by PG_KAFKA_BROKER?
sub is_ours { return defined $_[0]{server}; }
# What the broker under test has to answer, where ours differs on purpose.
sub expected {
    my ($self, %answers) = @_;
    return $self->is_ours ? $answers{ours} : $answers{kafka};
}

sub server  { return $_[0]{server}; }
sub host    { return $_[0]{host}; }
sub port    { return $_[0]{port}; }
sub address { return "$_[0]{host}:$_[0]{port}"; }

sub connect {
    my ($self, %with) = @_;
    return KafkaWire->connect($self->{host}, $self->{port}, %with);
}

# A topic name that no earlier run has used.
sub name {
    my ($self, $name) = @_;
    return $name . $self->{suffix};
}

# create_topic($name, %fields of CreateTopics; configs => { key => value }): the topic, ready to be used.
sub create_topic {
    my ($self, $name, %with) = @_;
    my $client  = $self->connect;
    my $configs = delete $with{configs} // {};
    $name = $self->name($name);
    my $request = {
        %with,
        name    => $name,
        configs => [map { { name => $_, value => $configs->{$_} } } sort keys %$configs]
    };
    my $made = create_topics($client, 7, [$request])->{$name};
    die "cannot create $name: " . error_name($made->{error_code}) if $made->{error_code} != 0;
    my $topic = { name => $name, id => $made->{topic_id} };
    $self->wait_for_topic($client, $topic);
    return $topic;
}

# Kafka's brokers hear of a new topic a little after it was made; ours knows it at once, which 108 asserts.
sub wait_for_topic {
    my ($self, $client, $topic) = @_;
    wait_until(
        "topic $topic->{name} is served",
        sub {
            my $seen = metadata($client, 12, [$topic->{name}], allow_auto_topic_creation => 0)->{topics}[0];
            return 0 if $seen->{error_code} != 0 || $seen->{topic_id} ne ($topic->{id} // $seen->{topic_id});
            return 0 if grep { $_->{error_code} != 0 } @{ $seen->{partitions} };
            my @indices = map { $_->{partition_index} } @{ $seen->{partitions} };
            return !grep { list_offset($client, 7, $topic, -1, partition_index => $_)->{error_code} != 0 }
                @indices;
        }
    );
    return;
}

# Kafka has no coordinator before its internal topics are made, which the first question for one begins.
sub wait_for_coordinators {
    my ($self) = @_;
    for my $type (0, 1) {
        my $asked = { key_type => $type, coordinator_keys => ['g'] };
        wait_until("key type $type has a coordinator",
            sub { $self->connect->call('FindCoordinator', 4, $asked)->{coordinators}[0]{error_code} == 0 });
    }
    return;
}

# A topic that does not exist, by name or by id.
sub missing_topic {
    my ($self) = @_;
    return { name => $self->name('no-such-topic'), id => '0123456789abcdef0123456789abcdef' };
}

# Ends the script: the worker has to be alive and the log without unexpected messages.
sub finish {
    my ($self) = @_;
    my $answer = $self->connect->call('ApiVersions', 0, {});
    is($answer->{error_code}, 0, 'the broker still serves new connections');
    $self->{server}->finish if $self->{server};
    done_testing()          if !$self->{server};
    return;
}

# --- Assertions and waiting ------------------------------------------------------------------------

# error_is($code, 'KAFKA_NAME', $test): compares by name, so that a failure can be read.
sub error_is {
    my ($code, $expected, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(error_name($code), $expected, $test);
}

# values_are($fetched, \@values, $test): the values of a fetched partition's records.
sub values_are {
    my ($fetched, $expected, $test) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([map { $_->{value} } records_of($fetched)], $expected, $test);
}

# Polls until the condition holds, and returns what it returned; ends the test if it never does.
sub wait_until {
    my ($what, $condition) = @_;
    my $deadline = time + $patience;
    while (time < $deadline) {
        my $result = $condition->();
        return $result if $result;
        select undef, undef, undef, 0.02;
    }
    die "not within $patience s: $what";
}

# kcat(\@arguments, input => $bytes): runs kcat to its end. Returns (exit code, standard output, standard
# error).
sub kcat {
    my ($arguments, %with) = @_;
    require IPC::Run;
    my ($output, $errors) = ('', '');
    my $input = $with{input} // '';
    my $run =
        IPC::Run::start(['kcat', @$arguments], \$input, \$output, \$errors, IPC::Run::timeout($patience * 2));
    $run->finish;
    return ($run->result(0), $output, $errors);
}

1;
