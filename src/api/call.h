// A request on its way through the main thread, together with the one right to answer it, now or later.
// Made off the main thread (api/receive.cpp), answered on the main thread; movable, never copied.
#pragma once
#include "net/server.h"
#include "record/check.h"
#include "wire/requests.h"

#include <any>
#include <cassert>
#include <memory>
#include <string>
#include <vector>

namespace kafka::api {

/// One batch of a Produce request after the checks that need no topic.
struct PreparedBatch {
    record::Checked checked;
    wire::Slice data; ///< what is stored: within the received frame, or compressed anew by us
};

/// The batches of a Produce request, in the order of its partitions.
using PreparedBatches = std::vector<PreparedBatch>;

class Call {
public:
    Call(net::Received received, PreparedBatches batches)
        : received_(std::make_unique<net::Received>(std::move(received))), batches_(std::move(batches)) {}

    /// False once the right to answer has been moved on or used.
    bool pending() const { return received_ != nullptr; }
    const wire::RequestHeader& header() const { return received_->header; }
    int16_t version() const { return received_->header.api_version; }
    wire::Request& request() { return received_->request; }
    const wire::Request& request() const { return received_->request; }
    PreparedBatches& batches() { return batches_; }
    /// What its handler has done of it so far, if it takes several turns; made at the first use.
    template <class T> T& progress() {
        if (!progress_.has_value()) progress_.emplace<T>();
        return *std::any_cast<T>(&progress_);
    }
    bool has_progress() const { return progress_.has_value(); }
    /// Held until the call is answered or dropped.
    void keep_until_answered(std::shared_ptr<void> kept) { kept_ = std::move(kept); }
    const net::Frame& frame() const { return *received_->frame; }
    const std::shared_ptr<net::Frame>& shared_frame() const { return received_->frame; }
    /// Gives up the received bytes, and their part of the request memory. Only for requests without record
    /// batches.
    void release_frame() {
        received_->charge = {};
        received_->frame.reset();
    }
    uint64_t connection() const { return received_->id.connection; }
    /// The address that the client itself connected to.
    const net::Address& local_address() const { return *received_->local; }
    const net::Address& peer_address() const { return *received_->peer; }

    /// The reply that carries this response. The call is spent afterwards.
    net::Reply reply(wire::Response response) && {
        return make(net::Reply::Kind::response, std::move(response), {});
    }
    /// As reply(), in the layout of another version than the request's (ApiVersions, KIP-511).
    net::Reply reply(wire::Response response, int16_t version) && {
        net::Reply reply = std::move(*this).reply(std::move(response));
        reply.version = version;
        return reply;
    }
    /// The request is done and its client expects no response (Produce with acks=0).
    net::Reply no_response() && { return make(net::Reply::Kind::no_response, {}, {}); }
    /// The connection is to be closed, because of an error that cannot be answered.
    net::Reply close(std::string reason) && { return make(net::Reply::Kind::close, {}, std::move(reason)); }

private:
    net::Reply make(net::Reply::Kind kind, wire::Response response, std::string reason) {
        const std::unique_ptr<net::Received> received = std::move(received_);
        return {received->id, received->header.api_version, received->header.correlation_id,
                kind,         std::move(response),          std::move(reason)};
    }

    std::unique_ptr<net::Received> received_;
    PreparedBatches batches_;
    std::any progress_;
    std::shared_ptr<void> kept_;
};

} // namespace kafka::api
