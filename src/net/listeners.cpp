// The listening sockets that the settings ask for. See listeners.h.
#include "net/listeners.h"

#include <algorithm>
#include <cerrno>

namespace kafka::net {
namespace {

constexpr std::chrono::seconds retry_interval{1};

/// True for what happens where IPv6 is switched off, though names and `*` still have an IPv6 address.
bool is_family_missing(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

std::string hint_for(int error, uint16_t port) {
    const std::string retrying = " It is tried again every second.";
    if (error == EADDRINUSE)
        return "Is another server running on port " + std::to_string(port) +
               "? If so, stop it or change pg_kafka.port." + retrying;
    if (error == EACCES) return "Ports below 1024 need a privilege; change pg_kafka.port." + retrying;
    if (error == EADDRNOTAVAIL)
        return "No network interface has this address; check pg_kafka.host." + retrying;
    return "Check pg_kafka.host and pg_kafka.port." + retrying;
}

SocketAddress without_port(SocketAddress address) {
    address.set_port(0);
    return address;
}

/// The wildcard address of a family already covers every other address of it.
template <class Wanted> void drop_covered(std::vector<Wanted>& wanted) {
    for (const int family : {AF_INET, AF_INET6}) {
        const auto specific = [&](const Wanted& w) {
            return w.address.family() == family && !w.address.is_wildcard();
        };
        const auto wildcard = [&](const Wanted& w) {
            return w.address.family() == family && w.address.is_wildcard();
        };
        if (std::any_of(wanted.begin(), wanted.end(), wildcard)) std::erase_if(wanted, specific);
    }
}

/// Every address once: localhost and 127.0.0.1 are one socket.
template <class Wanted> std::vector<Wanted> wanted_addresses(const std::vector<Resolver::Resolved>& hosts) {
    std::vector<Wanted> wanted;
    for (const Resolver::Resolved& host : hosts)
        for (const SocketAddress& address : host.addresses) {
            const auto same = [&](const Wanted& w) { return w.address == address; };
            if (std::none_of(wanted.begin(), wanted.end(), same)) wanted.push_back({host.host, address});
        }
    drop_covered(wanted);
    return wanted;
}

} // namespace

Listeners::Listeners(uv_loop_t& loop, Notices& notices, status::Counter& listening,
                     std::function<void(int)> accepted)
    : loop_(loop), notices_(notices), listening_(listening), accepted_(std::move(accepted)), resolver_(loop),
      retry_(loop, [this] { retry(); }) {}

void Listeners::apply(const Settings& settings) noexcept {
    try {
        const std::vector<std::string> hosts = settings.serving ? settings.hosts : std::vector<std::string>();
        if (hosts == hosts_ && settings.port == port_) return;
        if (settings.port != port_) listeners_.clear();
        show();
        hosts_ = hosts;
        port_ = settings.port;
        refresh();
    } catch (const std::bad_alloc&) {
        try_again_soon();
    }
}

void Listeners::refresh() noexcept {
    retry_.stop();
    try {
        resolver_.resolve(hosts_, [this](Resolved&& hosts) { reconcile(hosts); });
    } catch (const std::bad_alloc&) {
        try_again_soon();
    }
}

void Listeners::try_again_soon() noexcept {
    incomplete_ = true;
    retry_.start(retry_interval);
}

void Listeners::reconcile(const Resolved& hosts) noexcept {
    try {
        const std::vector<Wanted> wanted = wanted_addresses<Wanted>(hosts);
        close_unwanted(hosts, wanted);
        std::vector<Failure> failures;
        for (const Resolver::Resolved& host : hosts)
            if (host.addresses.empty()) failures.push_back(unresolved(host));
        for (const Wanted& one : wanted) open_one(one, failures);
        report(std::move(failures));
    } catch (const std::bad_alloc&) { // what is missing is tried again
        incomplete_ = true;
    }
    show();
    if (incomplete_) retry_.start(retry_interval);
}

// A host that cannot be resolved for the moment keeps the sockets that it has.
void Listeners::close_unwanted(const Resolved& hosts, const std::vector<Wanted>& wanted) {
    std::erase_if(listeners_, [&](const Listener& listener) {
        const SocketAddress address = without_port(listener.socket->address());
        const auto same = [&](const Wanted& w) { return w.address == address; };
        const auto unresolved = [&](const Resolver::Resolved& host) {
            return host.host == listener.host && host.addresses.empty();
        };
        return std::none_of(wanted.begin(), wanted.end(), same) &&
               std::none_of(hosts.begin(), hosts.end(), unresolved);
    });
}

void Listeners::open_one(const Wanted& wanted, std::vector<Failure>& failures) {
    if (listens_on(wanted.address)) return;
    SocketAddress address = wanted.address;
    // With any port asked for, the first socket's choice is good for all.
    address.set_port(port_ == 0 && !listeners_.empty() ? listeners_.front().socket->address().port() : port_);
    const auto paused = [this] {
        if (!retry_.started()) retry_.start(retry_interval);
    };
    ListenSocket::Opened opened = ListenSocket::open(loop_, address, notices_, {accepted_, paused});
    if (opened.socket) {
        notices_.post(Notice::Level::log,
                      "listening for Kafka clients on " + to_string(opened.socket->address().readable()));
        listeners_.push_back({wanted.host, std::move(opened.socket)});
        return;
    }
    failures.push_back(
        {wanted.host,
         {Notice::Level::warning, "could not listen for Kafka clients on " + to_string(address.readable()),
          uv_strerror(uv_translate_sys_error(opened.error)), hint_for(opened.error, address.port())},
         is_family_missing(opened.error)});
}

Listeners::Failure Listeners::unresolved(const Resolver::Resolved& host) {
    return {host.host,
            {Notice::Level::warning, "could not resolve pg_kafka.host \"" + host.host + "\"", host.error,
             "It is tried again every second."},
            false};
}

// Each failure once, for as long as it lasts.
void Listeners::report(std::vector<Failure> failures) {
    std::erase_if(failures, [this](const Failure& f) { return f.excusable && listens_for(f.host); });
    std::set<std::string> lasting;
    for (Failure& failure : failures) {
        const std::string text = failure.notice.message + ": " + failure.notice.detail;
        if (!reported_.contains(text))
            notices_.post(failure.notice.level, failure.notice.message, failure.notice.detail,
                          failure.notice.hint);
        lasting.insert(text);
    }
    reported_ = std::move(lasting);
    incomplete_ = !failures.empty();
}

bool Listeners::listens_on(const SocketAddress& address) const {
    return std::any_of(listeners_.begin(), listeners_.end(), [&](const Listener& listener) {
        return without_port(listener.socket->address()) == address;
    });
}

bool Listeners::listens_for(const std::string& host) const {
    return std::any_of(listeners_.begin(), listeners_.end(),
                       [&](const Listener& listener) { return listener.host == host; });
}

/// To other threads and processes.
void Listeners::show() noexcept {
    bound_port_ = listeners_.empty() ? 0 : listeners_.front().socket->address().port();
    listening_.set(listeners_.size());
}

void Listeners::retry() noexcept {
    for (Listener& listener : listeners_)
        if (listener.socket->paused()) listener.socket->resume();
    if (incomplete_) refresh();
}

void Listeners::close() noexcept {
    resolver_.cancel();
    retry_.close();
    listeners_.clear();
    show();
}

} // namespace kafka::net
