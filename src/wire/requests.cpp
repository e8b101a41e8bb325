// See requests.h. The one place where the codec meets all messages.
#include "wire/requests.h"

#include "wire/codec.h"

#include <algorithm>

namespace kafka::wire {
namespace {

/// Decodes the body into `request`.
using DecodeBody = DecodeFailure (*)(View body, int16_t version, Request& request, size_t& memory);

template <class R> DecodeFailure decode_body(View body, int16_t version, Request& request, size_t& memory) {
    Decoder decoder(body, version, R::api.flexible(version));
    decoder.message(request.emplace<R>());
    memory = decoder.memory_used();
    if (decoder.too_many_elements()) return DecodeFailure::too_many_elements;
    return decoder.ok() ? DecodeFailure::none : DecodeFailure::malformed_body;
}

template <class Requests> struct Table;
template <class... R> struct Table<std::variant<R...>> {
    static constexpr Api apis[] = {R::api...};
    static constexpr DecodeBody decode[] = {decode_body<R>...};
};
using AllApis = Table<Request>;

/// The position of an API in the list, or nothing.
std::optional<size_t> find(int16_t api_key) {
    const auto found = std::ranges::find(AllApis::apis, api_key, &Api::key);
    if (found == std::end(AllApis::apis)) return std::nullopt;
    return size_t(found - std::begin(AllApis::apis));
}

DecodeFailure decode(Reader in, DecodeResult& result) {
    RequestHeader& header = result.header;
    decode_start(in, header);
    if (!in.ok()) return DecodeFailure::truncated_header;
    const std::optional<size_t> index = find(header.api_key);
    if (!index) return DecodeFailure::unknown_api;
    const Api& api = AllApis::apis[*index];
    const bool served = api.versions.has(header.api_version);
    const bool any_version = api.key == api_versions::Request::api.key;
    if (!served && !any_version) return DecodeFailure::unsupported_version;
    decode_rest(in, header, api.flexible(header.api_version));
    if (!in.ok()) return DecodeFailure::truncated_header;
    if (!served) {
        result.request = api_versions::Request();
        return DecodeFailure::none;
    }
    const View body = in.take(in.left());
    return AllApis::decode[*index](body, header.api_version, result.request, result.memory);
}

const char* words(DecodeFailure failure) {
    switch (failure) {
    case DecodeFailure::none:
        return "no failure";
    case DecodeFailure::truncated_header:
        return "truncated request header";
    case DecodeFailure::unknown_api:
        return "unknown API key";
    case DecodeFailure::unsupported_version:
        return "unsupported version";
    case DecodeFailure::malformed_body:
        return "malformed request body";
    case DecodeFailure::too_many_elements:
        return "too many topics, partitions or other elements";
    }
    return "";
}

} // namespace

std::span<const Api> apis() { return AllApis::apis; }

const Api& api_of(const Request& request) { return AllApis::apis[request.index()]; }

DecodeResult decode_request(View frame) {
    DecodeResult result;
    result.failure = decode(Reader(frame), result);
    return result;
}

std::string DecodeResult::describe() const {
    std::string text = words(failure);
    if (failure == DecodeFailure::truncated_header) return text;
    const std::optional<size_t> index = find(header.api_key);
    text += index ? std::string(": ") + AllApis::apis[*index].name
                  : ": API key " + std::to_string(header.api_key);
    return text + " version " + std::to_string(header.api_version) + ", correlation id " +
           std::to_string(header.correlation_id);
}

Encoded encode_response(const Response& response, int16_t version, int32_t correlation_id) {
    const Api& api = AllApis::apis[response.index()];
    Writer out;
    out.big(int32_t(0)); // the size, known at the end
    encode_response_header(out, api, version, correlation_id);
    Encoder encoder(out, version, api.flexible(version));
    std::visit([&](const auto& message) { encoder.message(message); }, response);
    Writer size;
    size.big(int32_t(out.size() - sizeof(int32_t)));
    out.out.replace(0, size.out.size(), size.out);
    Encoded encoded = std::move(out).finish();
    encoded.has_error = encoder.has_error();
    return encoded;
}

} // namespace kafka::wire
