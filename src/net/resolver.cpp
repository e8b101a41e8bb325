// Turns hosts into addresses. See resolver.h.
// What needs no name server is answered on the spot; other names go through libuv's pool of threads, since a
// name server may keep a caller waiting for many seconds.
#include "net/resolver.h"

#include <netdb.h>

namespace kafka::net {
namespace {

addrinfo hints(int flags) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = flags;
    return wanted;
}

void append(std::vector<SocketAddress>& addresses, const addrinfo* found) {
    for (; found; found = found->ai_next)
        if (found->ai_family == AF_INET || found->ai_family == AF_INET6)
            addresses.push_back(make_socket_address(found->ai_addr));
}

std::vector<SocketAddress> local_lookup(const char* host, int flags) {
    std::vector<SocketAddress> addresses;
    const addrinfo wanted = hints(flags);
    addrinfo* found = nullptr;
    if (getaddrinfo(host, nullptr, &wanted, &found) != 0) return addresses;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
    append(addresses, found);
    return addresses;
}

/// The addresses of a host that needs no name server: `*`, a numeric address, localhost. Empty for any other.
std::vector<SocketAddress> resolve_locally(const std::string& host) {
    if (host == "*") {
        std::vector<SocketAddress> both = local_lookup("0.0.0.0", AI_NUMERICHOST);
        for (const SocketAddress& v6 : local_lookup("::", AI_NUMERICHOST)) both.push_back(v6);
        return both;
    }
    return local_lookup(host.c_str(), host == "localhost" ? 0 : AI_NUMERICHOST);
}

} // namespace

void Resolver::resolve(const std::vector<std::string>& hosts, Done done) {
    cancel();
    current_ = std::make_shared<Round>();
    const std::shared_ptr<Round> round = current_;
    round->done = std::move(done);
    for (const std::string& host : hosts) round->results.push_back({host, resolve_locally(host), {}});
    for (Resolved& result : round->results)
        if (result.addresses.empty()) look_up(round, result);
    finish_if_complete(*round);
}

void Resolver::look_up(const std::shared_ptr<Round>& round, Resolved& result) {
    Lookup& lookup = lookups_.emplace_back();
    lookup.resolver = this;
    lookup.round = round;
    lookup.result = &result;
    lookup.request.data = &lookup;
    const addrinfo wanted = hints(0);
    const auto found = [](uv_getaddrinfo_t* request, int status, addrinfo* addresses) {
        const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(addresses, uv_freeaddrinfo);
        Lookup& done = *static_cast<Lookup*>(request->data);
        done.resolver->found(done, status, addresses);
    };
    const int error = uv_getaddrinfo(&loop_, &lookup.request, found, result.host.c_str(), nullptr, &wanted);
    if (error != 0) {
        result.error = uv_strerror(error);
        lookups_.pop_back();
        return;
    }
    round->pending++;
}

void Resolver::found(Lookup& lookup, int status, const addrinfo* addresses) {
    const std::shared_ptr<Round> round = lookup.round;
    try {
        append(lookup.result->addresses, addresses);
        if (status != 0) lookup.result->error = uv_strerror(status);
    } catch (const std::bad_alloc&) { // then the host counts as not resolved, and is tried again
    }
    lookups_.remove_if([&](const Lookup& other) { return &other == &lookup; });
    round->pending--;
    finish_if_complete(*round);
}

void Resolver::finish_if_complete(Round& round) {
    if (round.pending > 0 || !round.done) return;
    const Done done = std::move(round.done);
    round.done = nullptr;
    done(std::move(round.results));
}

void Resolver::cancel() {
    if (current_) current_->done = nullptr;
    current_ = nullptr;
    for (Lookup& lookup : lookups_) uv_cancel(reinterpret_cast<uv_req_t*>(&lookup.request));
}

} // namespace kafka::net
