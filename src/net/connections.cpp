// All connections of the net thread. See connections.h.
#include "net/connections.h"

#include <unistd.h>

#include <algorithm>

namespace kafka::net {

Connections::Connections(Context& context) : context_(context) {
    context_.connection_closing = [this](Connection& connection) { forget(connection); };
}

void Connections::accept(int socket) noexcept {
    if (open_.size() >= size_t(std::max(context_.settings.max_connections, 0))) return refuse(socket);
    if (Connection* connection = add())
        connection->open(socket);
    else
        ::close(socket);
}

void Connections::refuse(int socket) noexcept {
    ::close(socket);
    context_.figures.refused.add();
    try {
        context_.notices.complain("refused a Kafka client: too many connections",
                                  "There are " + std::to_string(open_.size()) + " already.",
                                  "Raise pg_kafka.max_connections.");
    } catch (const std::bad_alloc&) { // no memory for a line of text: it is not written
    }
}

Connection* Connections::add() noexcept {
    const uint64_t id = ++last_id_;
    try {
        Connection*& place = open_[id];
        place = &Connection::create(id, context_);
        context_.figures.accepted.add();
        context_.figures.connections.set(open_.size());
        return place;
    } catch (const std::bad_alloc&) {
        open_.erase(id);
        return nullptr;
    }
}

void Connections::forget(Connection& connection) noexcept {
    open_.erase(connection.id());
    context_.figures.connections.set(open_.size());
    if (open_.empty() && all_closed) all_closed();
}

void Connections::deliver(std::vector<Reply>&& replies) noexcept {
    ConnectionList answered;
    for (Reply& reply : replies) {
        const auto found = open_.find(reply.id.connection);
        if (found == open_.end()) continue;
        Connection& connection = *found->second;
        connection.reply(std::move(reply));
        answered.join(connection.places().answered, Milliseconds(0));
    }
    if (!answered.empty()) context_.event_ns = uv_hrtime();
    while (ListPlace* place = answered.first()) {
        place->leave();
        place->connection().proceed();
    }
}

void Connections::close_all(std::string_view reason) noexcept {
    while (!open_.empty()) open_.begin()->second->close(reason);
}

void Connections::finish_all() noexcept {
    for (auto next = open_.begin(); next != open_.end();) {
        Connection& connection = *next->second;
        ++next; // finishing may close it, which takes it off the table
        connection.finish();
    }
}

} // namespace kafka::net
