// One client's socket. See connection.h.
// What libuv calls goes through guarded(): an exception ends this connection and nothing else.
#include "net/connection.h"

#include "net/context.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace kafka::net {
namespace {

constexpr size_t max_unsent_bytes =
    1 << 20; // beyond it a client must take its answers before it is served again
/// So much is read of requests that have to wait for those before them: it is how a client that leaves is noticed.
constexpr size_t read_ahead_bytes = 64 << 10;
constexpr size_t direct_read_bytes = 32 << 10; // a longer rest of a frame is read without a copy
constexpr size_t buffers_per_write = 128;

Connection& connection_of(const void* handle_data) {
    return *static_cast<Connection*>(const_cast<void*>(handle_data));
}

void set_option(int socket, int level, int option) {
    const int on = 1;
    setsockopt(socket, level, option, &on, sizeof on); // a slower connection is no reason to refuse it
}

std::shared_ptr<const Address> socket_address(int socket, int (*get)(int, sockaddr*, socklen_t*)) {
    SocketAddress address;
    socklen_t length = sizeof address.storage;
    if (get(socket, reinterpret_cast<sockaddr*>(&address.storage), &length) != 0) return nullptr;
    return std::make_shared<const Address>(address.readable());
}

/// What else the four bytes of an impossible size look like.
std::string foreign_protocol_hint(wire::View size_field) {
    if (size_field.starts_with("\x16\x03")) return "The client seems to speak TLS on a plaintext port.";
    for (const char* method : {"GET ", "POST", "HEAD", "PUT ", "OPTI"})
        if (size_field == method) return "The client seems to speak HTTP.";
    return {};
}

} // namespace

Connection::Connection(uint64_t id, Context& context)
    : id_(id), context_(context), places_(this), figures_(context.figures, context.table) {}

Connection& Connection::create(uint64_t id, Context& context) {
    Connection* connection = new Connection(id, context);
    uv_tcp_init(&context.loop, &connection->socket_);
    connection->socket_.data = connection;
    return *connection;
}

template <class Action> void Connection::guarded(Action action) noexcept {
    try {
        if (!closed_) action();
    } catch (const std::bad_alloc&) {
        close_for_client_error("There is not enough memory to serve it.");
    } catch (const std::exception& error) {
        close_for_client_error(error.what());
    } catch (...) {
        close_for_client_error("Unexpected exception.");
    }
}

void Connection::open(int socket) noexcept {
    guarded([&] { take_over(socket); });
    update_reading();
}

void Connection::take_over(int socket) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE);
    if (uv_tcp_open(&socket_, socket) != 0) {
        ::close(socket);
        return close("its socket cannot be used");
    }
    local_ = socket_address(socket, getsockname);
    peer_ = socket_address(socket, getpeername);
    if (!local_ || !peer_) return close("gone before it was served");
    figures_.opened(id_, *peer_);
    log("connection received", {});
    context_.idle_clock.idle(*this);
}

// --- reading ---

void Connection::update_reading() noexcept {
    const bool wanted = !closed_ && !last_request_seen_ && pipeline_.waiting_bytes() < read_ahead_bytes &&
                        output_.size() <= max_unsent_bytes && !places_.starving.listed() &&
                        !large_request_is_early();
    if (wanted == reading_ || closed_) return;
    reading_ = wanted;
    if (!wanted) {
        uv_read_stop(stream());
        return;
    }
    const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        *buffer = connection_of(handle->data).allocate();
    };
    const auto on_read = [](uv_stream_t* handle, ssize_t result, const uv_buf_t* buffer) {
        connection_of(handle->data).guarded([&] { connection_of(handle->data).on_read(result, *buffer); });
    };
    if (uv_read_start(stream(), allocate, on_read) != 0) close("its socket cannot be read");
}

// A large request that comes while another one may wait for long is left in the socket until that has been answered:
// its memory would be missed by everybody all the while.
bool Connection::large_request_is_early() const {
    const std::shared_ptr<Frame>& frame = reader_.unfinished();
    return frame && frame->missing() >= direct_read_bytes && pipeline_.blocked();
}

