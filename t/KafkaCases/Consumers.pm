# Conversations for KafkaCases about groups by the consumer protocol (KIP-848).
package KafkaCases::Consumers;

use strict;
use warnings;
use KafkaCases::Conversation;

my %talks = (
    'heartbeats that are refused' => \&_refused,
    'expressions'                 => \&_expressions,
    'one member'                  => \&_one,
    'member epochs'               => \&_epochs,
    'two members'                 => \&_two,
    'partitions given up'         => \&_giving_up,
    'another subscription'        => \&_subscriptions,
    'range'                       => \&_range,
    'static members'              => \&_static,
    'offsets'                     => \&_offsets,
    'the other protocol'          => \&_other_protocol,
    'an id made by the broker'    => \&_id_by_broker,
);

sub all { return KafkaCases::Conversation::cases_of('consumer group', \%talks); }

sub _refused {
    my ($talk) = @_;
    my $log = $talk->topic('log')->{name};
    my @bad = (
        { group_id => '' }, { group_id => ' ' }, { member_id => '' }, { member_id => ' ' }, { instance_id => '' }, { instance_id => ' ' }, { rack_id => '' },
        { member_epoch => -3 }, { member_epoch => -2 }, { member_epoch => -1 }, { member_epoch => 1 }, { member_epoch => -1, member_id => '' },
        { rebalance_timeout_ms => -1 }, { rebalance_timeout_ms => 0 }, { rebalance_timeout_ms => -2 },
        { topic_partitions => undef }, { topic_partitions => $talk->owned('log', 0) },
        { subscribed_topic_names => undef }, { subscribed_topic_names => [] }, { server_assignor => '' }, { server_assignor => 'unknown' }, { server_assignor => 'Uniform' },
        { subscribed_topic_names => ['no such topic'] }, { subscribed_topic_names => [$log, $log] },
        { instance_id => 'i', member_epoch => -2 }, { instance_id => 'i', member_epoch => 5 },
    );
    for my $version (0, 1) {
        for my $fields (@bad) {
            $talk->enter('m', version => $version, %$fields);
            $talk->beat('m', version => $version, member_epoch => -1) if $talk->epoch('m') > 0;
            $talk->{members}{m}{epoch} = 0;
        }
    }
    $talk->enter('m', subscribed_topic_names => undef, subscribed_topic_regex => '') ;
    $talk->beat('m', member_epoch => -1);
    $talk->enter('m');
    for my $fields (@bad, { member_epoch => 0 }, { member_epoch => 99 }, { member_id => 'unknown' }, { instance_id => 'i' }) {
        $talk->ask('ConsumerGroupHeartbeat', 1, { member_id => $talk->id('m'), member_epoch => $talk->epoch('m'), rebalance_timeout_ms => 30_000,
                subscribed_topic_names => [$log], topic_partitions => [], %$fields }, 'other');
    }
    $talk->ask('ConsumerGroupHeartbeat', 1, { member_id => 'unknown', member_epoch => -1 });
    return;
}

# Which are refused. What they match is found out later by Kafka, so that it cannot be compared here.
sub _expressions {
    my ($talk) = @_;
    my @expressions = ('log.*', '[', '(', 'a**', '\\', '(?=x)', '(?!x)', '(a)\1', '*', '+a', 'x{2,1}', 'x{1001}', '[[:alpha:]]', '[[:word:]]', '[[:nonsense:]]', 'a|', '(?i)LOG', '(?P<n>a)',
        '(?<n>a)', '[b-a]', '\d\w\s', '\Qa.b\E', 'a++', 'a??', '\z', '\Z', '[^a', ')', '\8', '(?x)a', '(?:a', "\xc3\xa9");
    for my $expression (@expressions) {
        my $answer = $talk->client('e')->call('ConsumerGroupHeartbeat', 1,
            { group_id => $talk->group, member_id => 'e', member_epoch => 0, rebalance_timeout_ms => 1000, subscribed_topic_regex => $expression, topic_partitions => [] });
        $talk->keep("expression $expression", { error_code => $answer->{error_code} });
        $talk->client('e')->call('ConsumerGroupHeartbeat', 1, { group_id => $talk->group, member_id => 'e', member_epoch => -1 });
    }
    return;
}

