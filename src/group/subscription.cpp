#include "group/subscription.h"

namespace kafka::group {
namespace {

/// The number of elements of an array that follows the version. Each takes some bytes, so those that are left are the
/// limit of what is read, whatever the number. None where this is no beginning of such bytes.
std::optional<int32_t> read_start(wire::Reader& in) {
    const auto version = in.big<int16_t>();
    const auto count = in.big<int32_t>();
    if (!in.ok() || version < 0 || count < 0) return std::nullopt;
    return count;
}

/// A negative length is more than is left.
std::string read_name(wire::Reader& in) { return std::string(in.take(uint64_t(in.big<int16_t>()))); }

AssignedTopic read_assigned(wire::Reader& in) {
    AssignedTopic topic{read_name(in), {}};
    const auto count = in.big<int32_t>();
    if (count < 0) in.fail();
    for (int32_t i = 0; i < count && in.ok(); i++) topic.partitions.push_back(in.big<int32_t>());
    return topic;
}

} // namespace

std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata) {
    wire::Reader in(metadata);
    const auto count = read_start(in);
    if (!count) return std::nullopt;
    std::vector<std::string> topics;
    for (int32_t i = 0; i < *count && in.ok(); i++) topics.push_back(read_name(in));
    if (!in.ok()) return std::nullopt;
    return topics;
}

std::optional<std::vector<AssignedTopic>> assigned_topics_of(wire::View assignment) {
    wire::Reader in(assignment);
    const auto count = read_start(in);
    if (!count) return std::nullopt;
    std::vector<AssignedTopic> topics;
    for (int32_t i = 0; i < *count && in.ok(); i++) topics.push_back(read_assigned(in));
    if (!in.ok()) return std::nullopt;
    return topics;
}

} // namespace kafka::group
