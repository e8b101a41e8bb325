# The kit ../shared/kafka: a real Kafka, and Kafka's own tools, for tests that compare with it or use them. Where it is missing such
# tests are skipped.
package KafkaKit;

use strict;
use warnings;
use File::Temp ();
use FindBin;
use IO::Socket::IP;
use IPC::Run ();

my $kit      = "$FindBin::RealBin/../../shared/kafka/kafka";
my $home     = $ENV{KAFKA_HOME} // ($ENV{HOME} // '') . '/.cache/pg_kafka-kafka';
my $patience = 120;                                                                   # seconds for a tool
my %started;                                                                          # folders by port
my @tools;                                                                            # that run beside the script

# Why the kit cannot be used; undef if it can.
sub missing {
    return 'no Kafka kit'                    if !-x $kit;
    return 'the Kafka kit is not installed'  if !glob("$home/jars-*/.complete");
    return 'java is missing'                 if system('java -version >/dev/null 2>&1') != 0;
    return undef;
}

# start_kafka(@properties): the address of a new Kafka, which ends with the script; undef if it does not start.
sub start_kafka {
    my (@properties) = @_;
    my $port   = two_free_ports();
    my $folder = File::Temp->newdir;
    system("$kit start $port $folder @properties >$folder/start.log 2>&1") == 0 or return undef;
    $started{$port} = $folder;
    return "127.0.0.1:$port";
}

# A port whose successor is free too: the kit's Kafka takes both.
sub two_free_ports {
    for (1 .. 50) {
        my $first = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 1) or next;
        my $port  = $first->sockport;
        return $port if IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port + 1, Listen => 1);
    }
    die 'no two free ports';
}

# tool($name, @arguments): runs one of Kafka's tools to its end. Returns (exit code, standard output, standard error).
sub tool {
    my ($name, @arguments) = @_;
    my ($out, $err) = ('', '');
    IPC::Run::run([$kit, 'tool', $name, @arguments], '<', \'', '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
    return ($? >> 8, $out, $err);
}

# start_tool(\$out, \$err, $name, @arguments): one that runs beside the script, an IPC::Run.
sub start_tool {
    my ($out, $err, $name, @arguments) = @_;
    push @tools, IPC::Run::start([$kit, 'tool', $name, @arguments], '<', \'', '>', $out, '2>', $err);
    return $tools[-1];
}

# Nothing outlives the script, whose exit code is kept.
END {
    my $code = $?;
    eval { $_->signal('KILL') if $_->pumpable } for @tools;
    system("$kit stop $_ $started{$_} >/dev/null 2>&1") for keys %started;
    $? = $code;
}

1;
