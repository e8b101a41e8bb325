# Plans are made while tables are small, and kept when they are large, even if nobody ever analyzes them: the broker finds the rows of
# groups by their keys all the same.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use GroupRequests;
use KafkaTest;
use Test::More;

my ($groups, $partitions) = (50, 100);
my $broker = KafkaTest->start(autovacuum => 'off');
my $server = $broker->server or plan skip_all => 'looks into the statistics of our own server';
my $topic  = $broker->create_topic('read', num_partitions => $partitions);
my $client = $broker->connect;

# The statistics of kafka.consumer_offset, once they tell of so many rows that were inserted and deleted.
sub rows_read {
    my ($inserted, $deleted) = @_;
    my $counts = "SELECT n_tup_ins || ' ' || n_tup_del FROM pg_stat_user_tables WHERE relname = 'consumer_offset'";
    $server->wait_for("$inserted rows inserted, $deleted deleted", sub { $server->sql($counts) eq "$inserted $deleted" });
    return $server->sql(q(SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid)
        FROM pg_stat_user_tables t WHERE relname = 'consumer_offset'));
}

# That the table is empty is known from now on, not a guess.
commit_offsets($client, 8, 'small', $topic, { 0 => 1 });
delete_offsets($client, 'small', $topic, 0);
$server->sql('VACUUM ANALYZE kafka.consumer_offset');
my $small = 10; # as often as it takes until a plan is kept
for my $round (1 .. $small) {
    commit_offsets($client, 8, 'small', $topic, { 0 => 1 });
    delete_offsets($client, 'small', $topic, 0);
}
my %everything = map { $_ => 1 } 0 .. $partitions - 1;
commit_offsets($client, 8, "group-$_", $topic, \%everything) for 1 .. $groups;
my $inserted = 1 + $small + $groups * $partitions;
my $before   = rows_read($inserted, 1 + $small);
is_deeply(delete_offsets($client, 'group-7', $topic, 5), { 5 => 'NONE' }, 'an offset is deleted');
is(offset_of($client, 'group-7', $topic, 5), -1, 'and is gone');
is(offset_of($client, 'group-7', $topic, 6), 1, 'but no other');
cmp_ok(rows_read($inserted, $small + 2) - $before, '<', 10, 'the rest of the table is not read for it');
$broker->finish;
