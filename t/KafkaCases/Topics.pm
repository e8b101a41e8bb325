# Cases for KafkaCases about the cluster and its topics: Metadata, ApiVersions, FindCoordinator,
# DescribeCluster, CreateTopics and DeleteTopics; and frames that no codec would write.
package KafkaCases::Topics;

use strict;
use warnings;
use KafkaWire;
use KafkaWire::Messages;

sub all { return (_metadata(), _cluster(), _create(), _delete(), _broken()); }

# --- Metadata --------------------------------------------------------------------------------------

# Asks for one topic, without creating it where the version lets one say so.
sub _topic_named {
    my ($name, %request) = @_;
    return { topics => [{ name => $name }], allow_auto_topic_creation => 0, %request };
}

sub _metadata {
    my %named = (log => sub { _topic_named($_[0]{log}{name}) });
    for my $name ('', '.', '..', 'a b', "\0", 'x' x 250) {
        my $short = length $name > 100 ? 'of 250 letters' : "'$name'";
        $named{"the name $short"} = sub { _topic_named($name) };
    }
    my %operations = (include_topic_authorized_operations => 1, include_cluster_authorized_operations => 1);
    my %by_id      = map {
        my $topic = $_;
        ("$topic by id" => sub { { topics => [{ name => undef, topic_id => $_[0]{$topic}{id} }] } })
    } qw(log missing);
    return (
        KafkaCases::cases_of('Metadata', \%named),
        KafkaCases::cases_of('Metadata', { 'no topics' => sub { { topics => [] } } }, 1),
        KafkaCases::cases_of(
            'Metadata', { 'a missing topic' => sub { _topic_named($_[0]{missing}{name}) } }, 4
        ),
        KafkaCases::cases_of(
            'Metadata', { operations => sub { _topic_named($_[0]{log}{name}, %operations) } }, 8
        ),
        KafkaCases::cases_of('Metadata', \%by_id, 10)
    );
}

# --- ApiVersions, FindCoordinator, DescribeCluster -------------------------------------------------

sub _cluster {
    my %software = map {
        my $name = $_;
        ("software '$name'" => sub { { client_software_name => $name, client_software_version => '1' } })
    } 'good', '', 'a b', '-a', 'a_b', 'a.b-c';
    my %key_types = map {
        my $type = $_;
        ("key type $type" => sub { { key => 'g', key_type => $type, coordinator_keys => ['g', 'h'] } })
    } 0, 1, 2, 3, -1;
    my %endpoint_types = map {
        my $type = $_;
        ("endpoint type $type" =>
                sub { { endpoint_type => $type, include_cluster_authorized_operations => 1 } })
    } 0 .. 3;
    return (
        KafkaCases::cases_of('ApiVersions',     \%software),
        KafkaCases::cases_of('FindCoordinator', \%key_types),
        KafkaCases::cases_of('DescribeCluster', \%endpoint_types)
    );
}

# --- CreateTopics ----------------------------------------------------------------------------------

my %assignments = (
    'two partitions'  => [[0, [1]], [1, [1]]],
    'a gap'           => [[0, [1]], [2, [1]]],
    'from one'        => [[1, [1]]],
    'twice'           => [[0, [1]], [0, [1]]],
    'unknown broker'  => [[0, [9]]],
    'negative broker' => [[0, [-1]]],
    'nobody'          => [[0, []]],
    'same broker'     => [[0, [1, 1]]],
    'uneven'          => [[0, [1]], [1, []]],
);

my @configs = (
    ['retention.ms',              '5'],
    ['retention.ms',              '-1'],
    ['retention.ms',              '-9'],
    ['retention.ms',              'x'],
    ['retention.ms',              ' 7 '],
    ['retention.ms',              undef],
    ['unknown',                   '1'],
    ['',                          '1'],
    ['cleanup.policy',            'compact'],
    ['cleanup.policy',            'delete, compact'],
    ['cleanup.policy',            ''],
    ['cleanup.policy',            'x'],
    ['compression.type',          'ZSTD'],
    ['compression.type',          'lz4'],
    ['segment.bytes',             '1048575'],
    ['segment.bytes',             '1048576'],
    ['preallocate',               'TRUE'],
    ['preallocate',               '1'],
    ['min.cleanable.dirty.ratio', '0.25'],
    ['min.cleanable.dirty.ratio', '1.5'],
    ['max.message.bytes',         '2147483648'],
    ['message.timestamp.type',    'CreateTime'],
    ['compression.gzip.level',    '0'],
    ['compression.zstd.level',    '23'],
    ['message.format.version',    '2.8'],
    ['min.insync.replicas',       '2'],
);

