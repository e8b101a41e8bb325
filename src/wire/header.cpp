// See header.h.
#include "wire/header.h"

#include "wire/messages/api_versions.h"

namespace kafka::wire {

void decode_start(Reader& in, RequestHeader& header) {
    header.api_key = in.big<int16_t>();
    header.api_version = in.big<int16_t>();
    header.correlation_id = in.big<int32_t>();
}

void decode_rest(Reader& in, RequestHeader& header, bool flexible) {
    const auto length = in.big<int16_t>();
    if (length >= 0) header.client_id = in.take(uint64_t(length));
    if (flexible) in.skip_tagged_fields();
}

void encode_response_header(Writer& out, const Api& api, int16_t version, int32_t correlation_id) {
    out.big(correlation_id);
    if (api.flexible(version) && api.key != api_versions::Request::api.key) out.uvarint(0);
}

} // namespace kafka::wire
