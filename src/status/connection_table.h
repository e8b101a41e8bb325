// The open connections, as other processes see them: a fixed number of slots in shared memory. The net thread is the only
// writer and never waits; a reader copies a slot and finds out afterwards whether it changed meanwhile (a sequence lock).
// Pure.
#pragma once
#include "status/counter.h"

#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kafka::status {

/// A text of bounded length. What is longer is cut, in UTF-8 at the end of a character.
template <size_t Size> class Text {
public:
    static constexpr size_t capacity = Size - 1;
    static_assert(capacity <= UINT8_MAX);

    void set(std::string_view text) {
        size_t size = text.size();
        if (size > capacity)
            for (size = capacity; size > 0 && (text[size] & 0xc0) == 0x80;) size--;
        size_ = uint8_t(size);
        std::memcpy(bytes_, text.data(), size);
    }
    std::string_view view() const { return {bytes_, size_}; }

private:
    uint8_t size_ = 0;
    char bytes_[capacity] = {};
};

/// Who is connected. Empty texts: not known, or not yet.
struct Client {
    uint64_t id = 0;      ///< of the connection; 0: there is none in this slot
    int64_t since_ms = 0; ///< when it was accepted, milliseconds since 1970
    uint64_t port = 0;
    Text<48> address; ///< numeric
    Text<128> client_id;
    Text<64> software_name;
    Text<64> software_version;
};

class ConnectionSlot {
public:
    // Changed in place by the net thread.
    Counter in_flight, requests, bytes_received, bytes_sent;

    /// Changes what it says of the client. Net thread.
    template <class Change> void change(Change change) {
        Client client = std::bit_cast<Client>(load());
        change(client);
        begin_change();
        store(std::bit_cast<Words>(client));
        end_change();
    }
    /// As change(), from nothing, and with all counters at zero. Net thread.
    void replace(const Client& client);

    struct Copy {
        Client client;
        uint64_t in_flight = 0, requests = 0, bytes_received = 0, bytes_sent = 0;
    };
    enum class Outcome {
        copied,
        empty,   ///< no connection
        changing ///< it was being changed: try again
    };
    /// Any thread of any process.
    Outcome read(Copy& copy) const;

private:
    static constexpr size_t words = sizeof(Client) / sizeof(uint64_t);
    static_assert(std::is_trivially_copyable_v<Client> && words * sizeof(uint64_t) == sizeof(Client));
    using Words = std::array<uint64_t, words>;

    Words load() const;
    void store(const Words& from);
    void begin_change();
    void end_change();

    std::atomic<uint32_t> version_{0}; ///< odd while it is being changed
    std::array<std::atomic<uint64_t>, words>
        client_{}; ///< a Client, in pieces that are read and written whole
};

/// Which slots are free. Net thread.
class ConnectionTable {
public:
    explicit ConnectionTable(std::span<ConnectionSlot> slots);
    /// Null if there is none left: the connection is not listed.
    ConnectionSlot* take();
    void give_back(ConnectionSlot& slot);

private:
    std::vector<ConnectionSlot*> free_; // the first slot last
};

} // namespace kafka::status
