# The unit tests of the pure floors, plain and with sanitizers: each of their tests is one here.
use strict;
use warnings;
use Test::More;

my @builds = grep { -x ".build/$_/unit" } qw(plain sanitized);
plan skip_all => 'make unit-programs has not been run' if !@builds;

for my $build (@builds) {
    open my $output, '-|', ".build/$build/unit" or die "cannot run .build/$build/unit: $!";
    my ($planned, $seen, @diagnostics) = (0, 0);
    while (my $line = <$output>) {
        chomp $line;
        if ($line =~ /^1\.\.(\d+)$/) { $planned = $1; next; }
        if ($line !~ /^(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$/) { push @diagnostics, $line; next; }
        my ($failed, $name, $skipped) = ($1, "$build: $2", $3);
        $seen++;
        if (defined $skipped) {
            SKIP: { skip "$name: $skipped", 1; }
        } else {
            ok(!$failed, $name) or diag join "\n", @diagnostics;
        }
        @diagnostics = ();
    }
    close $output;
    ok($? == 0 && $seen == $planned, "$build: all $planned tests have run") or diag join "\n", "wait status $?", @diagnostics;
}
done_testing();
