// Numeric network addresses, for people and for Metadata (Address) and for the sockets calls (SocketAddress).
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace kafka::net {

/// A numeric host and a port, as clients are told and as logs show.
struct Address {
    std::string host; ///< "127.0.0.1" or "::1": numeric, without brackets
    uint16_t port = 0;
};

/// "127.0.0.1:9092", or "[::1]:9092".
std::string to_string(const Address& address);

/// An IPv4 or IPv6 address as the kernel takes it.
struct SocketAddress {
    sockaddr_storage storage{};

    int family() const { return storage.ss_family; }
    /// Bytes of `storage` that this family uses.
    socklen_t length() const;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    uint16_t port() const;
    void set_port(uint16_t port);
    /// 0.0.0.0 or ::
    bool is_wildcard() const;
    /// Host and port in readable form; the host is empty for a family that is neither IPv4 nor IPv6.
    Address readable() const;
    bool operator==(const SocketAddress& other) const;
};

/// A copy of what getaddrinfo, getsockname or getpeername gave.
SocketAddress make_socket_address(const sockaddr* address);

} // namespace kafka::net
