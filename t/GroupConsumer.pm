# A member of a consumer group that runs beside the test: kcat -G, which commits what it has printed.
package GroupConsumer;

use strict;
use warnings;
use IPC::Run;

# start($address, $group, \@topics, %options): `settings` are of librdkafka, [name => value, ...].
sub start {
    my ($class, $address, $group, $topics, %with) = @_;
    my @settings = ('auto.offset.reset=earliest', 'auto.commit.interval.ms=100', @{ $with{settings} // [] });
    my $self     = bless { out => '', err => '', in => '' }, $class;
    my @command  = ('kcat', '-b', $address, '-u', '-E', (map { ('-X', $_) } @settings), '-G', $group, @$topics, '-f', "%t %p %o %s\n");
    $self->{run} = IPC::Run::start(\@command, \$self->{in}, \$self->{out}, \$self->{err});
    return $self;
}

# What it has consumed so far, a list of [topic, partition, offset, value].
sub records {
    my ($self) = @_;
    $self->{run}->pump_nb if $self->{run};
    return map { [split / /, $_, 4] } $self->{out} =~ /^(.+)\n/mg;
}

# The partitions that it was assigned last, sorted: "orders-0 orders-1".
sub assigned {
    my ($self) = @_;
    $self->{run}->pump_nb if $self->{run};
    my $partitions = '';
    for my $line (split /\n/, $self->{err}) {
        $partitions = $1 if $line =~ /assigned: (.*)$/;
        $partitions = '' if $line =~ /revoked: /;
    }
    return join ' ', sort map { s/^(.*) \[(\d+)\]$/$1-$2/r } split /, /, $partitions;
}

sub log { return $_[0]{err} }

# Ends it: with TERM it leaves its group; with KILL the group finds out by itself.
sub stop {
    my ($self, $signal) = @_;
    return if !$self->{run};
    $self->{run}->signal($signal // 'TERM');
    eval { $self->{run}->finish };
    delete $self->{run};
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?);
    $self->stop('KILL');
    return;
}

1;
