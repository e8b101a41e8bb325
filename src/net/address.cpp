// Numeric network addresses. See address.h.
#include "net/address.h"

#include <uv.h>

#include <cstring>

namespace kafka::net {
namespace {

const sockaddr_in& v4(const SocketAddress& a) { return reinterpret_cast<const sockaddr_in&>(a.storage); }
const sockaddr_in6& v6(const SocketAddress& a) { return reinterpret_cast<const sockaddr_in6&>(a.storage); }

} // namespace

std::string to_string(const Address& address) {
    const bool bracketed = address.host.find(':') != std::string::npos;
    return (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

socklen_t SocketAddress::length() const {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

uint16_t SocketAddress::port() const {
    return ntohs(family() == AF_INET6 ? v6(*this).sin6_port : v4(*this).sin_port);
}

void SocketAddress::set_port(uint16_t port) {
    if (family() == AF_INET6)
        reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
}

bool SocketAddress::is_wildcard() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&v6(*this).sin6_addr);
    return v4(*this).sin_addr.s_addr == htonl(INADDR_ANY);
}

Address SocketAddress::readable() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET6) uv_ip6_name(&v6(*this), text, sizeof text);
    if (family() == AF_INET) uv_ip4_name(&v4(*this), text, sizeof text);
    return {text, port()};
}

bool SocketAddress::operator==(const SocketAddress& other) const {
    if (family() != other.family() || port() != other.port()) return false;
    if (family() == AF_INET) return v4(*this).sin_addr.s_addr == v4(other).sin_addr.s_addr;
    return v6(*this).sin6_scope_id == v6(other).sin6_scope_id &&
           IN6_ARE_ADDR_EQUAL(&v6(*this).sin6_addr, &v6(other).sin6_addr);
}

SocketAddress make_socket_address(const sockaddr* address) {
    SocketAddress copy;
    copy.storage.ss_family = address->sa_family;
    std::memcpy(&copy.storage, address, copy.length());
    return copy;
}

} // namespace kafka::net
