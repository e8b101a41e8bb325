#include "group/embedded_protocol.h"

#include "wire/text.h"

#include <algorithm>

namespace kafka::group {
namespace {

constexpr int16_t with_owned = 1, with_generation = 2, with_rack = 3, newest = 3;
constexpr size_t max_topic_name = 249;

/// The names of topics are ASCII. Others would not fit into every database.
bool storable(wire::View name) {
    return !name.empty() && name.size() <= max_topic_name && wire::is_text(name, wire::TextRule::ascii);
}

std::string read_string(wire::Reader& in) {
    const auto length = in.big<int16_t>();
    if (length < 0) in.fail();
    return std::string(in.ok() ? in.take(uint64_t(length)) : wire::View());
}

std::optional<std::string> read_nullable_string(wire::Reader& in) {
    const auto length = in.big<int16_t>();
    if (!in.ok() || length == -1) return std::nullopt;
    if (length < 0) in.fail();
    return std::string(in.ok() ? in.take(uint64_t(length)) : wire::View());
}

wire::View read_nullable_bytes(wire::Reader& in) {
    const auto length = in.big<int32_t>();
    if (!in.ok() || length == -1) return {};
    if (length < 0) in.fail();
    return in.ok() ? in.take(uint64_t(length)) : wire::View();
}

/// Each element takes some bytes, so that the count is bounded by the bytes that are there.
template <class Read> void read_array(wire::Reader& in, Read read) {
    const auto count = in.big<int32_t>();
    if (count < 0) in.fail();
    for (int32_t i = 0; i < count && in.ok(); i++) read();
}

std::vector<NamedPartitions> read_partitions(wire::Reader& in) {
    std::vector<NamedPartitions> all;
    read_array(in, [&] {
        NamedPartitions& topic = all.emplace_back();
        topic.topic = read_string(in);
        read_array(in, [&] { topic.partitions.push_back(in.big<int32_t>()); });
    });
    return all;
}

std::vector<std::string> read_topics(wire::Reader& in) {
    std::vector<std::string> topics;
    read_array(in, [&] { topics.push_back(read_string(in)); });
    return topics;
}

} // namespace

std::optional<std::vector<std::string>> subscribed_topics_of(wire::View metadata) {
    wire::Reader in(metadata);
    if (in.big<int16_t>() < 0) return std::nullopt;
    std::vector<std::string> topics = read_topics(in);
    if (!in.ok()) return std::nullopt;
    return topics;
}

std::optional<Subscription> read_subscription(wire::View metadata) {
    wire::Reader in(metadata);
    Subscription read;
    read.version = in.big<int16_t>();
    if (read.version < 0) return std::nullopt;
    read.topics = read_topics(in);
    read_nullable_bytes(in); // for its assignor
    if (read.version >= with_owned) read.owned = read_partitions(in);
    if (read.version >= with_generation) in.big<int32_t>();
    if (read.version >= with_rack) read.rack_id = read_nullable_string(in);
    if (!in.ok()) return std::nullopt;
    std::erase_if(read.topics, [](const std::string& name) { return !storable(name); });
    std::sort(read.topics.begin(), read.topics.end());
    read.topics.erase(std::unique(read.topics.begin(), read.topics.end()), read.topics.end());
    if (read.rack_id && !storable(*read.rack_id)) read.rack_id.reset();
    return read;
}

std::optional<EmbeddedAssignment> read_assignment(wire::View bytes) {
    wire::Reader in(bytes);
    if (in.big<int16_t>() < 0) return std::nullopt;
    EmbeddedAssignment read;
    read.partitions = read_partitions(in);
    read.has_user_data = !read_nullable_bytes(in).empty();
    if (!in.ok()) return std::nullopt;
    return read;
}

std::string write_assignment(int16_t version, const std::vector<NamedPartitions>& partitions) {
    constexpr int32_t no_user_data = -1;
    wire::Writer out;
    out.big(std::min(version, newest));
    out.big(int32_t(partitions.size()));
    for (const NamedPartitions& topic : partitions) {
        out.big(int16_t(topic.topic.size()));
        out.raw(topic.topic);
        out.big(int32_t(topic.partitions.size()));
        for (const int32_t partition : topic.partitions) out.big(partition);
    }
    out.big(no_user_data);
    return out.out;
}

} // namespace kafka::group