// An empty buffer makes libuv call on_read() with UV_ENOBUFS: so a connection starves only once bytes have
// come. Neither stopping nor closing is allowed in here, as libuv calls on_read() next.
uv_buf_t Connection::allocate() noexcept {
    try {
        if (!context_.gate.may_read(*this)) return uv_buf_init(nullptr, 0);
        const std::shared_ptr<Frame>& frame = reader_.unfinished();
        std::span<char> room = context_.read_buffer;
        if (frame && frame->missing() >= direct_read_bytes) room = frame->room();
        return uv_buf_init(room.data(), unsigned(room.size()));
    } catch (const std::bad_alloc&) {
        return uv_buf_init(nullptr, 0);
    }
}

void Connection::on_read(ssize_t result, const uv_buf_t& buffer) {
    if (result == 0) return; // nothing there after all
    if (result == UV_ENOBUFS) {
        if (context_.gate.may_read(*this)) throw std::bad_alloc(); // that is why there was no buffer
        context_.gate.starve(*this);
        return update_reading();
    }
    if (result == UV_EOF) return close("the client has closed it");
    if (result < 0) return close(uv_strerror(int(result)));
    context_.event_ns = uv_hrtime();
    figures_.received(size_t(result));
    if (buffer.base == context_.read_buffer.data())
        on_bytes({buffer.base, size_t(result)});
    else
        on_bytes_in_place(size_t(result));
    if (closed_) return;
    context_.gate.progressed(*this);
    proceed();
}

void Connection::on_bytes(wire::View bytes) {
    while (!bytes.empty()) {
        const FrameReader::Status status =
            reader_.read(bytes, context_.settings.max_request_bytes, context_.gate.budget());
        if (status == FrameReader::Status::bad_size) return refuse_size();
        if (status == FrameReader::Status::complete)
            pipeline_.arrived(reader_.take_frame(), context_.event_ns);
    }
}

void Connection::on_bytes_in_place(size_t bytes) {
    reader_.unfinished()->filled(bytes);
    if (reader_.unfinished()->complete()) pipeline_.arrived(reader_.take_frame(), context_.event_ns);
}

void Connection::refuse_size() {
    close_for_client_error("The size of a request is " + std::to_string(reader_.declared_size()) +
                               ", which is not within 0 and " +
                               std::to_string(context_.settings.max_request_bytes) + ".",
                           foreign_protocol_hint(reader_.size_field()));
}

// --- requests ---

void Connection::proceed() noexcept {
    guarded([this] {
        do {
            collect_answers();
            write_output();
        } while (!closed_ && admit_request());
        figures_.in_flight(pipeline_.in_flight());
    });
    update_reading();
}

bool Connection::admit_request() {
    if (last_request_seen_ || output_.size() > max_unsent_bytes) return false;
    std::shared_ptr<Frame> frame = pipeline_.admit();
    if (!frame) return false;
    context_.idle_clock.busy(*this);
    hand_over(std::move(frame));
    return true;
}

void Connection::hand_over(std::shared_ptr<Frame> frame) {
    wire::DecodeResult decoded = wire::decode_request(frame->view());
    if (!decoded.ok()) return refuse_request(decoded.describe());
    frame->charge(decoded.memory);
    context_.spare_memory.held(frame->size() + decoded.memory);
    pipeline_.last_is_of(decoded.request.index());
    figures_.request(decoded);
    Received received{{id_, pipeline_.last_sequence()},
                      std::move(decoded.header),
                      std::move(decoded.request),
                      frame,
                      local_,
                      peer_,
                      BudgetCharge(frame)};
    known_to_main_ = true;
    context_.callbacks.received(std::move(received));
}

// The requests before it are still answered; those behind it are not looked at.
void Connection::refuse_request(const std::string& why) {
    complain(why);
    figures_.malformed_request();
    last_request_seen_ = true;
    pipeline_.drop_waiting();
    pipeline_.answer(pipeline_.last_sequence(), {.bytes = {}, .close = true});
}

void Connection::reply(Reply&& reply) noexcept {
    guarded([&] { answer(std::move(reply)); });
}

void Connection::answer(Reply&& reply) {
    if (!pipeline_.expects_answer(reply.id.sequence)) return;
    Answer answer;
    if (reply.kind == Reply::Kind::response)
        answer.bytes = wire::encode_response(reply.response, reply.version, reply.correlation_id);
    if (reply.kind == Reply::Kind::close) {
        if (!reply.close_reason.empty()) complain(reply.close_reason);
        last_request_seen_ = true;
        pipeline_.drop_waiting();
        answer.close = true;
    }
    pipeline_.answer(reply.id.sequence, std::move(answer));
}

