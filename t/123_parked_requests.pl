# Fetch requests that wait: what they hold is bounded, and they end with their clients.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $forever = 2**31 - 1;
my $broker  = KafkaTest->start('pg_kafka.log_connections' => 'on');
my $server  = $broker->server or plan skip_all => 'looks at the memory of our own server';
my $client  = $broker->connect;

sub broker_memory {
    open my $status, '<', '/proc/' . $server->pid_of('broker') . '/status' or die "no status: $!";
    my ($kib) = join('', readline $status) =~ /^RssAnon:\s+(\d+) kB/m;
    return $kib * 1024;
}

sub long_poll {
    my ($asking, $version, $topic, @partitions) = @_;
    my @asked = map { { partition => $_, fetch_offset => 0 } } @partitions;
    return $asking->send_request('Fetch', $version,
        { max_wait_ms => $forever, min_bytes => 1, topics => [{ topic => $topic->{name}, partitions => \@asked }] });
}

# The same partition named again and again counts once.
my $topic  = $broker->create_topic('one');
my $before = broker_memory();
my @named  = map { $broker->connect } 1 .. 20;
long_poll($_, 4, $topic, (0) x 40_000) for @named;
is(list_offset($client, 7, $topic, -1)->{offset}, 0, 'others are served');
produce_values($client, $topic, 'x');
my @answers = map { $_->receive } @named;
is(scalar(grep { @{ $_->{responses}[0]{partitions} } == 1 } @answers), 20, 'each is answered for one partition');
cmp_ok(broker_memory() - $before, '<', 100 * 2**20, 'and held little meanwhile');

# All together may wait for half a million partitions; who comes then is answered at once.
my $wide    = $broker->create_topic('wide', num_partitions => 10_000);
my @clients = map { $broker->connect } 1 .. 51;
long_poll($_, 12, $wide, 0 .. 9_999) for @clients;
my ($told) = @{ wait_until('one is answered', sub { my @told = grep { $_->readable } @clients; @told ? \@told : undef }) };
my $partitions = $told->receive->{responses}[0]{partitions};
is(scalar(grep { $_->{error_code} != 0 || length($_->{records} // '') } @$partitions), 0,
    'one too many is answered at once, with nothing and without an error');
produce($client, 9, $wide, { 4711 => batch_of('found') });
like($_->receive_frame, qr/found/, 'the others wait until something comes') for grep { $_ != $told } @clients;

# No wait outlasts the time after which a connection counts as idle.
$server->set('pg_kafka.connections_max_idle_ms' => '300ms');
$server->wait_for('the setting', sub { $server->sql('SHOW pg_kafka.connections_max_idle_ms') eq '300ms' });
my $patient = $broker->connect;
long_poll($patient, 12, $wide, 0);
is($patient->receive->{responses}[0]{partitions}[0]{error_code}, 0, 'a long poll ends before its connection would count as idle');
$broker->finish;
