# Faults of the operating system in a test's server: flushes that fail, a clock that is set (faults.c, preloaded).
#
#     my $faults = Faults->start($broker);     # restarts the server; skips the script where that cannot be had
#     $faults->fail_next('fdatasync');              # the next one, once
#     $faults->set_clock(-3600);               # seconds from the true time
package Faults;

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils ();
use Test::More;

sub start {
    my ($class, $broker) = @_;
    my $self = bless { server => $broker->server, folder => PostgreSQL::Test::Utils::tempdir() }, $class;
    my $library = "$self->{folder}/faults.so";
    if (system("cc -shared -fPIC -O1 -o $library $FindBin::RealBin/faults.c -ldl") != 0) {
        $self->{server}->node->stop;
        plan skip_all => 'faults.c cannot be compiled';
    }
    open my $clock, '>', "$self->{folder}/clock" or die $!;
    print $clock pack 'q', 0;
    close $clock;
    local $ENV{LD_PRELOAD} = $library;
    local $ENV{FAULTS}     = $self->{folder};
    $self->{server}->node->restart;
    $self->{server}->wait_for_port;
    return $self;
}

# Returns when one has failed.
sub fail_next {
    my ($self, $call) = @_;
    my $file = "$self->{folder}/$call";
    open my $opened, '>', $file or die $!;
    $self->{server}->wait_for("$call to fail", sub { !-e $file });
    return;
}

sub set_clock {
    my ($self, $seconds) = @_;
    open my $clock, '+<', "$self->{folder}/clock" or die $!;
    syswrite $clock, pack 'q', $seconds;
    return;
}

1;
