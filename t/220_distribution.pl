# META.json has what PGXN asks for (PGXN Meta Spec 1.0.0), and says the same as the control file and the folder.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use Test::More;

chdir "$FindBin::RealBin/.." or die "no folder above: $!";

sub contents {
    my ($file) = @_;
    open my $opened, '<', $file or die "cannot read $file: $!";
    local $/;
    return readline $opened;
}

my $semantic  = qr/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)$/;
my $term      = qr{^[^\s/\\[:cntrl:]]{2,}$};
my $meta      = decode_json(contents('META.json'));
my ($control) = contents('pg_kafka.control') =~ /^default_version = '(.*)'$/m;
my ($makefile) = contents('Makefile') =~ /^DATA = (.*)$/m;

for my $key (qw(name abstract version maintainer license provides meta-spec)) {
    ok(defined $meta->{$key} && length $meta->{$key}, "there is $key, which is mandatory");
}
is_deeply(
    [grep { !/^(?:name|abstract|description|version|maintainer|license|provides|prereqs|release_status|resources|no_index|generated_by|meta-spec|tags)$/ } sort keys %$meta],
    [], 'and no key that the specification does not have');
is($meta->{'meta-spec'}{version}, '1.0.0', 'the version of the specification');
like($meta->{name},    $term,     'the name is a term');
like($meta->{version}, $semantic, 'the version is a semantic one');
is($meta->{license}, 'postgresql', 'the license is one that the specification knows');
like(contents('LICENSE'), qr/^PostgreSQL License\n/, 'and that of the file LICENSE');
like($meta->{release_status}, qr/^(?:stable|testing|unstable)$/, 'the release has a status');
ok(@{ $meta->{tags} } > 0 && !grep({ length > 255 || m{[/\\[:cntrl:]]} } @{ $meta->{tags} }), 'there are tags');

is(join(' ', sort keys %{ $meta->{provides} }), 'pg_kafka', 'one extension is provided');
my $extension = $meta->{provides}{pg_kafka};
is($extension->{version}, $meta->{version}, 'in the version of the distribution');
is($meta->{version} =~ s/\.\d+$//r, $control, 'which is that of the control file and a patch level');
ok(-f $extension->{$_}, "there is its $_") for qw(file docfile);

my $range = $meta->{prereqs}{runtime}{requires}{PostgreSQL};
like($range, $semantic, 'the first version of PostgreSQL is a semantic one');
is(join(' ', keys %{ $meta->{prereqs} }, keys %{ $meta->{prereqs}{runtime} }, keys %{ $meta->{prereqs}{runtime}{requires} }),
    'runtime requires PostgreSQL', 'and all that is required');

# From the first version on, each is followed by a step to the next one, up to that of the control file.
my @steps = map { /^pg_kafka--(\S+?)(?:--(\S+))?\.sql$/ ? [$1, $2 // $1] : die "what is $_?" } split ' ', $makefile;
is($steps[0][0], $steps[0][1], 'what is installed begins with a version');
is(join(' ', map { $_->[0] } @steps[1 .. $#steps]), join(' ', map { $_->[1] } @steps[0 .. $#steps - 1]), 'and goes on in steps');
is($steps[-1][1], $control, 'to the version of the control file');
done_testing();
