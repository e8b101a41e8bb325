# A PostgreSQL server of its own for a test, with pg_kafka loaded, and kcat to talk to it.
#
#     my $server = PgKafka->new(settings => { 'pg_kafka.max_connections' => 5 });
#     $server->produce('orders', 'one', 'two');
#     is_deeply([$server->consume('orders')], ['one', 'two'], 'what was produced is consumed');
#     $server->finish;
#
# Nothing here sleeps for a fixed time: wait_for polls until a condition holds, or ends the test.
package PgKafka;

use strict;
use warnings;
use IO::Socket::INET;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(time);

my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 60;    # seconds until a condition counts as never fulfilled

# new(%options): a running server that serves Kafka clients. Options:
#   name       of the server, if a script has several
#   settings   lines of postgresql.conf: { name => value }
#   streaming  it can have standbys
#   extension  0: CREATE EXTENSION is left to the script, and nothing answers on the port yet
#   path       of a PostgreSQL installation, if it is not to be the one in PATH
sub new {
    my ($class, %options) = @_;
    my $node = PostgreSQL::Test::Cluster->new($options{name} // 'main', install_path => $options{path});
    my $self = bless { node => $node, port => PostgreSQL::Test::Cluster::get_free_port(), expected => [] }, $class;
    $node->init(allows_streaming => $options{streaming} // 0);
    $self->configure(
        shared_preload_libraries => 'pg_kafka',
        'pg_kafka.host'          => '127.0.0.1',
        'pg_kafka.port'          => $self->{port},
        %{ $options{settings} // {} });
    $node->start;
    $self->create_extension if $options{extension} // 1;
    return $self;
}

# standby_of($primary): a running hot standby of that server.
sub standby_of {
    my ($class, $primary) = @_;
    my $node = PostgreSQL::Test::Cluster->new('standby');
    my $self = bless { node => $node, port => PostgreSQL::Test::Cluster::get_free_port(), expected => [] }, $class;
    $primary->node->backup('for_standby');
    $node->init_from_backup($primary->node, 'for_standby', has_streaming => 1);
    $self->configure('pg_kafka.port' => $self->{port});
    $node->start;
    return $self;
}

# recovered($primary, $backup, %settings): a running server from the backup of another and what that has archived, up to the target
# that the settings of recovery name.
sub recovered {
    my ($class, $primary, $backup, %settings) = @_;
    my $node = PostgreSQL::Test::Cluster->new('recovered');
    my $self = bless { node => $node, port => PostgreSQL::Test::Cluster::get_free_port(), expected => [] }, $class;
    $node->init_from_backup($primary->node, $backup, has_restoring => 1, standby => 0);
    $self->configure('pg_kafka.port' => $self->{port}, recovery_target_action => 'promote', %settings);
    $node->start;
    $self->wait_for_port;
    return $self;
}

sub node       { return $_[0]{node}; }
sub kafka_port { return $_[0]{port}; }
sub address    { return "127.0.0.1:$_[0]{port}"; }

# --- PostgreSQL ------------------------------------------------------------------------------------

# The result of a statement, as psql -At prints it.
sub sql {
    my ($self, $statement, $database) = @_;
    return $self->{node}->safe_psql($database // 'postgres', $statement);
}

sub create_extension {
    my ($self) = @_;
    $self->sql('CREATE EXTENSION pg_kafka');
    $self->wait_for_port;
    return;
}

# Adds lines to postgresql.conf.
sub configure {
    my ($self, %settings) = @_;
    for my $name (sort keys %settings) {
        (my $value = $settings{$name}) =~ s/'/''/g;
        $self->{node}->append_conf('postgresql.conf', "$name = '$value'");
    }
    return;
}

# Does the process still run? One that has ended may be listed for a while, until its new parent has looked after it.
sub runs {
    my ($self, $pid) = @_;
    return 0 if !kill 0, $pid;
    open my $stat, '<', "/proc/$pid/stat" or return 0;
    return (readline($stat) // '') !~ /^\d+ \(.*\) [ZX] /;
}

# Starts the server again after its postmaster was killed. @processes are those that it had: they end by themselves.
sub start_after_death {
    my ($self, @processes) = @_;
    $self->wait_for('the end of the processes', sub { !grep { $self->runs($_) } @processes });
    # The lock files name the old postmaster, so a start fails for as long as that is listed.
    $self->expect_in_log(qr/pre-existing shared memory block/, qr/lock file ".*" already exists/);
    $self->wait_for('a new start', sub { undef $self->{node}{_pid}; $self->{node}->start(fail_ok => 1) });
    $self->wait_for_port;
    return;
}

# Restarts the server on a new timeline: as a standby that is promoted at once. For one made with streaming => 1.
sub restart_promoted {
    my ($self) = @_;
    my $node = $self->{node};
    $node->stop;
    $node->set_standby_mode;
    $node->start;
    $node->promote;
    $self->wait_for_port;
    return;
}

# Changes settings and reloads; they take effect a moment later.
sub set {
    my ($self, %settings) = @_;
    $self->configure(%settings);
    $self->{port} = $settings{'pg_kafka.port'} if $settings{'pg_kafka.port'};
    $self->{node}->reload;
    return;
}

# The process id of a worker ("broker" or "janitor"), or nothing.
sub pid_of {
    my ($self, $worker) = @_;
    return $self->sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_kafka $worker'");
}

# --- The log ---------------------------------------------------------------------------------------

sub log_text {
    my ($self) = @_;
    return PostgreSQL::Test::Utils::slurp_file($self->{node}->logfile);
}

# How often a pattern is in the log.
sub log_count {
    my ($self, $pattern) = @_;
    my $count = () = $self->log_text =~ /$pattern/g;
    return $count;
}

# Waits until the log has the pattern, $times times.
sub wait_for_log {
    my ($self, $pattern, $times) = @_;
    $times //= 1;
    return $self->wait_for("$times times $pattern in the log", sub { $self->log_count($pattern) >= $times });
}

# Warnings and errors that match any of the patterns are meant by the test.
sub expect_in_log {
    my ($self, @patterns) = @_;
    push @{ $self->{expected} }, @patterns;
    return;
}

# Lines of the log that no test should leave behind.
sub unexpected_in_log {
    my ($self) = @_;
    # A psql of the script's that has ended, whose session had not when the server was stopped.
    my @expected = (qr/\.pl FATAL:  terminating connection due to administrator command/, @{ $self->{expected} });
    return grep {
        my $line = $_;
        $line =~ /\b(?:WARNING|ERROR|FATAL|PANIC):  / && !grep { $line =~ $_ } @expected;
    } split /\n/, $self->log_text;
}

# --- Waiting ---------------------------------------------------------------------------------------

# Polls until the condition is true and returns its value; ends the test if it never is.
sub wait_for {
    my ($self, $what, $condition) = @_;
    my $deadline = time + $patience;
    while (time < $deadline) {
        my $value = $condition->();
        return $value if $value;
        select undef, undef, undef, 0.02;
    }
    diag $self->log_text;
    die "waited $patience seconds in vain for $what";
}

# Does a TCP connection to the Kafka port succeed?
sub answers {
    my ($self, $port) = @_;
    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port // $self->{port}, Timeout => 5);
}

sub wait_for_port {
    my ($self) = @_;
    return $self->wait_for("an answer on port $self->{port}", sub { $self->answers });
}

# Waits until nobody listens on the port any more.
sub wait_for_silence {
    my ($self, $port) = @_;
    return $self->wait_for('the end of the listener', sub { !$self->answers($port) });
}

# --- kcat ------------------------------------------------------------------------------------------

# kcat(\@arguments, $input): its exit code, standard output and standard error.
sub kcat {
    my ($self, $arguments, $input) = @_;
    my ($out, $err) = ('', '');
    my @command = ('kcat', '-b', $self->address, @$arguments);
    IPC::Run::run(\@command, '<', \($input // ''), '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
    return ($? >> 8, $out, $err);
}

# Produces each line as the value of a record, and dies unless all were acknowledged.
sub produce {
    my ($self, $topic, @lines) = @_;
    my ($code, undef, $err) = $self->kcat(['-P', '-t', $topic], join '', map { "$_\n" } @lines);
    die "kcat could not produce to $topic: $err" if $code != 0;
    return;
}

# consume($topic, %options): the values in a topic from its beginning to its end. Options: partition, offset (also
# "beginning" or a negative number from the end), format (of kcat -f, without the final newline), count.
sub consume {
    my ($self, $topic, %options) = @_;
    my @arguments = ('-C', '-q', '-e', '-t', $topic, '-o', $options{offset} // 'beginning', '-f', ($options{format} // '%s') . "\n");
    push @arguments, '-p', $options{partition} if defined $options{partition};
    push @arguments, '-c', $options{count}     if defined $options{count};
    my ($code, $out, $err) = $self->kcat(\@arguments);
    die "kcat could not consume $topic: $err" if $code != 0;
    return split /\n/, $out;
}

# --- Restore ---------------------------------------------------------------------------------------

# Runs what pg_dump wrote into a file, statement by statement, and $between->() after each.
sub restore_step_by_step {
    my ($self, $file, $between) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($input, $output, $errors) = ('', '', '');
    my $psql = IPC::Run::start(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{node}->connstr('postgres')],
        '<', \$input, '>', \$output, '2>', \$errors, IPC::Run::timeout(2 * $patience));
    my $steps = 0;
    for my $step (split /^(?=COPY |CREATE |ALTER |SELECT )/m, PostgreSQL::Test::Utils::slurp_file($file)) {
        $steps++;
        $input .= "$step\nSELECT 'step $steps done';\n";
        $psql->pump until $output =~ /^step $steps done$/m || !$psql->pumpable;
        $between->();
    }
    $psql->finish;
    is($psql->result(0), 0, "psql restores it, in $steps steps") or diag $errors;
    return;
}

# --- The end ---------------------------------------------------------------------------------------

# The last checks of every script: the workers are alive and the log has nothing that the test did not expect.
sub finish {
    my ($self) = @_;
    $self->check;
    $self->{node}->stop;
    done_testing();
    return;
}

sub check {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($self->pid_of('broker'),  'the broker is alive');
    ok($self->pid_of('janitor'), 'the janitor is alive');
    is(join("\n", $self->unexpected_in_log), '', 'no unexpected warning or error in the log');
    return;
}

1;
