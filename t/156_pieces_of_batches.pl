# A batch longer than what is left of a page is stored in several rows. Clients and SQL see it whole, wherever it is cut.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use Digest::MD5 qw(md5_hex);
use Test::More;

my $broker = KafkaTest->start('pg_kafka.tail_cache' => 0);
my $server = $broker->server or plan skip_all => 'looks into the tables of our own server';
my $client = $broker->connect;
my $topic  = $broker->create_topic('pieces', num_partitions => 2);

# Sizes around the edges of a page and of the smallest piece, and some beyond several pages, in two partitions that share
# the table; the same generator each time.
srand 7;
my @sizes = (1, 400 .. 404, 7_500, 8_000 .. 8_120, 16_000, 16_384, 100_000, 900_000, map { int rand 20_000 } 1 .. 300);
my (@expected, %count);
for my $i (0 .. $#sizes) {
    my $partition = $i % 3 == 0 ? 1 : 0;
    my $value     = chr(97 + $i % 26) x $sizes[$i];
    my $answer    = produce($client, 9, $topic, { $partition => batch_of($value) })->{$partition};
    die "not stored: $answer->{error_code}" if $answer->{error_code} != 0;
    push @expected, [$partition, $answer->{base_offset}, md5_hex($value)];
    $count{$partition}++;
}

sub fetched {
    my ($partition) = @_;
    my ($offset, @values) = (0);
    while ($offset < $count{$partition}) {
        my @records = records_of(fetch($client, 12, $topic, $offset, partition => $partition, ask => { partition_max_bytes => 300_000 }));
        die "nothing at offset $offset" if !@records;
        push @values, map { [$partition, $_->{offset}, md5_hex($_->{value})] } @records;
        $offset = $values[-1][1] + 1;
    }
    return @values;
}

my @in_order = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @expected;
is_deeply([fetched(0), fetched(1)], \@in_order, 'consumers get every batch whole');
values_are(fetch($client, 12, $topic, 3, ask => { partition_max_bytes => 0 }), [(map { chr(97 + $_ % 26) x $sizes[$_] } grep { $_ % 3 } 0 .. $#sizes)[3]],
    'and one at least, whatever the limits are');

my $lines = join "\n", map { join '|', @$_ } @in_order;
is($server->sql(q(SELECT partition, "offset", md5(value) FROM kafka.messages WHERE topic = 'pieces' ORDER BY 1, 2)),
    $lines, 'and so does SQL');
is($server->sql(q(SELECT partition, "offset", md5(value) FROM kafka.messages WHERE topic = 'pieces' ORDER BY 1 DESC, 2 DESC)),
    join("\n", reverse split /\n/, $lines), 'and from the end backwards');
is($server->sql(q(SELECT md5(value) FROM kafka.messages WHERE topic = 'pieces' AND partition = 1 AND "offset" = 50)),
    (grep { $_->[0] == 1 && $_->[1] == 50 } @expected)[0][2], 'also of one offset');

my $segment = $server->sql(q(SELECT max(id) FROM kafka.segment));
is($server->sql(qq(SELECT bool_and(n = max + 1) FROM
    (SELECT count(*) AS n, max(piece) FROM kafka.segment_$segment GROUP BY partition, last_offset) AS batches)), 't',
    'pieces are numbered from 0 without a gap');

# What is stored beside the payload.
my $plain = $broker->create_topic('plain');
my $batch = build_batch([map { { value => 'v' x 1024, timestamp => 1 } } 1 .. 16]);
produce($client, 9, $plain, { 0 => $batch }) for 1 .. 500;
$segment = $server->sql(q(SELECT max(id) FROM kafka.segment));
my $stored = $server->sql(qq(SELECT pg_total_relation_size('kafka.segment_$segment')));
cmp_ok($stored / (500 * 16 * 1024), '<', 1.1, 'bytes on disk for each byte of payload, in batches of 16 KiB');

# A turn may need more pages than PostgreSQL 16 and later add to a table at a time, which is 64.
my $long = $broker->create_topic('long');
produce_values($client, $long, 'v' x $_) for (700_000) x 20;
my $long_segment = $server->sql(q(SELECT max(id) FROM kafka.segment));
my $long_stored = $server->sql(qq(SELECT pg_total_relation_size('kafka.segment_$long_segment')));
cmp_ok($long_stored / (20 * 700_000), '<', 1.1, 'and in batches of 700,000 bytes');

# A damaged table is an error, not a wrong record.
$server->sql(qq(DELETE FROM kafka.segment_$segment WHERE last_offset = 31 AND piece = 1));
$server->expect_in_log(qr/could not handle a Fetch request: /, qr/ERROR:  damaged record batch/);
isnt(fetch($client, 12, $plain, 16)->{error_code}, 0, 'a batch with a piece missing cannot be fetched');
my ($code, $out, $err) = $server->node->psql('postgres', q(SELECT count(value) FROM kafka.messages WHERE topic = 'plain'));
like($err, qr/damaged record batch in topic "plain", partition 0/, 'and not read by SQL');
$broker->finish;
