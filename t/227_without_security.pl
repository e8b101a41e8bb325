# What a broker without authentication and authorizer says to whom asks for them: each request is answered, in each version, and
# refused, so that nobody waits, and nobody takes for protected what is not.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use KafkaTest;
use KafkaWire::Errors;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;

# --- SASL ------------------------------------------------------------------------------------------------

for my $version (0, 1) {
    for my $mechanism ('PLAIN', 'SCRAM-SHA-512', 'no such mechanism', '') {
        my $answer = $client->call('SaslHandshake', $version, { mechanism => $mechanism });
        is_deeply([error_name($answer->{error_code}), $answer->{mechanisms}], ['ILLEGAL_SASL_STATE', []], "SaslHandshake v$version '$mechanism': there is none");
    }
}
for my $version (0 .. 2) {
    for my $bytes ("\0alice\0secret", '', "\xff" x 10_000) {
        my $answer = $client->call('SaslAuthenticate', $version, { auth_bytes => $bytes });
        my $what   = "SaslAuthenticate v$version, " . length($bytes) . ' bytes';
        is_deeply([error_name($answer->{error_code}), @$answer{qw(auth_bytes session_lifetime_ms)}], ['ILLEGAL_SASL_STATE', '', $version ? 0 : undef], $what);
        ok($answer->{error_message}, "$what: with a message");
    }
}
is(scalar @{ $client->call('Metadata', 9, { topics => [] })->{brokers} }, 1, 'the connection can be used as before');

# What follows SaslHandshake v0 has a size and no header.
my $old = $broker->connect;
error_is($old->call('SaslHandshake', 0, { mechanism => 'PLAIN' })->{error_code}, 'ILLEGAL_SASL_STATE', 'a client of the first version');
$old->send_raw(KafkaWire::frame("\0alice\0secret"));
ok($old->closed_by_peer, 'that does not heed the answer is not served');

# --- ACLs ------------------------------------------------------------------------------------------------

my %acl    = (resource_type => 2, resource_name => 'orders', principal => 'User:alice', host => '*', operation => 3, permission_type => 3);
my %filter = (resource_type_filter => 1, resource_name_filter => undef, pattern_type_filter => 1, principal_filter => undef, host_filter => undef, operation => 1, permission_type => 1);
for my $version (1 .. 3) {
    my $created = $client->call('CreateAcls', $version, { creations => [\%acl, { %acl, resource_type => 7, resource_pattern_type => 4 }, { %acl, principal => '', host => '' }] });
    is_deeply([map { error_name($_->{error_code}) } @{ $created->{results} }], [('SECURITY_DISABLED') x 3], "CreateAcls v$version: an answer for each");
    is(scalar(grep { $_->{error_message} } @{ $created->{results} }), 3, "CreateAcls v$version: with a message");
    is_deeply($client->call('CreateAcls', $version, { creations => [] })->{results}, [], "CreateAcls v$version: none for none");
    my $deleted = $client->call('DeleteAcls', $version, { filters => [\%filter, { %filter, resource_name_filter => 'orders', principal_filter => 'User:alice', host_filter => '*' }] });
    is_deeply([map { [error_name($_->{error_code}), $_->{matching_acls}] } @{ $deleted->{filter_results} }], [(['SECURITY_DISABLED', []]) x 2],
        "DeleteAcls v$version: an answer for each filter");
    is(scalar(grep { $_->{error_message} } @{ $deleted->{filter_results} }), 2, "DeleteAcls v$version: with a message");
    is_deeply($client->call('DeleteAcls', $version, { filters => [] })->{filter_results}, [], "DeleteAcls v$version: none for none");
}
my $unknown = $broker->connect->call('CreateAcls', 3, { creations => [{ %acl, resource_type => 0 }] });
is_deeply($unknown && [map { error_name($_->{error_code}) } @{ $unknown->{results} }], $broker->expected(ours => ['SECURITY_DISABLED'], kafka => undef),
    'a resource of no type is refused (Kafka closes the connection)');

# --- Delegation tokens -------------------------------------------------------------------------------------

