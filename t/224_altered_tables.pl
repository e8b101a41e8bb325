# What somebody does by hand to the tables of the log under load: names, columns and constraints of his own. What does not matter is passed
# over; else producers are refused with an error that clients retry, the log says what to do, and when that is done they go on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Load;
use Test::More;

my $broker = KafkaTest->start;
my $server = $broker->server or plan skip_all => 'alters the tables of our own server';
my $load   = Load->start($broker, 'load', 2);
my $name   = $load->topic->{name};
$load->wait_for_progress('at first');
my $segment = $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$name'");
my $large  = $broker->create_topic('large', num_partitions => 1);
produce_values($broker->connect, $large, 'first');
my $large_segment = $server->sql("SELECT 'kafka.segment_' || max(id) FROM kafka.segment WHERE topic_id = '$large->{id}'");
my $broker_pid = $server->pid_of('broker');
$server->expect_in_log(qr/pg_kafka could not/, qr/is not like kafka\.batch/);

sub refused_by {
    my ($change, $what) = @_;
    my $refused = $load->refused;
    $server->sql($change);
    $server->wait_for("producers to be refused: $what", sub { $load->refused > $refused });
    return pass("refused: $what");
}
sub served_after {
    my ($change, $what) = @_;
    $server->sql($change);
    $load->wait_for_progress($what);
    return pass("served: $what");
}

served_after("ALTER TABLE $segment RENAME data TO mine", 'a column has another name');
served_after("ALTER TABLE $segment RENAME mine TO data", 'and its old one');
refused_by("ALTER TABLE $segment ADD mine bigint GENERATED ALWAYS AS (bytes + 1) STORED", 'a column that the broker would have to compute');
served_after("ALTER TABLE $segment DROP mine", 'without it');
for my $change (["ADD mine int", 'a column was added'], ["DROP mine", 'and dropped']) {
    served_after("ALTER TABLE $segment $change->[0]", $change->[1]);
    $server->sql("ALTER TABLE $large_segment $change->[0]");
    # Leaves little of a page, so that the next batch begins on an empty one.
    produce_values($broker->connect, $large, 'x' x 7800);
    my $value = join '', map { chr rand 256 } 1 .. 50_000;
    my $at = produce($broker->connect, 9, $large, { 0 => batch_of($value) })->{0};
    is($at->{error_code}, 0, "$change->[1]: a batch of many pages is stored");
    values_are(fetch($broker->connect, 12, $large, $at->{base_offset}), [$value], "$change->[1]: and read");
}
refused_by("ALTER TABLE $segment ADD mine int NOT NULL DEFAULT 1", 'a column that must have a value');
served_after("ALTER TABLE $segment DROP mine", 'nor does it have to be there');
refused_by("ALTER TABLE $segment ADD CONSTRAINT never CHECK (false) NOT VALID", 'a constraint that no batch satisfies');
served_after("ALTER TABLE $segment DROP CONSTRAINT never", 'without it');
is($server->pid_of('broker'), $broker_pid, 'the broker lives through all of it');
$load->stop;
$load->verify;

# --- What cannot be undone -----------------------------------------------------------------------------------------

$load    = Load->start($broker, 'damaged', 2);
$name    = $load->topic->{name};
$load->wait_for_progress('of others');
$segment = $server->sql("SELECT 'kafka.segment_' || max(s.id) FROM kafka.segment s JOIN kafka.topic t ON t.id = s.topic_id WHERE t.name = '$name'");
refused_by("ALTER TABLE $segment DROP piece", 'a column is lost');
$server->wait_for_log(qr/HINT:  Give it back the columns that it had, or drop it to go on without what is in it\./);
my ($code, undef, $error) = $server->node->psql('postgres', "SELECT count(*) FROM kafka.messages WHERE topic = '$name'");
like($error, qr/table "\Q$segment\E" is not like kafka\.batch.*HINT:  Segments must not be altered/s, 'a query says what is wrong, too');
my $since = $load->mark;
served_after("DROP TABLE $segment", 'the table was dropped');
$load->stop;
$load->verify(since => $since);
$broker->finish;
