# A client that goes on with its work while others attack the broker, in a process of its own: it produces a record, reads
# it back, and again. It also watches the memory of the broker's process.
#
#     my $bystander = Bystander->watch($broker);
#     ...                                         # the attack
#     $bystander->was_served('a flood');          # asserts that every record came back, from the same process
#
# Latencies are only noted (milliseconds of a produce and of a fetch): no machine is fast enough to assert them.
package Bystander;

use strict;
use warnings;
use KafkaRequests;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

# Between two rounds, seconds: a client among others, not an attacker itself.
my $pause = 0.005;

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
        close $self->{stop};
        my $seen = eval { $self->_work($topic, $stop) } // { failure => $@ };
        $tell->print(map { "$_ $seen->{$_}\n" } keys %$seen);
        $tell->flush;
        POSIX::_exit(0);
    }
    return $self;
}

# Until the other end of the pipe is closed.
sub _work {
    my ($self, $topic, $stop) = @_;
    my $client = $self->{broker}->connect;
    my ($round, $peak, @took) = (0, 0);
    my $timed = sub {
        my $began = time;
        my $result = $_[0]->();
        push @took, 1000 * (time - $began);
        return $result;
    };
    while (!IO::Select->new($stop)->can_read($round ? $pause : 0)) {
        my $value   = "bystander $$ " . ++$round;
        my $offset  = $timed->(sub { produce_values($client, $topic, $value) });
        my $fetched = $timed->(sub { fetch($client, 12, $topic, $offset) });
        my @values  = map { $_->{value} } records_of($fetched);
        die "record $offset came back as @values, not $value\n" if "@values" ne $value;
        my $memory = private_memory($self->{broker_pid}) // die "the broker's process is gone\n";
        $peak = $memory if $memory > $peak;
    }
    @took = sort { $a <=> $b } @took;
    my $percentile = sub { sprintf '%.1f', $took[$_[0] * $#took] // 0 };
    return { rounds => $round, peak => $peak, p50 => $percentile->(0.5), p99 => $percentile->(0.99), max => $percentile->(1) };
}

# Ends the work and asserts that it went well; what was seen: rounds, peak (bytes), p50, p99, max.
sub was_served {
    my ($self, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    close $self->{stop};
    my %seen = map { /^(\S+) (.*)/ ? ($1 => $2) : () } readline $self->{results};
    waitpid $self->{process}, 0;
    my $mib = 2**20;
    note(sprintf '%s: %d rounds, p50 %s ms, p99 %s ms, longest %s ms; memory %d MiB, peak %d MiB, now %d MiB', $what,
        map({ $_ // 0 } @seen{qw(rounds p50 p99 max)}), map { ($_ // 0) / $mib } $self->{memory_before}, $seen{peak},
        private_memory($self->{broker_pid}));
    is($seen{failure}, undef, "$what: a bystander gets back what it produces");
    cmp_ok($seen{rounds} // 0, '>', 0, "$what: it was served all the while");
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