sub _one {
    my ($talk) = @_;
    my $log = $talk->topic('log')->{name};
    $talk->enter('a', rack_id => 'r', server_assignor => 'range');
    $talk->look;
    $talk->beat('a');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0, 1));
    $talk->beat('a', rebalance_timeout_ms => 20_000, subscribed_topic_names => [$log], topic_partitions => $talk->owned('log', 0, 1));
    $talk->beat('a', subscribed_topic_names => [$log]);
    $talk->beat('a', rack_id => 'other');
    $talk->beat('a', server_assignor => 'uniform');
    $talk->look;
    $talk->ask('DeleteGroups', 2, {});
    $talk->delete_offsets('log', 0);
    $talk->beat('a', member_epoch => -1);
    $talk->look;
    $talk->beat('a', member_epoch => -1);
    $talk->beat('a', member_epoch => 1);
    $talk->enter('a');
    $talk->look;
    $talk->beat('a', member_epoch => -1);
    $talk->ask('DeleteGroups', 2, {}) for 1, 2;
    $talk->beat('a', member_epoch => -1);
    $talk->look;
    return;
}

sub _epochs {
    my ($talk) = @_;
    $talk->enter('a');
    $talk->enter('a');
    $talk->beat('a', member_epoch => 2);
    $talk->enter('b');
    $talk->beat('a');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0));
    $talk->beat('a');
    $talk->beat('b');
    my $epoch = $talk->epoch('a');
    for my $owned (undef, [], map { $talk->owned('log', @$_) } [0], [1], [0, 1]) {
        $talk->beat('a', member_epoch => $_, topic_partitions => $owned) for $epoch - 1, $epoch - 2, $epoch + 1;
    }
    $talk->beat('a', member_epoch => $epoch);
    $talk->enter('b');
    $talk->beat('b', member_epoch => 1);
    $talk->look;
    return;
}

# How many partitions each member has; which of them is the broker's choice.
sub _two {
    my ($talk) = @_;
    $talk->enter('a');
    $talk->enter('b', subscribed_topic_names => [map { $talk->topic($_)->{name} } qw(log empty)]);
    $talk->look;
    for my $round (1 .. 4) {
        for my $who (qw(a b)) {
            my $answer = $talk->beat($who, topic_partitions => $talk->{owned}{$who});
            $talk->{owned}{$who} = $answer->{assignment}{topic_partitions} if $answer->{assignment};
        }
    }
    $talk->look;
    $talk->beat('b', member_epoch => -1);
    $talk->beat('a') for 1 .. 2;
    $talk->look;
    return;
}

sub _giving_up {
    my ($talk) = @_;
    $talk->enter('a');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0, 1));
    $talk->enter('b');
    $talk->beat('b');
    $talk->beat('a');
    $talk->look;
    $talk->beat('b');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0, 1));
    $talk->commit('a', 9);
    $talk->beat('b');
    $talk->enter('c');
    $talk->beat('a', topic_partitions => []);
    $talk->beat('a', topic_partitions => []);
    $talk->look;
    $talk->beat('b');
    $talk->beat('c');
    $talk->beat('b', topic_partitions => []);
    $talk->beat('c');
    $talk->look;
    $talk->beat('a', member_epoch => -1);
    $talk->beat('b');
    $talk->beat('c');
    $talk->look;
    return;
}

sub _subscriptions {
    my ($talk) = @_;
    my %name = map { $_ => $talk->topic($_)->{name} } qw(log empty scratch);
    $talk->enter('a');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0, 1));
    $talk->beat('a', subscribed_topic_names => [$name{empty}]);
    $talk->look;
    $talk->beat('a', topic_partitions => []);
    $talk->beat('a', subscribed_topic_names => [$name{log}, $name{empty}]);
    $talk->beat('a', subscribed_topic_names => [$name{empty}, $name{log}]);
    $talk->look;
    $talk->beat('a', subscribed_topic_names => []);
    $talk->beat('a', topic_partitions => []);
    $talk->look;
    $talk->beat('a', subscribed_topic_names => ['no such topic']);
    $talk->enter('b');
    $talk->beat('a');
    $talk->look;
    return;
}

sub _range {
    my ($talk) = @_;
    my @names = map { $talk->topic($_)->{name} } qw(log empty);
    $talk->enter('a', server_assignor => 'range', subscribed_topic_names => \@names);
    $talk->beat('a', topic_partitions => [map { @{ $talk->owned($_, 0, 1) } } qw(log empty)]);
    $talk->enter('b', server_assignor => 'range', subscribed_topic_names => \@names);
    $talk->look;
    $talk->beat('a', topic_partitions => [map { @{ $talk->owned($_, 0) } } qw(log empty)]);
    $talk->beat('b');
    $talk->look;
    $talk->beat('b', server_assignor => 'uniform');
    $talk->enter('c', server_assignor => 'uniform', subscribed_topic_names => \@names);
    return;
}

