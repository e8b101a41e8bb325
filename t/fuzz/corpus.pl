#!/usr/bin/perl
# The kept corpus of the fuzzer, one line of hexadecimal digits for each input, sorted:
#   corpus.pl unpack FILE DIRECTORY     writes each line as a file
#   corpus.pl pack FILE DIRECTORY       writes each file of at most 4 KiB as a line
#   corpus.pl seed GOLDEN DIRECTORY     writes the golden vectors as files: DIRECTORY/wire, record, net and group
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use File::Path qw(make_path);

my $largest = 4096;

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    return scalar readline $in;
}

sub keep {
    my ($directory, $bytes) = @_;
    open my $out, '>:raw', "$directory/" . md5_hex($bytes) or die "$directory: $!\n";
    print {$out} $bytes;
    close $out or die "$directory: $!\n";
    return;
}

sub seed {
    my ($golden, $directory) = @_;
    make_path(map { "$directory/$_" } qw(wire record net group));
    my $frames = '';
    for (split /\n/, slurp("$golden/frames.jsonl")) {
        next unless /"kind":"request".*"hex":"([0-9a-f]*)"/;
        my $frame = pack 'H*', $1;
        keep("$directory/wire", substr $frame, 4);
        keep("$directory/net",  "\x20\x07$frame");
        $frames .= $frame;
    }
    keep("$directory/net", "\xff\xff" . substr $frames, 0, 4000);
    for (split /\n/, slurp("$golden/batches.jsonl")) {
        next unless /"hex":"([0-9a-f]*)"/;
        keep("$directory/record", "\x07" . chr($_) . pack 'H*', $1) for 0 .. 4;
    }
    for (split /\n/, slurp("$golden/embedded.jsonl")) {
        next unless /"name":"ConsumerProtocol.*"hex":"([0-9a-f]*)","wire":"([0-9a-f]*)"/;
        keep("$directory/group", chr($_) . pack 'H*', $2) for 0 .. 1;
    }
    keep("$directory/group", "\2$_") for 'orders.*', '(?i)^(a|b{2,3})\\b', '[^[:alpha:]\\d_-]+?$', '(?P<x>\\pL)\\Q.\\E';
    return;
}

my ($action, $file, $directory) = @ARGV;
if ($action eq 'seed') {
    seed($file, $directory);
} elsif ($action eq 'unpack') {
    make_path($directory);
    keep($directory, pack 'H*', $_) for split /\n/, slurp($file);
} elsif ($action eq 'pack') {
    my @lines = sort map { unpack 'H*', slurp($_) } grep { -s $_ <= $largest } glob "$directory/*";
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} "$_\n" for @lines;
    close $out or die "$file: $!\n";
} else {
    die "usage: corpus.pl unpack|pack|seed ...\n";
}