my @no_times = map { ($_ => -1) } qw(issue_timestamp_ms expiry_timestamp_ms max_timestamp_ms);
my $refused  = 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED';
my @renewers = ([], [{ principal_type => 'User', principal_name => 'bob' }, { principal_type => 'Group', principal_name => '' }]);
for my $version (1 .. 3) {
    my %requester = $version < 3 ? () : (token_requester_principal_type => 'User', token_requester_principal_name => 'ANONYMOUS');
    for my $renewers (@renewers) {
        my $made = $client->call('CreateDelegationToken', $version, { renewers => $renewers, max_lifetime_ms => 1000 });
        is(error_name(delete $made->{error_code}), $refused, "CreateDelegationToken v$version, " . @$renewers . ' renewers');
        is_deeply($made, { principal_type => 'User', principal_name => 'ANONYMOUS', %requester, @no_times, token_id => '', hmac => '', throttle_time_ms => 0 },
            "CreateDelegationToken v$version: there is no token");
    }
    for my $owners (undef, [], [{ principal_type => 'User', principal_name => 'alice' }]) {
        my $answer = $client->call('DescribeDelegationToken', $version, { owners => $owners });
        is_deeply([error_name($answer->{error_code}), $answer->{tokens}], [$refused, []], "DescribeDelegationToken v$version of " . (!$owners ? 'all' : @$owners . ' owners'));
    }
}
for my $owner (['User', 'alice', 'User', 'alice'], ['Group', 'alice', 'Group', 'alice'], ['User', '', 'User', 'ANONYMOUS'], ['User', undef, 'User', 'ANONYMOUS'], ['', 'alice', '', 'alice']) {
    my ($type, $name, @told) = @$owner;
    my $made = $client->call('CreateDelegationToken', 3, { owner_principal_type => $type, owner_principal_name => $name, renewers => [] });
    is_deeply([error_name($made->{error_code}), @$made{qw(principal_type principal_name token_requester_principal_name)}], [$refused, @told, 'ANONYMOUS'],
        "a token of $type:" . ($name // '(null)'));
}
for my $change ([RenewDelegationToken => 'renew_period_ms'], [ExpireDelegationToken => 'expiry_time_period_ms']) {
    my ($api, $period) = @$change;
    for my $version (1, 2) {
        for my $hmac ('', 'a' x 64) {
            my $answer = $client->call($api, $version, { hmac => $hmac, $period => -1 });
            is_deeply([error_name($answer->{error_code}), $answer->{expiry_timestamp_ms}], [$refused, -1], "$api v$version, " . length($hmac) . ' bytes');
        }
    }
}

# --- SCRAM credentials --------------------------------------------------------------------------------------

# By user the error.
sub errors {
    my ($answer) = @_;
    my %errors = map { $_->{user} => error_name($_->{error_code}) } @{ $answer->{results} };
    is(keys %errors, @{ $answer->{results} }, 'each user is answered once');
    return \%errors;
}
sub described { return $client->call('DescribeUserScramCredentials', 0, { users => $_[0] && [map { { name => $_ } } @{ $_[0] }] }); }
my $nobody = described(undef);
is_deeply([error_name($nobody->{error_code}), $nobody->{results}], ['NONE', []], 'nobody has credentials');
is_deeply(described([])->{results}, [], 'an empty list asks for all, too');
my $named = described(['bob', 'alice', '', 'alice', 'alice']);
is(error_name($named->{error_code}), 'NONE', 'users that are named');
is_deeply(errors($named), { bob => 'RESOURCE_NOT_FOUND', alice => 'DUPLICATE_RESOURCE', '' => 'RESOURCE_NOT_FOUND' }, 'are not found');
is_deeply([map { $_->{credential_infos} } @{ $named->{results} }], [([]) x 3], 'and have nothing');

# altered(deletions as [user, mechanism], upsertions as [user, mechanism, iterations])
sub altered {
    my ($deletions, $upsertions) = @_;
    return errors($client->call('AlterUserScramCredentials', 0, {
        deletions  => [map { { name => $_->[0], mechanism => $_->[1] } } @$deletions],
        upsertions => [map { { name => $_->[0], mechanism => $_->[1], iterations => $_->[2] // 4096, salt => 'salt', salted_password => 'password' } } @$upsertions] }));
}
is_deeply(altered([], []), {}, 'nothing to alter');
is_deeply(altered([], [['', 1], ['a', 0], ['b', 3], ['c', -1], ['d', 1, 4095], ['e', 2, 4095], ['f', 1, 16385], ['g', 2, 16385], ['h', 1, -1], ['', 0, 0], ['i', 0, 0]]),
    { (map { $_ => 'UNACCEPTABLE_CREDENTIAL' } '', 'd' .. 'h'), (map { $_ => 'UNSUPPORTED_SASL_MECHANISM' } 'a' .. 'c', 'i') }, 'credentials that cannot be');
is_deeply(altered([['', 1], ['a', 0], ['b', 1], ['c', 2], ['d', 3]], []),
    { '' => 'UNACCEPTABLE_CREDENTIAL', a => 'UNSUPPORTED_SASL_MECHANISM', b => 'RESOURCE_NOT_FOUND', c => 'RESOURCE_NOT_FOUND', d => 'UNSUPPORTED_SASL_MECHANISM' },
    'there is nothing to delete');
is_deeply(altered([], [['a', 1], ['a', 1], ['b', 1], ['b', 2], ['c', 2], ['c', 2, 1], ['d', 1, 1], ['d', 1]]),
    { (map { $_ => 'DUPLICATE_RESOURCE' } 'a' .. 'c'), d => 'UNACCEPTABLE_CREDENTIAL' }, 'a user is named once, or its first error holds');
is_deeply(altered([['a', 1], ['b', 0], ['c', 1], ['c', 0]], [['a', 1], ['a', 2, 1], ['b', 1, 1]]),
    { a => 'RESOURCE_NOT_FOUND', b => 'UNSUPPORTED_SASL_MECHANISM', c => 'RESOURCE_NOT_FOUND' }, 'which is that of a deletion, if there is one');
SKIP: {
    skip 'Kafka stores credentials, whether they are asked for or not', 1 if !$broker->is_ours;
    my $answer = $client->call('AlterUserScramCredentials', 0, { deletions => [],
            upsertions => [map { { name => "user $_", mechanism => $_, iterations => 8192, salt => 'salt', salted_password => 'password' } } 1, 2] });
    is_deeply(errors($answer), { 'user 1' => 'UNSUPPORTED_SASL_MECHANISM', 'user 2' => 'UNSUPPORTED_SASL_MECHANISM' }, 'credentials are refused');
    like($_->{error_message}, qr/does not authenticate/, "$_->{user} learns why") for @{ $answer->{results} };
    is_deeply(described(undef)->{results}, [], 'and not kept');
}

# --- Clients that are set up to authenticate -----------------------------------------------------------------

for my $mechanism ('PLAIN', 'SCRAM-SHA-256') {
    my ($status, undef, $errors) = kcat(['-b', $broker->address, '-L', '-m', 2, map { ('-X', $_) } 'security.protocol=SASL_PLAINTEXT',
        "sasl.mechanism=$mechanism", 'sasl.username=alice', 'sasl.password=secret']);
    isnt($status, 0, "librdkafka with $mechanism does not connect");
    like($errors, qr/\Q$mechanism\E mechanism handshake failed: Broker: Request not valid in current SASL state/, 'and says why');
}
SKIP: {
    my $python = '/usr/bin/python3';
    skip 'python3-kafka is not installed', 1 if system("$python -c 'import kafka' 2>/dev/null") != 0;
    my $script = <<'PYTHON';
import sys
from kafka.admin import KafkaAdminClient
KafkaAdminClient(bootstrap_servers=sys.argv[1], security_protocol='SASL_PLAINTEXT', sasl_mechanism='PLAIN',
                 sasl_plain_username='alice', sasl_plain_password='secret', api_version_auto_timeout_ms=5000)
PYTHON
    IPC::Run::run([$python, '-c', $script, $broker->address], '>', \my $out, '2>', \my $errors, IPC::Run::timeout(60));
    like($errors, qr/IllegalSaslStateError|NoBrokersAvailable/, 'kafka-python gives up');
}
$broker->finish;
