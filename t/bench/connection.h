// A TCP connection to a broker, blocking or not as each call says, that knows where a frame ends.
#pragma once
#include "wire/bytes.h"

#include <optional>
#include <string>
#include <vector>

namespace bench {

using kafka::wire::View;

class Connection {
public:
    explicit Connection(const std::string& bootstrap); ///< host:port
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    int fd() const { return fd_; }

    void send(View bytes);
    /// Sends what goes out without waiting; returns how many bytes that were.
    size_t send_some(View bytes);

    /// The next response, without its size field. Valid until the next call.
    View receive();
    /// The next response if all of it has arrived.
    std::optional<View> received();

private:
    size_t wanted() const; ///< bytes that the frame at the front takes, as far as that is known
    bool whole() const { return end_ - begin_ >= 4 && end_ - begin_ >= wanted(); }
    size_t read(size_t least, size_t most, int flags);
    View take();

    int fd_ = -1;
    std::vector<char> buffer_;
    size_t begin_ = 0, end_ = 0; ///< what of the buffer has arrived and not been taken
};

/// Lets this process have as many files open as it may.
void allow_many_connections();

} // namespace bench
