# A program of the guest that asks the X server for both selections, a thousand times a second, without a window that anybody
# sees. Perl's base system and the X11 protocol by hand: a guest has nothing else that could.
#   snooper.pl FOLDER    appends what it is given to FOLDER/given; FOLDER/counts has "ASKED REFUSED"; FOLDER/pid
use strict;
use warnings;
use IO::Socket::UNIX;

use constant { BURST => 200, PAUSE_S => 0.1, INPUT_ONLY => 2, EVENT_MASK => 0x800, PROPERTY_CHANGE => 0x400000 };
use constant { CREATE_WINDOW => 1, INTERN_ATOM => 16, GET_PROPERTY => 20, CONVERT_SELECTION => 24 };
use constant { REPLY => 1, PROPERTY_NOTIFY => 28, SELECTION_NOTIFY => 31 };

my ($folder) = @ARGV;
my ($display) = $ENV{DISPLAY} =~ /:(\d+)/;
my $server = IO::Socket::UNIX->new(Peer => "/tmp/.X11-unix/X$display") or die "X server: $!";

sub receive {
    my ($length) = @_;
    my $bytes = "";
    while (length($bytes) < $length) {
        sysread($server, $bytes, $length - length($bytes), length($bytes)) or die "the X server has ended";
    }
    return $bytes;
}

sub send_all {
    my ($bytes) = @_;
    while (length $bytes) {
        my $sent = syswrite($server, $bytes) or die "the X server has ended";
        substr($bytes, 0, $sent) = "";
    }
}

sub write_file {
    my ($name, $text) = @_;
    open(my $file, ">", "$folder/$name.new") or die;
    print $file $text;
    close($file);
    rename("$folder/$name.new", "$folder/$name");
}

send_all(pack("a x v v v v x2", "l", 11, 0, 0, 0));
my ($answer, $units) = unpack("C x5 v", receive(8));
my $setup = receive($units * 4);
die "the X server refuses: $setup" if $answer != 1;
my ($base, $vendor_length, $formats) = unpack("x4 V x8 v x3 C", $setup);
my $root = unpack("V", substr($setup, 32 + ($vendor_length + 3 & ~3) + 8 * $formats, 4));

sub atom {
    my ($name) = @_;
    my $padded = $name . "\0" x (-length($name) & 3);
    send_all(pack("C x v v x2", INTERN_ATOM, 2 + length($padded) / 4, length $name) . $padded);
    return unpack("x8 V", receive(32));
}

my $text = atom("UTF8_STRING");
my %not_content = map { $_ => 1 } atom("INCR"), atom("ATOM");
# A property for each selection.
my @asks = map { [atom($_), atom("SNOOPED_$_")] } "CLIPBOARD", "PRIMARY";
# From here on the server tells of properties, too.
send_all(pack("C x v V V s s v v v v V V V", CREATE_WINDOW, 9, $base, $root, 0, 0, 1, 1, 0, INPUT_ONLY, 0, EVENT_MASK,
    PROPERTY_CHANGE));

open(my $given, ">", "$folder/given") or die;
$given->autoflush(1);
my ($asked, $refused) = (0, 0);
write_file("pid", "$$\n");
while (1) {
    my $requests = "";
    for my $at (1 .. BURST) {
        my ($selection, $property) = @{ $asks[$at % 2] };
        $requests .= pack("C x v V V V V V", CONVERT_SELECTION, 6, $base, $selection, $text, $property, 0);
    }
    send_all($requests);
    $asked += BURST;
    write_file("counts", "$asked $refused\n");
    my $patience = PAUSE_S;
    while (1) {
        my $ready = "";
        vec($ready, fileno($server), 1) = 1;
        (my $found, $patience) = select($ready, undef, undef, $patience);
        last if $found < 1;
        my $message = receive(32);
        my $kind = unpack("C", $message) & 0x7f;
        if ($kind == SELECTION_NOTIFY) {
            $refused += 1 if unpack("x20 V", $message) == 0;
        } elsif ($kind == PROPERTY_NOTIFY) {
            my ($property, $is_gone) = unpack("x8 V x4 C", $message);
            send_all(pack("C C v V V V V V", GET_PROPERTY, 1, 6, $base, $property, 0, 0, 0xffffff)) if !$is_gone;
        } elsif ($kind == REPLY) {
            my ($more, $type, $length) = unpack("x4 V V x4 V", $message);
            my $content = receive($more * 4);
            print $given substr($content, 0, $length) if !$not_content{$type};
        }
    }
}
