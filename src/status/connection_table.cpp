// See connection_table.h. The order of loads and stores is that of a sequence lock: the version is odd before any word
// changes and even after all have, and a reader that sees a word of a change sees its odd version, too.
#include "status/connection_table.h"

namespace kafka::status {

using std::memory_order_acquire, std::memory_order_relaxed, std::memory_order_release;

ConnectionSlot::Words ConnectionSlot::load() const {
    Words copy;
    for (size_t i = 0; i < words; i++) copy[i] = client_[i].load(memory_order_relaxed);
    return copy;
}

void ConnectionSlot::store(const Words& from) {
    for (size_t i = 0; i < words; i++) client_[i].store(from[i], memory_order_relaxed);
}

void ConnectionSlot::begin_change() {
    version_.store(version_.load(memory_order_relaxed) + 1, memory_order_relaxed);
    std::atomic_thread_fence(memory_order_release);
}

void ConnectionSlot::end_change() {
    version_.store(version_.load(memory_order_relaxed) + 1, memory_order_release);
}

void ConnectionSlot::replace(const Client& client) {
    begin_change();
    store(std::bit_cast<Words>(client));
    for (Counter* counter : {&in_flight, &requests, &bytes_received, &bytes_sent}) counter->set(0);
    end_change();
}

ConnectionSlot::Outcome ConnectionSlot::read(Copy& copy) const {
    const uint32_t before = version_.load(memory_order_acquire);
    if (before % 2 != 0) return Outcome::changing;
    copy.client = std::bit_cast<Client>(load());
    copy.in_flight = in_flight.get();
    copy.requests = requests.get();
    copy.bytes_received = bytes_received.get();
    copy.bytes_sent = bytes_sent.get();
    std::atomic_thread_fence(memory_order_acquire);
    if (version_.load(memory_order_relaxed) != before) return Outcome::changing;
    return copy.client.id != 0 ? Outcome::copied : Outcome::empty;
}

ConnectionTable::ConnectionTable(std::span<ConnectionSlot> slots) {
    free_.reserve(slots.size()); // so that giving back never fails
    for (size_t i = slots.size(); i-- > 0;) free_.push_back(&slots[i]);
}

ConnectionSlot* ConnectionTable::take() {
    if (free_.empty()) return nullptr;
    ConnectionSlot* slot = free_.back();
    free_.pop_back();
    return slot;
}

void ConnectionTable::give_back(ConnectionSlot& slot) {
    slot.replace({});
    free_.push_back(&slot);
}

} // namespace kafka::status
