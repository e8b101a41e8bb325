// Requests to bytes and bytes to responses, with the product's own messages. The versions are ones that every
// broker of the last years has, and, where there are such, without flexible fields, so that bytes are few.
#pragma once
#include "connection.h"
#include "wire/codec.h"
#include "wire/requests.h"

#include <stdexcept>

namespace bench {

namespace wire = kafka::wire;

template <class Request> constexpr int16_t version_of = 0;
template <> inline constexpr int16_t version_of<wire::produce::Request> = 7;
template <> inline constexpr int16_t version_of<wire::fetch::Request> = 11;
template <> inline constexpr int16_t version_of<wire::metadata::Request> = 5;
template <> inline constexpr int16_t version_of<wire::list_offsets::Request> = 2;
template <> inline constexpr int16_t version_of<wire::create_topics::Request> = 4;
template <> inline constexpr int16_t version_of<wire::delete_topics::Request> = 3;
template <> inline constexpr int16_t version_of<wire::find_coordinator::Request> = 2;
template <> inline constexpr int16_t version_of<wire::join_group::Request> = 5;
template <> inline constexpr int16_t version_of<wire::sync_group::Request> = 3;
template <> inline constexpr int16_t version_of<wire::heartbeat::Request> = 3;
template <> inline constexpr int16_t version_of<wire::leave_group::Request> = 3;
template <> inline constexpr int16_t version_of<wire::offset_commit::Request> = 7;
template <> inline constexpr int16_t version_of<wire::offset_fetch::Request> = 5;
template <> inline constexpr int16_t version_of<wire::delete_groups::Request> = 1;
template <> inline constexpr int16_t version_of<wire::consumer_group_heartbeat::Request> = 1;
template <> inline constexpr int16_t version_of<wire::api_versions::Request> = 3;
template <> inline constexpr int16_t version_of<wire::init_producer_id::Request> = 1;
template <> inline constexpr int16_t version_of<wire::add_partitions_to_txn::Request> = 2;
template <> inline constexpr int16_t version_of<wire::end_txn::Request> = 2;

/// The whole frame.
template <class Request> std::string encode(const Request& request, int16_t version = version_of<Request>) {
    const bool flexible = Request::api.flexible(version);
    wire::Writer out;
    out.big(Request::api.key);
    out.big(version);
    out.big(int32_t(0)); // correlation id: responses come in the order of the requests
    const View client_id = "pg_kafka-bench";
    out.big(int16_t(client_id.size()));
    out.raw(client_id);
    if (flexible) out.raw(View("\0", 1)); // the header's tags: none
    wire::Encoder(out, version, flexible).message(request);
    wire::Writer frame;
    frame.big(int32_t(out.size()));
    frame.append(out);
    std::string bytes;
    for (const wire::Slice& part : std::move(frame).finish().parts) bytes.append(part.data);
    return bytes;
}

/// The response in a frame as Connection gives it; views in it point into the frame.
template <class Request>
typename Request::Response decode(View frame, int16_t version = version_of<Request>) {
    const bool flexible = Request::api.flexible(version);
    const bool tags = flexible && Request::api.key != wire::api_versions::Request::api.key;
    const size_t header = tags ? 5 : 4; // the correlation id, and that there are no tags
    if (frame.size() < header) throw std::runtime_error("a response is too short");
    typename Request::Response response;
    wire::Decoder decoder(frame.substr(header), version, flexible);
    decoder.message(response);
    if (!decoder.ok())
        throw std::runtime_error(std::string("a response cannot be read: ") + Request::api.name);
    return response;
}

template <class Request>
typename Request::Response ask(Connection& connection, const Request& request,
                               int16_t version = version_of<Request>) {
    connection.send(encode(request, version));
    return decode<Request>(connection.receive(), version);
}

inline void check(wire::ErrorCode error, const char* what) {
    if (error != wire::ErrorCode::none)
        throw std::runtime_error(std::string(what) + ": the broker answers " + wire::name(error));
}

} // namespace bench
