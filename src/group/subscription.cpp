#include "group/subscription.h"

namespace kafka::group {

std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata) {
    wire::Reader in(metadata);
    const auto version = in.big<int16_t>();
    const auto count = in.big<int32_t>();
    if (!in.ok() || version < 0 || count < 0) return std::nullopt;
    std::vector<std::string> topics;
    // A topic takes two bytes at least, so the count is bounded by the bytes that are there.
    for (int32_t i = 0; i < count && in.ok(); i++) {
        const auto length = in.big<int16_t>();
        if (length < 0) return std::nullopt;
        topics.emplace_back(in.take(uint64_t(length)));
    }
    if (!in.ok()) return std::nullopt;
    return topics;
}

} // namespace kafka::group
