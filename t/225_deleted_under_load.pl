# Topics are deleted, by Kafka and by SQL, and made again under the same name while others write to them and read from them: clients hear of
# it, nobody sees records of the topic before, and the rest of the log is not disturbed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Load;
use POSIX ();
use PostgreSQL::Test::Utils ();
use Test::More;

my $broker = KafkaTest->start('pg_kafka.auto_create_topics' => 'off');
my $server = $broker->server or plan skip_all => 'needs SQL';
my $client = $broker->connect;
my $other  = Load->start($broker, 'undisturbed', 2);
my $folder = PostgreSQL::Test::Utils::tempdir();
my $name   = $broker->name('short-lived');

# Writes and reads by name until the file "stop" appears. Values tell the life of the topic in which they were written; a reader that
# goes on at an offset of a topic must never get a record of a life before one that it has seen.
sub work {
    my ($body) = @_;
    my $test = $$;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    my $done = eval {
        my $client = $broker->connect;
        $body->($client) while !-e "$folder/stop" && getppid == $test;
        1;
    };
    warn $@ if !$done;
    POSIX::_exit($done ? 0 : 1);
}

sub life { open my $file, '<', "$folder/life" or return 0; return 0 + (<$file> // 0); }
sub begin_life {
    my ($life) = @_;
    open my $file, '>', "$folder/life.new" or die $!;
    print $file $life;
    close $file;
    return rename "$folder/life.new", "$folder/life";
}

my %expected = map { $_ => 1 } 0, 3, 6, 56; # none, unknown topic, not leader, storage
my @workers = map { my $partition = $_; work(sub {
    my ($client) = @_;
    my $answer = produce($client, 9, { name => $name }, { $partition => batch_of('life ' . life()) })->{$partition};
    die "produce: $answer->{error_code}" if !$expected{ $answer->{error_code} };
}) } 0, 1;
push @workers, map { my $partition = $_; my ($at, $last) = (0, 0); work(sub {
    my ($client) = @_;
    my $answer = fetch($client, 12, { name => $name }, $at, partition => $partition, request => { max_wait_ms => 20, min_bytes => 1 });
    return $at = 0 if $answer->{error_code} == 1 || $answer->{error_code} == 3;
    die "fetch: $answer->{error_code}" if !$expected{ $answer->{error_code} };
    for my $record (records_of($answer)) {
        my ($life) = $record->{value} =~ /^life (\d+)$/ or die "not written by anybody: $record->{value}";
        die "life $life after $last" if $life < $last - 1; # a producer may have read the number before the topic was deleted
        $last = $life if $life > $last;
        $at = $record->{offset} + 1;
    }
}) } 0, 1;

for my $life (1 .. 20) {
    begin_life($life);
    if ($life % 2) { create_topics($client, 7, [{ name => $name, num_partitions => 2 }]) }
    else           { $server->sql("SELECT kafka.create_topic('$name', 2)") }
    my $topic = { name => $name };
    $server->wait_for("both partitions to be written to in life $life", sub { 2 == grep { (list_offset($client, 7, $topic, -1, partition_index => $_)->{offset} // 0) > 3 } 0, 1 });
    $life % 3 ? delete_topics($client, 5, [$name]) : $server->sql("SELECT kafka.delete_topic('$name')");
    $server->wait_for('it is gone', sub { metadata($client, 12, [$name], allow_auto_topic_creation => 0)->{topics}[0]{error_code} == 3 });
}
open my $stop, '>', "$folder/stop" or die $!;
is(join(' ', map { waitpid $_, 0; $? } @workers), '0 0 0 0', 'writers and readers heard what clients can live with');
$server->wait_for('the tables to be dropped', sub { $server->sql(q{SELECT count(*) FROM pg_class WHERE relname ~ '^segment_\d+$' AND relkind = 'r'}) == 1 });
is($server->sql("SELECT count(*) FROM kafka.messages WHERE topic = '$name'"), 0, 'nothing is left of it');
$other->wait_for_progress('of who has nothing to do with it');
$other->stop;
$other->verify;
$broker->finish;
