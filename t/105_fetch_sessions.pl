# Fetch sessions (KIP-227), Fetch 7-18: a client names its partitions once, then only what has changed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use KafkaWire::Batch;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;
my @topics = map { $broker->create_topic($_, num_partitions => 2) } 'one', 'two';

# One Fetch in a session: the answer's error, session id and partitions as "topic-partition" => answer.
sub session_fetch {
    my ($version, $id, $epoch, $asked, %with) = @_;
    my $answer = ($with{client} // $client)->call(
        'Fetch', $version,
        {
            session_id            => $id,
            session_epoch         => $epoch,
            topics                => [map { fetch_partitions($topics[$_], $asked->{$_}) } sort keys %$asked],
            forgotten_topics_data => $with{forget} // []
        }
    );
    my %answered;
    for my $topic (@{ $answer->{responses} }) {
        my ($index) =
            grep { ($topic->{topic} // $topic->{topic_id}) eq $topics[$_]{ $version >= 13 ? 'id' : 'name' } }
            0, 1;
        $answered{"$index-$_->{partition_index}"} = $_ for @{ $topic->{partitions} };
    }
    return { error_code => $answer->{error_code}, session => $answer->{session_id},
        partitions => \%answered };
}

# The four partitions from the given offset on.
sub all_from {
    my ($offset) = @_;
    return {
        map {
            $_ => { map { $_ => { fetch_offset => $offset } } 0, 1 }
        } 0,
        1
    };
}

sub forgotten {
    my ($topic, @partitions) = @_;
    return [{ topic => $topic->{name}, topic_id => $topic->{id}, partitions => \@partitions }];
}

for my $version (7, 11, 12, 13, 18) {
    my $name = "v$version";
    @topics = map { $broker->create_topic("$name-$_", num_partitions => 2) } 'one', 'two';
    produce_values($client, $topics[0], "$name first");
    my $full = session_fetch($version, 0, 0, all_from(0));
    error_is($full->{error_code}, 'NONE', "$name: a full fetch");
    is_deeply([sort keys %{ $full->{partitions} }], [qw(0-0 0-1 1-0 1-1)], "$name: answers every partition");
    my $id = $full->{session};
    cmp_ok($id, '>', 0, "$name: and opens a session");

    my $next = session_fetch($version, $id, 1, { 0 => { 0 => { fetch_offset => 1 } } });
    error_is($next->{error_code}, 'NONE', "$name: an incremental fetch");
    is($next->{session}, $id, "$name: in the same session");
    is_deeply($next->{partitions}, {}, "$name: names no partition in which nothing happened");

    produce($client, 9, $topics[1], { 1 => batch_of("$name news") });
    $next = session_fetch($version, $id, 2, {});
    is_deeply([keys %{ $next->{partitions} }], ['1-1'], "$name: then only the one with news");
    is((read_batches($next->{partitions}{'1-1'}{records}))[0]{records}[0]{value},
        "$name news", "$name: and its records");

    $next = session_fetch($version, $id, 3, { 1 => { 1 => { fetch_offset => 0 } } });
    is_deeply([keys %{ $next->{partitions} }], ['1-1'], "$name: a changed offset counts");
    $next = session_fetch($version, $id, 4, { 1 => { 1 => { fetch_offset => 1 } } });
    is_deeply($next->{partitions}, {}, "$name: as does one at the end");
    $next = session_fetch($version, $id, 5, { 1 => { 1 => { fetch_offset => 9 } } });
    error_is($next->{partitions}{'1-1'}{error_code}, 'OFFSET_OUT_OF_RANGE', "$name: an error is told");
    $next = session_fetch($version, $id, 6, {});
    error_is($next->{partitions}{'1-1'}{error_code},
        'OFFSET_OUT_OF_RANGE', "$name: and told again as long as it stays");

    $next = session_fetch($version, $id, 7, {}, forget => forgotten($topics[1], 1));
    is_deeply($next->{partitions}, {}, "$name: a forgotten partition is not answered");
    produce($client, 9, $topics[1], { 1 => batch_of('unseen'), 0 => batch_of('seen') });
    $next = session_fetch($version, $id, 8, {});
    is_deeply([keys %{ $next->{partitions} }], ['1-0'], "$name: nor does its news show");

    error_is(session_fetch($version, $id, 11, {})->{error_code},
        'INVALID_FETCH_SESSION_EPOCH', "$name: an epoch ahead");
    error_is(session_fetch($version, $id, 8, {})->{error_code},
        'INVALID_FETCH_SESSION_EPOCH', "$name: an epoch behind");
    error_is(session_fetch($version, $id, 9, {})->{error_code}, 'NONE', "$name: the right epoch still works");
    error_is(session_fetch($version, $id ^ 1, 1, {})->{error_code},
        'FETCH_SESSION_ID_NOT_FOUND', "$name: an unknown session");

    my $other = $broker->connect;
    error_is(session_fetch($version, $id, 10, {}, client => $other)->{error_code},
        'NONE', "$name: another connection may go on");

    my $closing = session_fetch($version, $id, -1, all_from(0));
    error_is($closing->{error_code}, 'NONE', "$name: a final full fetch");
    is($closing->{session},                     0, "$name: has no session");
    is(scalar keys %{ $closing->{partitions} }, 4, "$name: and answers every partition");
    error_is(session_fetch($version, $id, 11, {})->{error_code},
        'FETCH_SESSION_ID_NOT_FOUND', "$name: the session is closed");
}

# --- A full fetch replaces the session that it names -----------------------------------------------

@topics = map { $broker->create_topic("last-$_", num_partitions => 2) } 'one', 'two';
my $first  = session_fetch(12, 0,      0, all_from(0))->{session};
my $second = session_fetch(12, $first, 0, all_from(0))->{session};
isnt($second, $first, 'epoch 0 with a session id opens a new session');
error_is(session_fetch(12, $first, 1, {})->{error_code},
    'FETCH_SESSION_ID_NOT_FOUND', 'and closes the one it names');

my $plain = session_fetch(12, 0, -1, all_from(0));
is($plain->{session},                     0, 'epoch -1 without a session: no session');
is(scalar keys %{ $plain->{partitions} }, 4, 'epoch -1 without a session: a full answer');

# --- Names and ids do not mix ----------------------------------------------------------------------

error_is(
    session_fetch(13, $second, 1, {})->{error_code},
    'FETCH_SESSION_TOPIC_ID_ERROR',
    'a session by names continued by ids'
);
my $by_id = session_fetch(13, 0, 0, all_from(0))->{session};
error_is(
    session_fetch(12, $by_id, 1, {})->{error_code},
    'FETCH_SESSION_TOPIC_ID_ERROR',
    'a session by ids continued by names'
);

# --- Topics that go and come while the session lasts -----------------------------------------------

my $id = session_fetch(13, 0, 0, all_from(0))->{session};
delete_topics($client, 5, [$topics[0]{name}]);
my $epoch = 1;
my $error = wait_until(
    'the session hears of the deletion',
    sub {
        my $seen = session_fetch(13, $id, $epoch++, {})->{partitions};
        return $seen->{'0-0'} ? $seen->{'0-0'}{error_code} : 0;
    }
);
like(
    error_name($error),
    qr/^UNKNOWN_TOPIC_(ID|OR_PARTITION)$/,
    'a topic that was deleted is told as an error in the session'
);
error_is(session_fetch(13, $id, $epoch, {})->{error_code}, 'NONE', 'the session itself goes on');

# --- An emptied session ends -----------------------------------------------------------------------

$id = session_fetch(12, 0, 0, { 1 => { 0 => { fetch_offset => 0 } } })->{session};
my $emptied = session_fetch(12, $id, 1, {}, forget => forgotten($topics[1], 0));
error_is($emptied->{error_code}, 'NONE', 'the last partition of a session is forgotten');
is($emptied->{session}, 0, 'which ends the session');
error_is(session_fetch(12, $id, 2, {})->{error_code}, 'FETCH_SESSION_ID_NOT_FOUND',
    'so that it cannot go on');

$broker->finish;
