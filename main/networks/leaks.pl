# Runs in a guest, as any of its programs could: tries ways out of the VM, all at once, and prints what came back of each.
# Arguments, by fours: id, kind (tcp, dns, quic, name), address or name, port. Prints "ID tried", then "ID reached|refused [DETAIL]",
# which of what is never answered does not come. Perl and these modules are in every Debian (perl-base).
use strict;
use warnings;
use Errno qw(EAFNOSUPPORT);
use Socket qw(:all);

# All begin at once: an emulated guest on a busy host needs seconds for what is answered at once elsewhere.
use constant WITHIN_S => 10;

# One write: the lines of probes that run side by side do not mix.
sub say_of {
    my ($id, @words) = @_;
    syswrite STDOUT, join(" ", $id, @words) . "\n";
}

sub result {
    say_of(@_);
    exit 0;
}

# A question for the addresses of example.com.
my $question = pack("n6", 7, 0x0100, 1, 0, 0, 0) . "\7example\3com\0" . pack("n2", 1, 1);
# A version of QUIC that no server knows: each names those that it does.
my $quic = substr(pack("C N C", 0xc0, 0x1a2a3a4a, 8) . "firewall" . chr(8) . "leaktest" . "\0" x 1200, 0, 1200);

sub connected {
    my ($id, $to, $port, $type) = @_;
    my ($error, $found) = getaddrinfo($to, $port, { flags => AI_NUMERICHOST | AI_NUMERICSERV, socktype => $type });
    exit 1 if $error || !$found;
    my $socket;
    if (!socket($socket, $found->{family}, $type, 0)) {
        # A system that has nothing of this family has no such way.
        result($id, "refused", $! + 0) if $! == EAFNOSUPPORT;
        exit 1;
    }
    say_of($id, "tried");
    connect($socket, $found->{addr}) or result($id, "refused", $! + 0);
    return $socket;
}

my @probes;
push @probes, [splice @ARGV, 0, 4] while @ARGV >= 4;
for my $probe (@probes) {
    my $pid = fork;
    next if !defined $pid || $pid > 0;
    my ($id, $kind, $to, $port) = @$probe;
    # Its end is not caught: what has no answer by then prints nothing.
    alarm WITHIN_S;
    if ($kind eq "tcp") {
        connected($id, $to, $port, SOCK_STREAM);
        result($id, "reached");
    }
    elsif ($kind eq "name") {
        say_of($id, "tried");
        my ($error, @found) = getaddrinfo($to, "", { socktype => SOCK_STREAM });
        result($id, "refused", $error + 0) if $error;
        my @addresses = map { (getnameinfo($_->{addr}, NI_NUMERICHOST))[1] } @found[0 .. ($#found > 7 ? 7 : $#found)];
        result($id, "reached", join(",", @addresses));
    }
    else {
        my $socket = connected($id, $to, $port, SOCK_DGRAM);
        send($socket, $kind eq "quic" ? $quic : $question, 0) or result($id, "refused", $! + 0);
        defined(recv($socket, my $answer, 2048, 0)) or result($id, "refused", $! + 0);
        result($id, "reached");
    }
}
1 while wait > 0;
