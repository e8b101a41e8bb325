# Clients of librdkafka that write, or copy, every record exactly once (exactly_once.cpp), each in a process of its own.
#
#     my $producer = ExactlyOnce->start('produce', $broker->address, 'orders', 3);
#     wait_until('it writes', sub { $producer->lines(qr/^0 /) > 100 });
#     $producer->signal('TERM');
#     wait_until('it has written all', sub { $producer->ended });
package ExactlyOnce;

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils ();
use POSIX ();
use Test::More;

my $clients = 0;
my ($folder, %running);    # pids

# Why they cannot be had; undef if they can. Compiles the program.
sub missing {
    return 'librdkafka++ or a C++ compiler is missing'
        if system('c++ -x c++ -fsyntax-only -include librdkafka/rdkafkacpp.h /dev/null 2>/dev/null') != 0;
    $folder //= PostgreSQL::Test::Utils::tempdir();
    system("c++ -std=c++20 -O1 -o $folder/exactly_once $FindBin::RealBin/exactly_once.cpp -lrdkafka++") == 0
        or die 'exactly_once.cpp cannot be compiled';
    return undef;
}

# start(@arguments): those of exactly_once.cpp.
sub start { my ($class, @arguments) = @_; return $class->run("$folder/exactly_once", @arguments); }

# run(@command): any other client that is to run beside the script.
sub run {
    my ($class, @command) = @_;
    my $self = bless { command => \@command, output => "$folder/" . ++$clients . '.out', errors => "$folder/$clients.err" }, $class;
    my $pid  = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', $self->{output} or POSIX::_exit(1);
        open STDERR, '>', $self->{errors} or POSIX::_exit(1);
        exec(@command) or POSIX::_exit(1);
    }
    $running{$pid} = 1;
    $self->{pid} = $pid;
    return $self;
}

# Another one, like this one was started.
sub successor { my ($self) = @_; return ref($self)->run(@{ $self->{command} }); }

# Where its output ends now: what lines() begins with.
sub mark { return -s $_[0]{output}; }

# The lines of its output, from a mark on, that match.
sub lines {
    my ($self, $pattern, $mark) = @_;
    open my $output, '<', $self->{output} or die $!;
    seek $output, $mark // 0, 0;
    return grep { /\n\z/ && $_ =~ $pattern } <$output>;
}

sub errors { return PostgreSQL::Test::Utils::slurp_file($_[0]{errors}); }

sub signal { my ($self, $signal) = @_; kill $signal, $self->{pid}; return; }

# Has it ended?
sub ended {
    my ($self) = @_;
    return 1 if !$running{ $self->{pid} };
    return 0 if waitpid($self->{pid}, POSIX::WNOHANG()) != $self->{pid};
    $self->{code} = $? >> 8;
    delete $running{ $self->{pid} };
    return 1;
}

sub exit_code { return $_[0]{code}; }

# Nothing outlives the script, whose exit code is kept.
END {
    my $code = $?;
    kill 'KILL', $_ for keys %running;
    $? = $code;
}

1;
