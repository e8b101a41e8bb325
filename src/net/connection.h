// One client's socket: reads frames, hands requests over in the order that pipeline.h allows, writes the
// answers. Net thread. Reading stops while requests of some size wait for their turn, or would if they were read, while
// the client does not take its answers, and while the memory for requests is short (memory_gate.h); otherwise it goes
// on, so that a client that leaves is noticed.
#pragma once
#include "net/connection_figures.h"
#include "net/connection_list.h"
#include "net/frame_reader.h"
#include "net/messages.h"
#include "net/output.h"
#include "net/pipeline.h"

#include <uv.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace kafka::net {

struct Context;

class Connection {
public:
    /// Memberships in the lists of idle_clock.h, memory_gate.h, slow_readers.h and connections.h.
    struct Places {
        explicit Places(Connection* connection)
            : idle(connection), starving(connection), unfinished(connection), behind(connection),
              answered(connection) {}
        ListPlace idle, starving, unfinished, behind, answered;
    };

    /// Owns itself from here on: it is deleted by the loop after close().
    static Connection& create(uint64_t id, Context& context);
    /// Takes over an accepted socket and begins to read.
    void open(int socket) noexcept;

    uint64_t id() const { return id_; }
    Places& places() { return places_; }

    /// Takes one reply; proceed() sends what can be sent. Ignored if no such request is open.
    void reply(Reply&& reply) noexcept;
    /// Sends the answers whose turn it is, hands over the requests whose turn it is, and reads if there is
    /// room.
    void proceed() noexcept;
    /// Handles no further request; closes once the answers that are there have been sent.
    void finish() noexcept;

    /// Closes at once. The reason goes to the log if connections are logged.
    void close(std::string_view reason) noexcept;
    /// Closes because of what the client did, with a line in the log. `detail` is a sentence.
    void close_for_client_error(std::string_view detail, std::string_view hint = {}) noexcept;

    /// The frame whose bytes are awaited, or null.
    std::shared_ptr<const Frame> unfinished_frame() const { return reader_.unfinished(); }
    /// True if a whole request is here that has not been answered.
    bool has_requests() const { return pipeline_.any_in_flight() || pipeline_.any_waiting(); }
    /// True if the client has taken some of what is being sent since this was asked last.
    bool took_some();
    /// There is memory again after MemoryGate::starve().
    void resume_reading() noexcept { update_reading(); }

private:
    Connection(uint64_t id, Context& context);

    template <class Action> void guarded(Action action) noexcept;
    void take_over(int socket);
    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&socket_); }

    uv_buf_t allocate() noexcept;
    void on_read(ssize_t result, const uv_buf_t& buffer);
    void on_bytes(wire::View bytes);
    void on_bytes_in_place(size_t bytes);
    void refuse_size();
    void update_reading() noexcept;
    bool large_request_is_early() const;

    bool admit_request();
    void hand_over(std::shared_ptr<Frame> frame);
    void refuse_request(const std::string& why);

    void answer(Reply&& reply);
    void collect_answers();
    void write_output();
    void sent(size_t bytes);
    void start_write(std::span<const uv_buf_t> buffers);
    void on_written(int status);
    void complain(std::string_view detail, std::string_view hint = {}) noexcept;
    void log(const char* what, std::string_view reason) noexcept;

    const uint64_t id_;
    Context& context_;
    Places places_;
    uv_tcp_t socket_{};
    uv_write_t write_{};
    size_t writing_bytes_ = 0; // handed to uv_write; 0 if no write is under way
    size_t unsent_bytes_ = 0;  // of these, as took_some() has seen it last
    FrameReader reader_;
    Pipeline pipeline_;
    Output output_;
    ConnectionFigures figures_;
    std::shared_ptr<const Address> local_, peer_;
    bool reading_ = false;
    bool last_request_seen_ = false; // nothing that follows is handled
    bool ending_ = false;            // closes once the output is empty
    bool known_to_main_ = false;     // has handed over a request
    bool closed_ = false;
};

} // namespace kafka::net
