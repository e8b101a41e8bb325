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

# The partitions that it has, sorted: "orders-0 orders-1". By the cooperative protocol it is told of changes only.
sub assigned {
    my ($self) = @_;
    my %has;
    for my $change ($self->changes) {
        my ($what, @partitions) = @$change;
        $what eq 'assigned' ? @has{@partitions} = @partitions : delete @has{@partitions};
    }
    return join ' ', sort keys %has;
}

# What it was told to take and to give up, in order: ['assigned', 'orders-0', 'orders-1'], ['revoked', 'orders-1'].
sub changes {
    my ($self) = @_;
    $self->{run}->pump_nb if $self->{run};
    my @changes;
    for my $line (split /\n/, $self->{err}) {
        my ($what, $partitions) = $line =~ /rebalanced.*?\b(assign|revoke).*?: (.*)$/ or next;
        push @changes, [$what eq 'assign' ? 'assigned' : 'revoked', sort map { s/^(.*) \[(\d+)\]$/$1-$2/r } split /, /, $partitions];
    }
    return @changes;
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
