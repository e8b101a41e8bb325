// What one connection adds to the notice board. See connection_figures.h.
#include "net/connection_figures.h"

#include <chrono>

namespace kafka::net {
namespace {

static_assert(std::variant_size_v<wire::Request> <= status::max_apis);

constexpr uint64_t ns_per_us = 1000;

int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

void ConnectionFigures::opened(uint64_t id, const Address& peer) {
    slot_ = table_.take();
    if (!slot_) return;
    status::Client client;
    client.id = id;
    client.since_ms = now_ms();
    client.port = peer.port;
    client.address.set(peer.host);
    slot_->replace(client);
}

void ConnectionFigures::received(size_t bytes) {
    sums_.bytes_received.add(bytes);
    if (slot_) slot_->bytes_received.add(bytes);
}

void ConnectionFigures::sent(size_t bytes) {
    sums_.bytes_sent.add(bytes);
    if (slot_) slot_->bytes_sent.add(bytes);
}

void ConnectionFigures::request(const wire::DecodeResult& decoded) {
    sums_.apis[decoded.request.index()].requests.add();
    if (!slot_) return;
    slot_->requests.add();
    name_client(decoded);
}

// The client id comes with every request, and is nearly always the one that is listed already.
void ConnectionFigures::name_client(const wire::DecodeResult& decoded) {
    const auto& client_id = decoded.header.client_id;
    if (client_id && *client_id != client_id_) {
        client_id_ = *client_id;
        slot_->change([&](status::Client& client) { client.client_id.set(client_id_); });
    }
    const auto* software = std::get_if<wire::api_versions::Request>(&decoded.request);
    if (!software || software->client_software_name.empty()) return;
    slot_->change([&](status::Client& client) {
        client.software_name.set(software->client_software_name);
        client.software_version.set(software->client_software_version);
    });
}

void ConnectionFigures::answer(const Answer& answer, uint64_t now_ns) {
    if (answer.api == Answer::no_api) return;
    status::ApiFigures& api = sums_.apis[size_t(answer.api)];
    api.latency.add((now_ns - answer.arrived_ns) / ns_per_us);
    if (answer.bytes.has_error || answer.close) api.errors.add();
}

void ConnectionFigures::in_flight(size_t requests) {
    if (slot_) slot_->in_flight.set(requests);
}

void ConnectionFigures::closed() {
    if (slot_) table_.give_back(*slot_);
    slot_ = nullptr;
}

} // namespace kafka::net
