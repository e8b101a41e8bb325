# What producers and consumers do, with kcat (librdkafka) on both ends; contents are compared.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use File::Temp ();
use IPC::Run   ();
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my @at     = ('-b', $broker->address, '-q');
my $folder = File::Temp->newdir;

sub produce_lines {
    my ($topic, $lines, @options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $input = join '', map { "$_\n" } @$lines;
    my ($code, undef, $errors) = kcat([@at, '-P', '-t', $topic->{name}, @options], input => $input);
    return is($code, 0, "kcat produces to $topic->{name}") || diag $errors;
}

# Each record as one line in kcat's format, from the beginning to the end (or as the options say).
sub consume {
    my ($topic, $format, @options) = @_;
    my ($code, $output, $errors) =
        kcat([@at, '-C', '-t', $topic->{name}, '-e', '-f', "$format\\n", @options]);
    diag $errors if $code != 0;
    return [split /\n/, $output];
}

# A record of any bytes goes by a file.
sub file_with {
    my ($content) = @_;
    my $path = "$folder/" . int(rand 1e12);
    open my $file, '>:raw', $path or die "$path: $!";
    print $file $content;
    close $file or die "$path: $!";
    return $path;
}

# --- Producer and consumer -------------------------------------------------------------------------

my $basic = $broker->create_topic('basic');
my $start = int(time) * 1000;
produce_lines($basic, ['first key:first value'], '-K:');
is_deeply(
    consume($basic, '%o %k %s'),
    ['0 first key first value'],
    'one message with key and value, at offset 0'
);
my @batch = map { "message $_" } 1 .. 20;
produce_lines($basic, \@batch);
is_deeply(
    consume($basic, '%o %s', '-o', '1'),
    [map { "$_ message $_" } 1 .. 20],
    'a batch of twenty, at sequential offsets, from offset 1 on'
);
is_deeply(consume($basic, '%o', '-o', '-3'),  [18 .. 20], 'the last three');
is_deeply(consume($basic, '%o', '-o', 'end'), [],         'from the end: nothing');
is_deeply(consume($basic, '%s', '-o', '10', '-c', '1'), ['message 10'], 'one message at an offset');
my $times = consume($basic, '%T');
is(scalar(grep { $_ >= $start && $_ <= time * 1000 + 1000 } @$times), 21, 'times are those of production');
is_deeply(consume($basic, '%T'), $times, 'and stay the same');
is(scalar @{ consume($basic, '%o', '-o', "s\@$times->[0]") }, 21, 'consuming from a time on');

my $unsure = $broker->create_topic('acks');
for my $acks (0, 1, 'all') {
    produce_lines($unsure, ["acks=$acks"], '-X', "acks=$acks");
    wait_until(
        'it is stored',
        sub {
            grep { $_ eq "acks=$acks" } @{ consume($unsure, '%s') };
        }
    );
}
is_deeply(consume($unsure, '%s'), ['acks=0', 'acks=1', 'acks=all'], 'every acks setting stores');

my $live = $broker->create_topic('live');
my ($seen, $complaints) = ('', '');
my $consumer = IPC::Run::start(['kcat', @at, '-C', '-u', '-t', $live->{name}, '-c', '200', '-f', '%s '],
    \undef, \$seen, \$complaints, IPC::Run::timeout(120));
produce_lines($live, [$_ * 50 + 1 .. $_ * 50 + 50]) for 0 .. 3;
$consumer->finish;
is($seen, join('', map { "$_ " } 1 .. 200), 'consuming while it is produced, in order, without loss');

my $crowd     = $broker->create_topic('crowd');
my @producers = map {
    my $who   = $_;
    my $input = join '', map { "$who $_\n" } 1 .. 300;
    IPC::Run::start(['kcat', @at, '-P', '-t', $crowd->{name}], \$input, IPC::Run::timeout(120))
} 'a' .. 'd';
$_->finish for @producers;
my @together = @{ consume($crowd, '%s') };
for my $who ('a' .. 'd') {
    is_deeply(
        [grep { /^$who / } @together],
        [map { "$who $_" } 1 .. 300],
        "of several producers at once, $who keeps its order"
    );
}

# --- Keys, values, headers -------------------------------------------------------------------------

my $nulls = $broker->create_topic('nulls');
produce_lines($nulls, ['k:v', ':v', 'k:'], '-K:');
produce_lines($nulls, ['k:',  ':v'], '-K:', '-Z');
produce_lines($nulls, ['v']);
is_deeply(
    consume($nulls, '%K %S'),
    ['1 1', '0 1', '1 0', '1 -1', '-1 1', '-1 1'],
    'null and empty stay different, in keys and values'
);

my $headed = $broker->create_topic('headers');
produce_lines($headed, ['x'], '-H', 'b=2', '-H', 'a=1', '-H', 'b=3', '-H', 'empty=', '-H', 'null');
produce_lines($headed, ['y']);
is_deeply(
    consume($headed, '%s|%h'),
    ['x|b=2,a=1,b=3,empty=,null=NULL', 'y|'],
    'headers keep order, duplicates, and null and empty apart'
);

my $text  = $broker->create_topic('text');
my @texts = (
    "\xf0\x9f\x98\x80:gr\xc3\xbc\xc3\x9fe",
    "\xe6\x97\xa5\xe6\x9c\xac:\xe8\xaa\x9e",
    "\x01\x02\xff:\xfe\xfd"
);
produce_lines($text, \@texts, '-K:');
is_deeply(consume($text, '%k:%s'), \@texts, 'keys and values may be UTF-8, emoji or any bytes');

my $large    = $broker->create_topic('large', configs => { 'max.message.bytes' => 5_000_000 });
my $alphabet = join '', map { chr } 1 .. 255;
my %content  = (
    '100 KB' => substr($alphabet x 500,   0, 100 * 1024),
    '1 MB'   => substr($alphabet x 5000,  0, 1024 * 1024),
    '3 MB'   => substr($alphabet x 20000, 0, 3 * 1024 * 1024),
    'random' => join('', map { chr int rand 256 } 1 .. 200_000)
);

for my $name (sort keys %content) {
    my $offset = list_offset($client, 7, $large, -1)->{offset};
    my ($code) = kcat(
        [@at, '-P', '-t', $large->{name}, '-X', 'message.max.bytes=5000000', file_with($content{$name})]);
    is($code, 0, "$name: a large value is produced");
    my (undef, $output) = kcat([@at, '-C', '-t', $large->{name}, '-e', '-o', $offset, '-f', '%s', '-D', '']);
    ok($output eq $content{$name}, "$name: it comes back as it was");
}
my $key = 'k' x 1024;
produce_lines($large, ["$key:v", ('K' x 2_000_000) . ':v'], '-K:', '-X', 'message.max.bytes=5000000');
is_deeply(consume($large, '%K', '-o', '-2'), [1024, 2_000_000], 'keys of 1 KB and 2 MB');

# --- Compression -----------------------------------------------------------------------------------

my $mixed = $broker->create_topic('codecs');
my @expected;
for my $codec (qw(none gzip snappy lz4 zstd)) {
    my $topic = $broker->create_topic("codec-$codec");
    my @lines = map { "$codec $_ " . 'compressible ' x 20 } 1 .. 100;
    my @with  = ('-X', 'linger.ms=200', '-z', $codec);
    produce_lines($topic, \@lines, @with);
    my $fetched = fetch($client, 12, $topic, 0);
    is_deeply([grep { $_->{codec} ne $codec } @{ $fetched->{batches} }],
        [], "$codec: batches are stored as the producer sent them");
    is_deeply(consume($topic, '%s'), \@lines, "$codec: the values come back");
    cmp_ok(length $fetched->{records}, '<', 8000, "$codec: and take less room") if $codec ne 'none';
    produce_lines($mixed, ["in $codec", 'x'], @with);
    push @expected, "in $codec", 'x';
    my $value = substr("$codec and more " x 80_000, 0, 1_000_000);
    kcat([@at, '-P', '-t', $topic->{name}, '-z', $codec, '-X', 'message.max.bytes=1048000', file_with($value)]
    );
    my (undef, $output) = kcat([@at, '-C', '-t', $topic->{name}, '-e', '-o', '100', '-f', '%s', '-D', '']);
    ok($output eq $value, "$codec: a value of 1 MB");
    my $noise = join '', map { chr int rand 256 } 1 .. 50_000;
    kcat([@at, '-P', '-t', $topic->{name}, '-z', $codec, file_with($noise)]);
    (undef, $output) = kcat([@at, '-C', '-t', $topic->{name}, '-e', '-o', '101', '-f', '%s', '-D', '']);
    ok($output eq $noise, "$codec: random bytes, which do not compress");
}
is_deeply(consume($mixed, '%s'), \@expected, 'codecs can be mixed in one topic, also for tiny messages');

# --- Partitions ------------------------------------------------------------------------------------

my $parted = $broker->create_topic('parted', num_partitions => 4);
produce_lines($parted, ["to $_"], '-p', $_) for 0 .. 3;
is_deeply(
    [sort @{ consume($parted, '%p %o %s') }],
    [map { "$_ 0 to $_" } 0 .. 3],
    'explicit partitions each begin at offset 0'
);
is_deeply(consume($parted, '%s', '-p', '2'), ['to 2'], 'one partition alone');
my @keyed = map { "key" . $_ % 20 . ":$_" } 1 .. 200;
produce_lines($parted, \@keyed, '-K:') for 1, 2;
my (%partitions_of_key, %used);

for (grep { /^key/ } @{ consume($parted, '%k %p') }) {
    my ($k, $partition) = split / /;
    $partitions_of_key{$k}{$partition} = $used{$partition} = 1;
}
is(scalar keys %partitions_of_key, 20, 'all keys are there');
is_deeply([grep { keys %{ $partitions_of_key{$_} } != 1 } keys %partitions_of_key],
    [], 'the same key goes to the same partition, from every producer');
cmp_ok(scalar keys %used, '>', 1, 'keys are spread');
my ($code, undef, $errors) =
    kcat(['-b', $broker->address, '-P', '-t', $parted->{name}, '-p', '9', '-X', 'message.timeout.ms=5000'],
    input => "x\n");
isnt($code, 0, 'a partition that does not exist cannot be written to');
like($errors, qr/unknown partition/i, 'and kcat says why');

# --- Errors and edges ------------------------------------------------------------------------------

my $empty = $broker->create_topic('empty');
is_deeply(consume($empty, '%s'), [], 'an empty topic gives nothing, and its end');
($code, undef, $errors) = kcat([@at, '-C', '-e', '-t', $broker->missing_topic->{name}]);
isnt($code, 0, 'a consumer of a topic that does not exist fails');
like($errors, qr/unknown topic/i, 'because the topic is unknown');
is_deeply([grep { $_->{name} eq $broker->missing_topic->{name} } @{ metadata($client, 9, undef)->{topics} }],
    [], 'and did not create it');
($code, undef, $errors) = kcat([@at, '-C', '-e', '-t', $empty->{name}, '-p', '5']);
like($errors, qr/partition 5 does not exist/i, 'a partition that does not exist cannot be read');

($code, undef, $errors) =
    kcat([@at, '-C', '-e', '-t', $basic->{name}, '-p', '0', '-o', '1000', '-X', 'auto.offset.reset=error']);
like($errors, qr/out of range/i, 'an offset past the end is told as out of range');
is_deeply(
    consume($basic, '%o', '-o', '1000', '-X', 'topic.auto.offset.reset=earliest'),
    [0 .. 20],
    'auto.offset.reset=earliest begins again'
);
is_deeply(consume($basic, '%o', '-o', '1000', '-X', 'topic.auto.offset.reset=latest'),
    [], 'auto.offset.reset=latest waits at the end');
is_deeply(
    consume($basic, '%o', '-X', 'fetch.message.max.bytes=10'),
    [0 .. 20],
    'tiny fetches still make progress'
);
is_deeply(consume($basic, '%o', '-X', "isolation.level=$_"), [0 .. 20], "isolation.level=$_")
    for qw(read_uncommitted read_committed);
my $auto = { name => $broker->name('made-by-producer') };
produce_lines($auto, ['hello']);
is_deeply(consume($auto, '%p %o %s'), ['0 0 hello'], 'producing to a topic that is not there creates it');
my $thousand = $broker->create_topic('thousand');
produce_lines($thousand, [1 .. 1000]);
is_deeply(consume($thousand, '%s'), [1 .. 1000], 'a thousand messages in order');
my ($listed, $output) = kcat(['-b', $broker->address, '-L']);
is($listed, 0, 'the metadata of all topics');
like($output, qr/topic "\Q$_->{name}\E" with/, "$_->{name} is in it") for $basic, $parted, $auto;

# --- The same records in SQL -----------------------------------------------------------------------

if ($broker->is_ours) {
    my $rows = $broker->server->sql("SELECT \"offset\", convert_from(value, 'UTF8') FROM kafka.messages"
            . " WHERE topic = '$basic->{name}' AND partition = 0 AND \"offset\" BETWEEN 1 AND 3 ORDER BY 1");
    is($rows, "1|message 1\n2|message 2\n3|message 3", 'psql reads the same values');
    my $headers = $broker->server->sql(
        "SELECT h.key, coalesce(convert_from(h.value, 'UTF8'), 'NULL')"
            . " FROM kafka.messages, unnest(headers) WITH ORDINALITY AS h (key, value, n)"
            . " WHERE topic = '$headed->{name}' ORDER BY n");
    is($headers, "b|2\na|1\nb|3\nempty|\nnull|NULL", 'and the same headers in their order');
    my $offsets = 'count(*), count(DISTINCT "offset"), min("offset"), max("offset")';
    is($broker->server->sql("SELECT $offsets FROM kafka.messages WHERE topic = '$crowd->{name}'"),
        '1200|1200|0|1199', 'every offset is there once');
    is($broker->server->sql("SELECT count(*) FROM kafka.messages WHERE topic = '$mixed->{name}'"),
        10, 'in every codec');
}

$broker->finish;
