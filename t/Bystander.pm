# A client that goes on with its work while others attack the broker, in a process of its own: it produces a record, reads
# it back, and again. It also watches the memory of the broker's process.
#
#     my $bystander = Bystander->watch($broker);
#     ...                                         # the attack
#     $bystander->was_served('a flood');          # asserts that every record came back, from the same process
#
# Its longest wait is asserted with a bound of seconds that stands for "not stuck". Other latencies are only noted (of a produce
# and of a fetch, before the attack and during it): no machine is fast enough to assert them.
package Bystander;

use strict;
use warnings;
use KafkaRequests;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

# Between two rounds, seconds: a client among others, not an attacker itself.
my $pause = 0.005;
# Rounds before the attack, to know that all is well; before the first one as many as tell what is usual here.
my ($few_rounds, $many_rounds) = (30, 400);
# Seconds without a finished round that count as stuck.
my $stuck = 5;

# Memory of a process without what it shares with others, in bytes; undef if it is gone.
sub private_memory {
    my ($pid) = @_;
    open my $status, '<', "/proc/$pid/status" or return undef;
    my ($kib) = join('', readline $status) =~ /^RssAnon:\s+(\d+) kB/m;
    return defined $kib ? $kib * 1024 : undef;
}

sub watch {
    my ($class, $broker) = @_;
    my $topic = $broker->{bystander} //= $broker->create_topic('bystander');
    my $self  = bless { broker => $broker, broker_pid => $broker->server->pid_of('broker') }, $class;
    $self->{memory_before} = private_memory($self->{broker_pid});
    pipe my $stop,    $self->{stop}  or die "pipe: $!";
    pipe $self->{results}, my $tell or die "pipe: $!";
    $self->{process} = fork // die "fork: $!";
    if (!$self->{process}) {
        $0 = 'bystander';    # found by name, should its priority be changed
        close $self->{stop};
        my $seen = eval { $self->_work($topic, $stop, $tell) } // { failure => $@ };
        $tell->print(map { "$_ $seen->{$_}\n" } keys %$seen);
        $tell->flush;
        POSIX::_exit(0);
    }
    close $tell;
    $self->{told} = readline $self->{results};    # the quiet rounds are over, or have failed
    ($broker->{quiet_p99}) = ($self->{told} // '') =~ /^quiet_p99 (.*)/ if !defined $broker->{quiet_p99};
    return $self;
}

# Produces a record and reads it back; how long each took, in milliseconds.
sub _round {
    my ($client, $topic, $value) = @_;
    my $began    = time;
    my $offset   = produce_values($client, $topic, $value);
    my $produced = time;
    my @values   = map { $_->{value} } records_of(fetch($client, 12, $topic, $offset));
    my $fetched  = time;
    die "record $offset came back as @values, not $value\n" if "@values" ne $value;
    return (1000 * ($produced - $began), 1000 * ($fetched - $produced));
}

sub _percentile {
    my ($part, @times) = @_;
    return sprintf '%.1f', (sort { $a <=> $b } @times)[$part * $#times] // 0;
}

# Some rounds before the attack, and then until the other end of the pipe is closed. A round that is not over then was not
# during the attack, but counts as a wait.
sub _work {
    my ($self, $topic, $stop, $tell) = @_;
    my $client = $self->{broker}->connect;
    my $rounds_before = defined $self->{broker}{quiet_p99} ? $few_rounds : $many_rounds;
    my @quiet         = map { select(undef, undef, undef, $pause); _round($client, $topic, "bystander $$ quiet $_") } 1 .. $rounds_before;
    $tell->print("quiet_p99 " . _percentile(0.99, @quiet) . "\n");
    $tell->flush;
    my ($finished, $gap, $peak, $rounds, @took) = (time, 0, 0, 0);
    while (!IO::Select->new($stop)->can_read($pause)) {
        $rounds = @took / 2;
        push @took, _round($client, $topic, "bystander $$ $rounds");
        $gap = time - $finished if time - $finished > $gap;
        $finished = time;
        my $memory = private_memory($self->{broker_pid}) // die "the broker's process is gone\n";
        $peak = $memory if $memory > $peak;
    }
    return { rounds => $rounds, gap => $gap, peak => $peak,
        p50 => _percentile(0.5, @took), p99 => _percentile(0.99, @took), max => _percentile(1, @took) };
}

# Ends the work and asserts that it went well; what was seen: rounds, gap (seconds), peak (bytes), p50, p99, max.
sub was_served {
    my ($self, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    close $self->{stop};
    my %seen = map { /^(\S+) (.*)/ ? ($1 => $2) : () } $self->{told}, readline $self->{results};
    waitpid $self->{process}, 0;
    my $mib = 2**20;
    note(sprintf '%s: %d rounds, p50 %s ms, p99 %s ms (before the first attack %s ms), longest %s ms; memory %d MiB, peak %d MiB, now %d MiB', $what,
        map({ $_ // 0 } @seen{qw(rounds p50 p99)}, $self->{broker}{quiet_p99}, $seen{max}), map { ($_ // 0) / $mib } $self->{memory_before}, $seen{peak},
        private_memory($self->{broker_pid}));
    is($seen{failure}, undef, "$what: a bystander gets back what it produces");
    cmp_ok($seen{rounds} // 0, '>', 0, "$what: it was served meanwhile");
    cmp_ok($seen{gap} // $stuck, '<', $stuck, "$what: all the while");
    is($self->{broker}->server->pid_of('broker'), $self->{broker_pid}, "$what: by the same process");
    return \%seen;
}

# Asserts what the broker's memory grew by: at most, and in the end.
sub memory_was_bounded {
    my ($self, $what, $seen, $most, $left) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    cmp_ok(($seen->{peak} // 0) - $self->{memory_before}, '<', $most, "$what: its memory is bounded");
    my $now = sub { private_memory($self->{broker_pid}) - $self->{memory_before} };
    $self->{broker}->server->wait_for("memory after $what", sub { $now->() < $left });    # it takes some seconds
    cmp_ok($now->(), '<', $left, "$what: and given back");
    return;
}

1;
