# Producers that write while something terrible happens, each in a process of its own with its own partition, and what has
# to be true afterwards. Every attempt to write has values of its own, so what is stored tells which attempts succeeded.
#
#     my $load = Load->start($broker, 'load', 4);
#     ...                                        # kill, drop, lock
#     $load->wait_for_progress('after the kill');
#     $load->stop;
#     $load->verify;                             # nothing acknowledged is lost, nothing is there twice
package Load;

use strict;
use warnings;
use KafkaRequests;
use PostgreSQL::Test::Utils ();
use POSIX ();
use Test::More;

sub start {
    my ($class, $broker, $name, $producers) = @_;
    my $self = bless {
        broker     => $broker,
        topic      => $broker->create_topic($name, num_partitions => $producers),
        partitions => [0 .. $producers - 1],
        folder     => PostgreSQL::Test::Utils::tempdir(),
        processes  => []
    }, $class;
    for my $partition (@{ $self->{partitions} }) {
        my $test = $$;
        my $pid  = fork // die "fork: $!";
        if (!$pid) {
            eval { $self->_produce_until_stopped($partition, $test) };
            warn $@ if $@;
            POSIX::_exit($@ ? 1 : 0);
        }
        push @{ $self->{processes} }, $pid;
    }
    return $self;
}

sub topic { return $_[0]{topic}; }

sub _value { my ($partition, $attempt, $at) = @_; return "p$partition-a$attempt-$at"; }

# Batches of one to twenty records until the file "stop" appears, or the test is gone. Each attempt is written down: "offset count
# attempt" if it was acknowledged, "refused error attempt", or "unanswered 0 attempt".
sub _produce_until_stopped {
    my ($self, $partition, $test) = @_;
    open my $log, '>', "$self->{folder}/$partition" or die $!;
    my ($client, $attempt) = (undef, 0);
    while (!-e "$self->{folder}/stop" && getppid == $test) {
        my $count  = 1 + ++$attempt % 20;
        my $batch  = batch_of(map { _value($partition, $attempt, $_) } 0 .. $count - 1);
        my $answer = eval {
            $client //= $self->{broker}->connect;
            produce($client, 9, $self->{topic}, { $partition => $batch })->{$partition};
        };
        my $error = $answer ? $answer->{error_code} : undef;
        $log->syswrite(!$answer ? "unanswered 0 $attempt\n" : $error ? "refused $error $attempt\n" : "$answer->{base_offset} $count $attempt\n");
        undef $client if !$answer;
        select undef, undef, undef, 0.01 if !$answer || $error;    # as clients back off
    }
    return;
}

# What was written down so far; each line is read once.
sub _attempts {
    my ($self, $partition) = @_;
    my $known = $self->{attempts}{$partition} //= [];
    if (!$self->{logs}{$partition}) {
        open my $opened, '<', "$self->{folder}/$partition" or return;    # the producer has not begun
        $self->{logs}{$partition} = $opened;
    }
    my $log = $self->{logs}{$partition};
    while (defined(my $line = <$log>)) {
        if ($line !~ /\n\z/) { seek $log, -length $line, 1; last; }    # still being written
        push @$known, [split ' ', $line];
    }
    seek $log, 0, 1;    # so that more can be read later
    return @$known;
}

sub _acknowledged { my ($self, $partition) = @_; return grep { $_->[0] =~ /^\d/ } $self->_attempts($partition); }

# How many attempts were acknowledged so far, by partition: what verify(since => ...) begins with.
sub mark {
    my ($self) = @_;
    return [map { scalar(() = $self->_acknowledged($_)) } @{ $self->{partitions} }];
}

# How many attempts were refused, over all partitions.
sub refused {
    my ($self) = @_;
    return scalar grep { $_->[0] eq 'refused' } map { $self->_attempts($_) } @{ $self->{partitions} };
}

# All producers get something acknowledged.
sub wait_for_progress {
    my ($self, $what) = @_;
    my $before = $self->mark;
    $self->{broker}->server->wait_for("progress $what",
        sub { my $now = $self->mark; !grep { $now->[$_] < $before->[$_] + 20 } @{ $self->{partitions} } });
    return;
}

sub stop {
    my ($self) = @_;
    open my $stop, '>', "$self->{folder}/stop" or die $!;
    waitpid $_, 0 for @{ $self->{processes} };
    return;
}

# What is stored, by SQL and by a consumer, against what was acknowledged. `since`: the log was cut then (see mark), so
# only what was acknowledged later has to be there, and offsets need not begin at 0.
sub verify {
    my ($self, %with) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $partition (@{ $self->{partitions} }) {
        my $stored = $self->{broker}->server->sql("SELECT \"offset\" || ' ' || convert_from(value, 'UTF8') FROM kafka.messages"
                . " WHERE topic = '$self->{topic}{name}' AND partition = $partition ORDER BY \"offset\"");
        my ($first) = $with{since} ? $stored =~ /^(\d+)/ : 0;
        my $end     = list_offset($self->{broker}->connect, 7, $self->{topic}, -1, partition_index => $partition)->{offset};
        my ($next, $gaps, %offset_of) = ($first, 0);
        while ($stored =~ /^(\d+) (\S+)$/mg) {
            $gaps++ if $1 != $next;
            $next = $1 + 1;
            push @{ $offset_of{$2} }, $1;
        }
        is($next, $end, "partition $partition: everything up to the end is there");
        is($gaps, 0,    "partition $partition: offsets have no gap");
        is(scalar(grep { @$_ > 1 } values %offset_of), 0, "partition $partition: nothing is there twice");

        my @acknowledged = $self->_acknowledged($partition);
        splice @acknowledged, 0, $with{since}[$partition] if $with{since};
        my $lost = 0;
        for my $batch (@acknowledged) {
            my ($offset, $count, $attempt) = @$batch;
            $lost += grep { ($offset_of{ _value($partition, $attempt, $_) }[0] // -1) != $offset + $_ } 0 .. $count - 1;
        }
        is($lost, 0, "partition $partition: every acknowledged record is at its offset");
        cmp_ok(scalar @acknowledged, '>=', 20, "partition $partition: there was load");
        # What was dropped may still be in the broker's memory.
        my @consumed = grep { (split ' ')[0] >= $first } $self->{broker}->server->consume($self->{topic}{name}, partition => $partition, format => '%o %s');
        ok(join("\n", @consumed) eq $stored, "partition $partition: consumers read the same");
    }
    note(join ', ', 'acknowledged ' . join(' ', @{ $self->mark }), 'refused ' . $self->refused);
    return;
}

1;
