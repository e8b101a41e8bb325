# UpdateFeatures 0-2: features keep the level that they have, and nothing but that level can be asked for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use KafkaTest;
use KafkaRequests;
use Test::More;

my $broker = KafkaTest->start;
my $client = $broker->connect;

sub finalized { return { map { $_->{name} => $_->{max_version_level} } @{ $client->call('ApiVersions', 4, {})->{finalized_features} } }; }
my $before = finalized();
my ($up, $safely_down, $down) = (1, 2, 3);

# update($version, [[feature, level, other fields], ...]): the whole answer. Where it can be asked for, nothing but an answer is.
sub update {
    my ($version, $updates, %request) = @_;
    return $client->call('UpdateFeatures', $version, {
        $version ? (validate_only => 1) : (), %request,
        feature_updates => [map { my ($feature, $level, %more) = @$_; { feature => $feature, max_version_level => $level, %more } } @$updates] });
}
sub is_fine {
    my ($version, $updates, $name, %request) = @_;
    my $answer = update($version, $updates, %request);
    error_is($answer->{error_code}, 'NONE', "v$version: $name");
    is($answer->{error_message}, undef, "v$version: $name: without a message");
    is_deeply([map { [@$_{qw(feature error_code)}] } @{ $answer->{results} }], [map { [$_->[0], 0] } @$updates], "v$version: $name: told for each") if $version < 2;
    ok(!exists $answer->{results}, "v$version: $name: not told for each") if $version == 2;
    return;
}
sub is_refused {
    my ($version, $updates, $like, $name) = @_;
    my $answer = update($version, $updates);
    error_is($answer->{error_code}, 'INVALID_UPDATE_VERSION', "v$version: $name");
    like($answer->{error_message}, $like, "v$version: $name: the message says which") if $broker->is_ours;    # others have other words
    is_deeply($answer->{results} // [], [], "v$version: $name: no results");
    return;
}

for my $version (0 .. 2) {
    my @same = (['group.version', 1], ['transaction.version', 2]);
    is_fine($version, [], 'nothing is asked for');
    is_fine($version, [$_], "$_->[0]: the level that it has") for @same;
    is_fine($version, \@same, 'several features');
    is_fine($version, [$same[0], $same[0]], 'the same twice');
    is_fine($version, \@same, 'and not only to be looked at', validate_only => 0) if $version;
    is_refused($version, [['transaction.version', 3]], qr/transaction\.version .*level 3: its levels are 0 to 2$/, 'a level that is not known');
    is_refused($version, [['transaction.version', $_]], qr/level $_: it has level 2, and a downgrade is not asked for$/, "level $_, which would be a downgrade") for 0, 1;
    is_refused($version, [['transaction.version', -1]], qr/its levels are 0 to 2$/, 'a negative level');
    is_refused($version, [[$_, 1]], qr/\Q$_\E cannot .*there is no such feature$/, "a feature named '$_'") for 'no.such.feature', '';
    is_refused($version, [['no.such.feature', 0]], qr/there is no such feature$/, 'a feature that is not there is not there to be removed');
    is_refused($version, [$same[0], ['transaction.version', 3]], qr/^No feature was updated\. transaction\.version/, 'a good update and a bad one');
}
for my $version (1, 2) {
    is_fine($version, [['transaction.version', 2, upgrade_type => $_]], "type $_, to the level that it has") for $up, $safely_down, $down;
    is_refused($version, [['transaction.version', 2, upgrade_type => $_]], qr/type of update is not known$/, "type $_") for -1, 0, 4;
    is_refused($version, [['transaction.version', 3, upgrade_type => $_]], qr/its levels are 0 to 2$/, "type $_, to a level that is not known") for $safely_down, $down;
}
is_refused(0, [['transaction.version', 3, allow_downgrade => 1]], qr/its levels are 0 to 2$/, 'a downgrade to a level that is not known');
is_fine(0, [['transaction.version', 2, allow_downgrade => 1]], 'a downgrade to the level that it has');

if ($broker->is_ours) {    # a Kafka lowers them
    my $keeps = qr/level 1: it keeps level 2, which comes with the broker's version$/;
    is_refused(0, [['transaction.version', 1, allow_downgrade => 1]], $keeps, 'a downgrade');
    is_refused(1, [['transaction.version', 1, upgrade_type => $safely_down]], $keeps, 'a safe downgrade');
    is_refused(2, [['transaction.version', 1, upgrade_type => $down]], $keeps, 'a downgrade with losses');
}
is_deeply(finalized(), $before, 'all that has changed nothing');
$broker->finish;