# What a topic can be created with: name of the case => fields of the request.
sub _topic_fields {
    my %fields = (
        'good'                         => {},
        'no partitions'                => { num_partitions     => 0 },
        '-2 partitions'                => { num_partitions     => -2 },
        'a million partitions'         => { num_partitions     => 1_000_000 },
        'defaults'                     => { num_partitions     => -1, replication_factor => -1 },
        'no replicas'                  => { replication_factor => 0 },
        '-2 replicas'                  => { replication_factor => -2 },
        'three replicas'               => { replication_factor => 3 },
        'a name with a blank'          => { name               => 'a b' },
        'no name'                      => { name               => '' },
        'dots'                         => { name               => '..' },
        'a count beside an assignment' => { assignments => [{ partition_index => 0, broker_ids => [1] }] },
        'the same config twice' => { configs => [map { { name => 'retention.ms', value => $_ } } 5, 6] },
    );
    for my $name (keys %assignments) {
        my @parts = map { { partition_index => $_->[0], broker_ids => $_->[1] } } @{ $assignments{$name} };
        $fields{"assignment: $name"} =
            { num_partitions => -1, replication_factor => -1, assignments => \@parts };
    }
    for my $config (@configs) {
        my ($key, $value) = @$config;
        $fields{ "config $key=" . ($value // 'null') } = { configs => [{ name => $key, value => $value }] };
    }
    return %fields;
}

sub _create {
    my %fields   = _topic_fields();
    my %requests = (
        'a topic that exists' => sub { { topics => [{ name => $_[0]{log}{name} }] } },
        'a name twice'        => sub { { topics => [({ name => "twice$_[1]" }) x 2] } },
        'too many partitions in all' => sub {
            { validate_only => 1, topics => [map { { name => "many$_", num_partitions => 6000 } } 1, 2] }
        },
    );
    for my $name (keys %fields) {
        for my $validate (0, 1) {
            $requests{ $name . ($validate ? ', only validated' : '') } = sub {
                my ($topics) = @_;
                my $unused = 'made-' . $topics->{made}++ . $topics->{suffix};
                return { validate_only => $validate, topics => [{ name => $unused, %{ $fields{$name} } }] };
            };
        }
    }
    return KafkaCases::cases_of('CreateTopics', \%requests);
}

# --- DeleteTopics ----------------------------------------------------------------------------------

sub _delete {
    my %by_name = (
        'a missing topic' => sub {
            my $name = $_[0]{missing}{name};
            return { topics => [{ name => $name }], topic_names => [$name] };
        },
        'a name twice' => sub {
            my $name = $_[0]{doomed}{name};
            return { topics => [({ name => $name }) x 2], topic_names => [$name, $name] };
        },
    );
    my %by_id = (
        'a missing id'        => sub { { topics => [{ topic_id => $_[0]{missing}{id} }] } },
        'an id twice'         => sub { { topics => [({ topic_id => $_[0]{log}{id} }) x 2] } },
        'neither name nor id' => sub { { topics => [{}] } },
        'name and id' => sub { { topics => [{ name => $_[0]{log}{name}, topic_id => $_[0]{log}{id} }] } },
    );
    return (KafkaCases::cases_of('DeleteTopics', \%by_name),
        KafkaCases::cases_of('DeleteTopics', \%by_id, 6));
}

# --- Frames that no codec would write --------------------------------------------------------------

# A request header (key, version, correlation id 1, no client id), with an empty tag buffer if it is flexible.
sub _header {
    my ($key, $version, $flexible) = @_;
    return pack('s> s> l> s>', $key, $version, 1, -1) . ($flexible ? "\0" : '');
}

sub _frames {
    my $no_topics_v9 = _header(3, 9, 1) . "\1\0\0\0";
    my %frames       = (
        'a short header'           => "\0\3\0",
        'an unknown API'           => _header(500, 0),
        'a negative API'           => _header(-1,  0),
        'bytes after Metadata'     => _header(3,   1) . pack('l>', 0) . 'more',
        'Metadata cut off'         => _header(3,   1) . "\0\0",
        'bytes after ApiVersions'  => _header(18,  0) . 'more',
        'ApiVersions 77'           => _header(18,  77, 1) . 'what',
        'ApiVersions -1'           => _header(18,  -1),
        'a client id cut off'      => pack('s> s> l> s>',    18, 0, 1, 100),
        'a client id of length -2' => pack('s> s> l> s> l>', 3,  1, 1, -2, 0),
        'a bool of 2'              => _header(3, 4) . pack('l> C',     0, 2),
        'invalid UTF-8 in a name'  => _header(3, 1) . pack('l> s> a2', 1, 2, "\xc3\x28"),
        'an unknown tag'           => "$no_topics_v9\1\5\1x",
        'tags out of order'        => "$no_topics_v9\2\7\0\5\0",
        'a tag twice'              => "$no_topics_v9\2\5\0\5\0",
    );
    for my $api (map { KafkaWire::Messages::api($_) }
        grep { $_ ne 'ApiVersions' } KafkaWire::Messages::names())
    {
        for my $version (-1, ($api->{lowest} > 0 ? $api->{lowest} - 1 : ()), $api->{highest} + 1) {
            $frames{"$api->{name} $version"} = _header($api->{key}, $version) . "\0" x 100;
        }
    }
    return %frames;
}

sub _broken {
    my %frames = _frames();
    my @cases;
    for my $name (sort keys %frames) {
        my $ask = sub {
            my ($broker) = @_;
            my $client = $broker->connect(patience => 20);
            $client->send_raw(KafkaWire::frame($frames{$name}));
            return defined $client->receive_frame ? 'answered' : 'the connection was closed';
        };
        push @cases, ["frame: $name", $ask];
    }
    return @cases;
}

1;
