// Headers of requests and responses. Pure.
//
// A request header starts alike for every API: key, version, correlation id. What follows depends on the
// version: header v1 adds the client id, header v2 (flexible versions) a tag buffer behind it. Response
// headers: v0 is the correlation id alone, v1 (flexible versions) adds a tag buffer.
#pragma once
#include "wire/schema.h"

namespace kafka::wire {

struct RequestHeader {
    int16_t api_key = 0;
    int16_t api_version = 0;
    int32_t correlation_id = 0; ///< chosen by the client, sent back with the response
    std::optional<std::string> client_id;
};

/// The part that does not depend on the version.
void decode_start(Reader& in, RequestHeader& header);

/// The rest. `flexible` tells header v2 from v1; the client id has a two-byte length in both.
void decode_rest(Reader& in, RequestHeader& header, bool flexible);

/// The header of a response to `version` of `api`. That of ApiVersions stays at v0 in all versions, because
/// the client does not yet know what we speak (KIP-511).
void encode_response_header(Writer& out, const Api& api, int16_t version, int32_t correlation_id);

} // namespace kafka::wire
