// The syntax of topic_regex.h, read into a tree. Pure.
#pragma once
#include "group/topic_regex.h"

namespace kafka::group {

struct RegexNode {
    static constexpr int unlimited = -1;
    enum class Kind { characters, condition, sequence, alternatives, repeat } kind = Kind::sequence;
    TopicRegex::Characters characters{}; ///< characters: one of these
    TopicRegex::Condition condition = TopicRegex::Condition::begin;
    int least = 0, most = 0; ///< repeat, of the only child
    std::vector<RegexNode> children{};
};

/// Null if it is refused, and then `why` says the reason.
std::optional<RegexNode> parse_regex(wire::View expression, std::string& why);

} // namespace kafka::group