sub _static {
    my ($talk) = @_;
    my %static = (instance_id => 'i');
    $talk->enter('a', %static);
    $talk->enter('b', %static);
    $talk->enter('a', %static);
    $talk->beat('a', %static);
    $talk->beat('a');
    $talk->beat('b', %static, member_epoch => $_) for 1, -1, -2;
    $talk->beat('a', %static, member_epoch => 9);
    $talk->beat('a', instance_id => 'unknown');
    $talk->beat('a', instance_id => 'unknown', member_epoch => $_) for -1, -2;
    $talk->beat('a', %static, member_epoch => -2);
    $talk->look;
    $talk->beat('a', %static);
    $talk->beat('a', %static, member_epoch => -2);
    $talk->enter('b', %static);
    $talk->look;
    $talk->beat('a', %static);
    $talk->beat('a');
    $talk->beat('b', %static);
    $talk->commit('b', 9, %static);
    $talk->commit('a', 9, %static);
    $talk->beat('b', %static, member_epoch => -2);
    $talk->enter('c');
    $talk->enter('b', %static, subscribed_topic_names => [$talk->topic('empty')->{name}]);
    $talk->look;
    $talk->beat('b', %static, member_epoch => -1);
    $talk->enter('d', %static);
    $talk->look;
    return;
}

sub _offsets {
    my ($talk) = @_;
    $talk->enter('a');
    $talk->beat('a', topic_partitions => $talk->owned('log', 0, 1));
    for my $version (2 .. 10) {
        $talk->commit('a', $version, partition => { committed_offset => $version });
        $talk->commit('a', $version, %$_)
            for { generation_id_or_member_epoch => 0 }, { generation_id_or_member_epoch => 9 }, { generation_id_or_member_epoch => -1 }, { member_id => 'unknown' },
            { member_id => '', generation_id_or_member_epoch => -1 };
    }
    $talk->fetch($_) for 1 .. 10;
    $talk->fetch($_->[0], member_id => $_->[1], member_epoch => $_->[2])
        for map { my $v = $_; map { [$v, @$_] } ['member-a', 1], ['member-a', 0], ['member-a', 9], ['member-a', -1], ['unknown', 1], [undef, -1], ['', -1], ['', 0] } 9, 10;
    $talk->delete_offsets('log', 0);
    $talk->delete_offsets('empty', 0);
    $talk->beat('a', member_epoch => -1);
    $talk->commit('a', $_) for 8, 9;
    $talk->commit('a', $_, member_id => '', generation_id_or_member_epoch => -1) for 2, 8, 9;
    $talk->fetch(9, member_id => 'member-a', member_epoch => 1);
    $talk->delete_offsets('log', 0);
    $talk->fetch(9);
    $talk->ask('DeleteGroups', 2, {});
    return;
}

# Requests of classic members to a consumer group, and a group that changes its protocol while it is empty.
sub _other_protocol {
    my ($talk) = @_;
    $talk->join('k');
    $talk->sync('k', { k => 'all' });
    $talk->commit('k', 9);
    $talk->leave('k');
    $talk->enter('a');
    $talk->fetch(9, topics => undef);
    $talk->look;
    $talk->heartbeat('k');
    $talk->ask('Heartbeat', 4, { member_id => $talk->id('a'), generation_id => $talk->epoch('a') });
    $talk->ask('SyncGroup', 5, { member_id => $talk->id('a'), generation_id => $talk->epoch('a'), protocol_type => 'consumer', protocol_name => 'range' });
    $talk->ask('SyncGroup', 5, { member_id => 'unknown', generation_id => 1, protocol_type => 'consumer', protocol_name => 'range' });
    $talk->ask('LeaveGroup', 5, { members => [{ member_id => 'unknown' }] });
    $talk->ask('LeaveGroup', 2, { member_id => 'unknown' });
    $talk->beat('a', member_epoch => -1);
    $talk->look;
    $talk->join('k', member_id => '');
    $talk->sync('k', { k => 'all' });
    $talk->fetch(9, topics => undef);
    $talk->look;
    return;
}

sub _id_by_broker {
    my ($talk) = @_;
    $talk->enter('a', version => 0);
    $talk->beat('a', version => 0);
    $talk->enter('b', version => 0, member_id => 'chosen');
    $talk->beat('a', version => 0, member_epoch => -1);
    $talk->beat('b', version => 0);
    $talk->look;
    return;
}

1;
