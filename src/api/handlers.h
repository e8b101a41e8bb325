// The broker's table of contents: each API that is served, with its two functions.
//
//   handle(broker, call, request)
//       does what the request asks for, and moves the call to where it is answered, now or later; when it throws
//       pg::Error before that, the caller refuses the request
//   refuse(request, version, error)
//       the same request answered with an error in its own shape
//
// A request type of wire::Request without its pair here does not compile (worker/dispatch.cpp).
#pragma once
#include "api/broker.h"

namespace kafka::api {

void handle(Broker& broker, Call& call, wire::produce::Request& request);
void handle(Broker& broker, Call& call, wire::fetch::Request& request);
void handle(Broker& broker, Call& call, wire::list_offsets::Request& request);
void handle(Broker& broker, Call& call, wire::metadata::Request& request);
void handle(Broker& broker, Call& call, wire::find_coordinator::Request& request);
void handle(Broker& broker, Call& call, wire::api_versions::Request& request);
void handle(Broker& broker, Call& call, wire::create_topics::Request& request);
void handle(Broker& broker, Call& call, wire::delete_topics::Request& request);
void handle(Broker& broker, Call& call, wire::offset_for_leader_epoch::Request& request);
void handle(Broker& broker, Call& call, wire::describe_cluster::Request& request);

wire::produce::Response refuse(const wire::produce::Request& request, int16_t version, wire::ErrorCode error);
wire::fetch::Response refuse(const wire::fetch::Request& request, int16_t version, wire::ErrorCode error);
wire::list_offsets::Response refuse(const wire::list_offsets::Request& request, int16_t version,
                                    wire::ErrorCode error);
wire::metadata::Response refuse(const wire::metadata::Request& request, int16_t version,
                                wire::ErrorCode error);
wire::find_coordinator::Response refuse(const wire::find_coordinator::Request& request, int16_t version,
                                        wire::ErrorCode error);
wire::api_versions::Response refuse(const wire::api_versions::Request& request, int16_t version,
                                    wire::ErrorCode error);
wire::create_topics::Response refuse(const wire::create_topics::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::delete_topics::Response refuse(const wire::delete_topics::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::offset_for_leader_epoch::Response refuse(const wire::offset_for_leader_epoch::Request& request,
                                               int16_t version, wire::ErrorCode error);
wire::describe_cluster::Response refuse(const wire::describe_cluster::Request& request, int16_t version,
                                        wire::ErrorCode error);

/// A Produce that is stored in several parts is refused after some of them: puts the answers that they have been given into
/// the response that says nothing but the error.
void keep_stored(Call& call, wire::produce::Response& refused);

/// A fetch that was parked (api/waiting.h) is looked at again.
void resume(Broker& broker, PendingFetch& fetch);

} // namespace kafka::api
