// A consumer that costs almost nothing: it looks at the headers of batches only.
#pragma once
#include "connection.h"

#include <cstdint>
#include <string>

namespace bench {

/// What is seen of transactions.
enum class Isolation : int8_t { read_uncommitted, read_committed };

class RawConsumer {
public:
    /// Reads partition 0 of the topic.
    RawConsumer(const std::string& bootstrap, const std::string& topic,
                Isolation isolation = Isolation::read_uncommitted);

    /// Sends a Fetch for what comes from this offset on, waiting for it half a second at most.
    void ask_from(int64_t offset);
    /// Takes the response: the bytes of its batches, and where the next one begins.
    struct Read {
        size_t bytes;
        int64_t next_offset;
    };
    Read take(View response) const;
    Connection& connection() { return connection_; }

    /// Reads the offsets from `from` to `to`, one request after the other, again and again; MB/s. A fifth of
    /// the time comes on top, before, and does not count.
    double read_for(double seconds, int64_t from, int64_t to);

private:
    Connection connection_;
    std::string topic_;
    Isolation isolation_;
    int64_t asked_ = 0;
};

} // namespace bench