// --- answers ---

void Connection::collect_answers() {
    while (!ending_ && pipeline_.any_ready()) {
        Answer answer = pipeline_.take_ready();
        figures_.answer(answer, context_.event_ns);
        output_.add(std::move(answer.bytes));
        ending_ = answer.close;
        if (!pipeline_.any_in_flight()) context_.idle_clock.idle(*this);
    }
}

// What the socket does not take at once is left to libuv, one write at a time: meanwhile further answers
// gather.
void Connection::write_output() {
    if (writing_bytes_ > 0) return;
    std::array<uv_buf_t, buffers_per_write> buffers;
    while (!output_.empty()) {
        const std::span<uv_buf_t> front = output_.front(buffers);
        const int written = uv_try_write(stream(), front.data(), unsigned(front.size()));
        if (written == UV_EAGAIN) return start_write(front);
        if (written < 0) return close(uv_strerror(written));
        sent(size_t(written));
    }
    if (ending_) close("closed by the server");
}

void Connection::sent(size_t bytes) {
    output_.sent(bytes);
    context_.spare_memory.held(bytes);
    figures_.sent(bytes);
}

void Connection::start_write(std::span<const uv_buf_t> buffers) {
    const auto on_written = [](uv_write_t* write, int status) {
        Connection& connection = connection_of(write->data);
        connection.guarded([&] { connection.on_written(status); });
    };
    write_.data = this;
    const int error = uv_write(&write_, stream(), buffers.data(), unsigned(buffers.size()), on_written);
    if (error != 0) return close(uv_strerror(error));
    for (const uv_buf_t& buffer : buffers) writing_bytes_ += buffer.len;
    unsent_bytes_ = writing_bytes_;
    context_.slow_readers.fell_behind(*this);
}

bool Connection::took_some() {
    const size_t unsent = uv_stream_get_write_queue_size(stream());
    return unsent < std::exchange(unsent_bytes_, unsent);
}

void Connection::on_written(int status) {
    if (status != 0) return close(uv_strerror(status));
    sent(writing_bytes_);
    writing_bytes_ = 0;
    context_.slow_readers.caught_up(*this);
    if (!pipeline_.any_in_flight()) context_.idle_clock.idle(*this);
    proceed();
}

void Connection::finish() noexcept {
    last_request_seen_ = true;
    pipeline_.drop_waiting();
    guarded([this] {
        collect_answers();
        ending_ = true;
        write_output();
    });
    update_reading();
}

// --- end ---

void Connection::close(std::string_view reason) noexcept {
    if (closed_) return;
    closed_ = true;
    places_.idle.leave();
    places_.starving.leave();
    places_.unfinished.leave();
    places_.behind.leave();
    places_.answered.leave();
    figures_.closed();
    log("disconnection", reason);
    context_.connection_closing(*this);
    try {
        if (known_to_main_) context_.callbacks.closed(id_);
    } catch (...) { // then its waiting requests end with their own deadlines
    }
    const auto free = [](uv_handle_t* handle) { delete &connection_of(handle->data); };
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), free);
}

void Connection::close_for_client_error(std::string_view detail, std::string_view hint) noexcept {
    if (closed_) return;
    complain(detail, hint);
    close(detail);
}

void Connection::complain(std::string_view detail, std::string_view hint) noexcept {
    try {
        const std::string client = peer_ ? to_string(*peer_) : "of unknown address";
        context_.notices.complain("closing the connection of Kafka client " + client, std::string(detail),
                                  std::string(hint));
    } catch (const std::bad_alloc&) { // no memory for a line of text: it is not written
    }
}

void Connection::log(const char* what, std::string_view reason) noexcept {
    if (!context_.settings.log_connections || !peer_) return;
    try {
        std::string message =
            std::string(what) + ": host=" + peer_->host + " port=" + std::to_string(peer_->port);
        if (!reason.empty()) message.append(" reason=").append(reason);
        context_.notices.post(Notice::Level::log, std::move(message));
    } catch (const std::bad_alloc&) { // no memory for a line of text: it is not written
    }
}

} // namespace kafka::net
