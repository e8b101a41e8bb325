# The floors of src/: a folder includes only itself and folders below it, and few files see the server's headers.
use strict;
use warnings;
use File::Find;
use Test::More;

my %floor = (
    worker => 7,
    api => 6, sql => 6, shadow => 6,
    store => 5,
    log => 4,
    txn => 3,
    group => 2, net => 2, record => 2,
    status => 1, wire => 1, pg => 1,
);
my $sees_server = qr{^src/(?:pg/|sql/|pg_kafka\.cpp$)};

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.(?:h|cpp)$/ } }, 'src');
ok(@files > 20, 'the sources are found');

my @includes;    # [file, line number, folder or '', header, brackets or quotes]
for my $file (sort @files) {
    open my $source, '<', $file or die "cannot read $file: $!";
    while (<$source>) {
        push @includes, [$file, $., $2, $3, $1] if m{^\s*#\s*include\s*([<"])(?:([^>"/]+)/)?([^>"]+)[>"]};
    }
}

sub folder_of { return $_[0] =~ m{^src/([^/]+)/} ? $1 : 'the front door'; }
sub where     { return join ', ', map { "$_->[0]:$_->[1]" } @_; }

my @ours = grep { $_->[4] eq '"' && exists $floor{ $_->[2] // '' } } @includes;
my @upward = grep {
    my ($from, $to) = (folder_of($_->[0]), $_->[2]);
    $from ne $to && ($floor{$from} // 8) <= $floor{$to};
} @ours;
is(where(@upward), '', 'every include goes down');

my @folders = map { folder_of($_) } grep { m{^src/[^/]+/} } @files;
is(join(' ', grep { !exists $floor{$_} } @folders), '', 'every folder of src/ has a floor');

my @unknown = grep { $_->[4] eq '"' && !exists $floor{ $_->[2] // '' } && $_->[0] !~ $sees_server } @includes;
is(where(@unknown), '', 'includes of ours name folder and file');

# Headers of the server that lie in the server's own include directory; everything else there is found through these.
my @server = grep { $_->[3] =~ /^(?:postgres(?:_fe|_ext)?|fmgr|funcapi|miscadmin|pgstat|c)\.h$/ && !exists $floor{ $_->[2] // '' } } @includes;
ok(@server > 0, 'the boundary to the server is found');
is(where(grep { $_->[0] !~ $sees_server } @server), '', 'only pg/, sql/ and the front door include the headers of the server');

my @guards = grep { ($_->[2] // '') eq 'pg' && $_->[3] =~ /^(?:guard|arguments|setting_syntax)\.h$/ } @includes;
is(where(grep { $_->[0] !~ $sees_server } @guards), '', 'nor the headers of pg/ that include them');

done_testing();
