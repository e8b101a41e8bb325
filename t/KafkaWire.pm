# A Kafka client on a raw socket, for tests: it sends any version of a request, well-formed or not, and shows
# every field of the answer. It believes nothing that the broker could have told it, and shares no code with
# the broker.
#
#     my $client = KafkaWire->connect($host, $port);
#     my $answer = $client->call('Metadata', 9, { topics => undef });
#
# Words: a frame is a size and its bytes; a call is a request and its answer; a request is pending until its
# answer has been received. Answers have to come in the order of the requests, anything else ends the test.
package KafkaWire;

use strict;
use warnings;
use Errno;
use IO::Select;
use IO::Socket::IP;
use Time::HiRes 'time';
use KafkaWire::Batch;
use KafkaWire::Codec qw(decode encode);
use KafkaWire::Errors;
use KafkaWire::Messages;

# A test that hangs is a failed test: this is far more than any answer needs, in seconds.
my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 60;

# connect($host, $port, client_id => ..., patience => seconds): a client; dies if nobody listens.
sub connect {
    my ($class, $host, $port, %with) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => $patience)
        or die "cannot connect to $host:$port: $@";
    $socket->setsockopt(Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1);
    my $client_id = exists $with{client_id} ? $with{client_id} : 'perl-tests';
    return bless {
        socket           => $socket,
        client_id        => $client_id,
        patience         => $with{patience} // $patience,
        next_correlation => 1,
        pending          => [],
        received         => ''
    }, $class;
}

sub local_port { return $_[0]{socket}->sockport; }

# --- Requests --------------------------------------------------------------------------------------

# call($api, $version, \%request): sends and waits for the answer; undef if the broker closed the connection.
sub call {
    my ($self, $api, $version, $request) = @_;
    $self->send_request($api, $version, $request);
    return $self->receive;
}

# Sends a request; receive() brings the answer. `no_answer => 1`: none is expected.
sub send_request {
    my ($self, $name, $version, $request, %with) = @_;
    return $self->send_raw($self->request_frame($name, $version, $request, %with));
}

# The whole frame of a request, which is pending from here on: for sending several together, or in pieces.
sub request_frame {
    my ($self, $name, $version, $request, %with) = @_;
    my $api      = KafkaWire::Messages::api($name);
    my $flexible = $version >= $api->{flexible};
    my $id       = $self->{next_correlation}++;
    push @{ $self->{pending} }, { api => $api, version => $version, id => $id } if !$with{no_answer};
    my $body = encode($api->{request}, $request // {}, $version, $flexible);
    return frame($self->request_header($api->{key}, $version, $id, $flexible) . $body);
}

# The bytes of a request header (v1, or v2 for flexible versions). Client ids are never compact.
sub request_header {
    my ($self, $key, $version, $id, $flexible) = @_;
    my $client_id = defined $self->{client_id} ? pack('s>/a*', $self->{client_id}) : pack('s>', -1);
    return pack('s> s> l>', $key, $version, $id) . $client_id . ($flexible ? "\0" : '');
}

# The bytes with their size in front.
sub frame {
    my ($bytes) = @_;
    return pack('l>', length $bytes) . $bytes;
}

# Sends any bytes. Returns false if the broker has closed the connection meanwhile.
sub send_raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $bytes) {
        my $count = syswrite($self->{socket}, $bytes, length($bytes) - $sent, $sent);
        next if !defined $count && $!{EINTR};
        return 0 if !defined $count;
        $sent += $count;
    }
    return 1;
}

# --- Answers ---------------------------------------------------------------------------------------

# The answer to the oldest pending request; undef if the broker closed the connection instead.
sub receive {
    my ($self)  = @_;
    my $request = shift @{ $self->{pending} } // die 'no request is pending';
    my $frame   = $self->receive_frame        // return undef;
    my ($api, $version) = @$request{qw(api version)};
    my $id = unpack 'l>', $frame;
    die "answer to request $id came where that to $request->{id} is due" if $id != $request->{id};
    my $flexible = $version >= $api->{flexible};
    my $head     = $flexible && $api->{name} ne 'ApiVersions' ? 5 : 4;
    pos($frame) = $head;
    my $answer = decode($api->{response}, \$frame, $version, $flexible);
    die "$api->{name} v$version: bytes left over in the answer" if pos($frame) != length $frame;
    return $answer;
}

# The next frame's bytes (without the size), undef at the end of the connection.
sub receive_frame {
    my ($self) = @_;
    $self->_fill(4) or return undef;
    my $size = unpack 'l>', $self->{received};
    $self->_fill(4 + $size) or die 'the connection ended inside a frame';
    my $frame = substr($self->{received}, 4, $size);
    substr($self->{received}, 0, 4 + $size) = '';
    return $frame;
}

# Has an answer, or the end of the connection, arrived? Does not wait (or up to $seconds).
sub readable {
    my ($self, $seconds) = @_;
    return length $self->{received} || $self->_can_read(time + ($seconds // 0)) ? 1 : 0;
}

# Waits for the broker to close the connection; false if it sends something instead.
sub closed_by_peer {
    my ($self) = @_;
    return $self->_fill(1) ? 0 : 1;
}

# Closes abruptly (reset) or, by default, in order.
sub close {
    my ($self, %with) = @_;
    $self->{socket}->setsockopt(Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0)) if $with{reset};
    $self->{socket}->close;
    return;
}

# Reads until that many bytes are there; false at the end of the connection.
sub _fill {
    my ($self, $wanted) = @_;
    my $deadline = time + $self->{patience};
    while (length $self->{received} < $wanted) {
        die "no answer within $self->{patience} s" if !$self->_can_read($deadline);
        my $count = sysread($self->{socket}, $self->{received}, 1 << 20, length $self->{received});
        next if !defined $count && $!{EINTR};
        return 0 if !$count;
    }
    return 1;
}

# Waits until the socket can be read; false if that is not so by the deadline. A signal (the end of some other process that the
# script has started) does not end the wait.
sub _can_read {
    my ($self, $deadline) = @_;
    while (1) {
        my $left = $deadline - time;
        $! = 0;
        return 1 if IO::Select->new($self->{socket})->can_read($left > 0 ? $left : 0);
        return 0 if !$!{EINTR};
    }
}

1;
