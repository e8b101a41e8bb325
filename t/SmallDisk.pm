# A small file system for a script: `use SmallDisk '150m'` runs the script in a mount namespace of its own, which needs no privilege,
# where $SmallDisk::folder is a file system of that size. Skips the script where the system has no such namespaces.
package SmallDisk;

use strict;
use warnings;
use File::Temp ();
use Test::More;

our $folder;

# Begins again in the new namespace; within it, as the same user as before.
sub import {
    my ($class, $size) = @_;
    plan skip_all => 'fills the disk of our own server' if $ENV{PG_KAFKA_BROKER};
    $folder = $ENV{SMALL_DISK} and return;
    my $made    = File::Temp::tempdir(CLEANUP => 1);
    my $user    = "unshare --map-user=$> --map-group=" . (split ' ', $))[0];
    my $in_here = "mount -t tmpfs -o size=$size,mode=0700 tmpfs $made && exec $user";
    my @unshare = ('unshare', '--map-root-user', '--mount', 'sh', '-c', "$in_here \"\$\@\"", 'sh');
    plan skip_all => 'no unprivileged mount namespaces here' if system("@unshare[0 .. 4] '$in_here true' >/dev/null 2>&1") != 0;
    $ENV{SMALL_DISK} = $made;
    my $failed = system @unshare, $^X, map({ "-I$_" } @INC), $0;
    exit($failed ? 1 : 0);
}

# Takes all that is left of it, but for so many MB.
sub fill {
    my ($left) = @_;
    open my $file, '>>', "$folder/ballast" or die "$folder/ballast: $!";
    for my $size (2**20, 4096, 1) { 1 while syswrite $file, "\0" x $size; }
    truncate $file, (-s $file) - $left * 2**20 if $left;
    return;
}

sub empty { unlink "$folder/ballast" or die "$folder/ballast: $!"; return; }

# Moves a folder of a server that is stopped there.
sub take {
    my ($moved) = @_;
    system("cp -a '$moved/.' '$folder' && rm -r '$moved'") == 0 or die "cannot move $moved";
    symlink $folder, $moved or die "symlink: $!";
    return;
}

1;
