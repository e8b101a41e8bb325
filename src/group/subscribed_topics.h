// Which topics the members of a consumer group subscribe to, by name and by regular expression, that exist at
// present. Topics that do not exist (yet) are passed over; the group looks again when topics change. Pure.
#pragma once
#include "group/assignor.h"
#include "group/topic_regex.h"

#include <map>
#include <set>

namespace kafka::group {

/// What the regular expressions of a group match. Kept from one heartbeat to the next: each topic is held against an
/// expression once, however many there are.
class RegexMatches {
public:
    /// Most steps of an expression that one look at the topics may take: it holds up all clients of the broker. Ordinary ones take
    /// some thousands, however many topics there are.
    static constexpr size_t max_steps = 4'000'000;

    /// Why the expression cannot be taken: it is not legal, or takes too long over the topics that are there. None: it can. Of a
    /// member's own one the answer is kept; one that nobody subscribes by leaves nothing behind where it is refused.
    std::optional<std::string> refusal(const std::string& expression, const TopicLookup& lookup,
                                       bool subscribed = false);
    /// Ascending. Nothing for an expression that is not legal, or that has once taken too long: also over topics that came later.
    const std::vector<wire::Uuid>& topics(const std::string& expression, const TopicLookup& lookup);

    void keep_only(const std::set<std::string>& expressions);

private:
    struct Regex {
        std::string refused{};             ///< why; empty: it is legal
        std::vector<wire::Uuid> topics{};  ///< ascending
        std::optional<uint64_t> changes{}; ///< until which they were looked up; null: not yet
        uint64_t newest = 0;               ///< number of the last topic that was looked at
    };
    const Regex& look(const std::string& expression, const TopicLookup& lookup);
    std::map<std::string, Regex> regexes_;
};

/// One look at the topics of all members of a group; members who subscribe alike share a list.
class SubscribedTopics {
public:
    SubscribedTopics(const TopicLookup& lookup, RegexMatches& matches) : lookup_(lookup), matches_(matches) {}

    /// Ascending; stays where it is.
    const std::vector<wire::Uuid>& of(const ConsumerMember& member);

    /// Of all that were asked for until now.
    const PartitionCounts& counts() const { return counts_; }
    const std::set<std::string>& regexes() const { return regexes_; }
    /// Changes when topics come, go or get partitions. The same on every machine, since it is stored.
    int64_t hash() const;

private:
    using Subscription = std::pair<std::vector<std::string>, std::optional<std::string>>;

    const TopicLookup& lookup_;
    RegexMatches& matches_;
    std::map<Subscription, std::vector<wire::Uuid>> lists_;
    const std::pair<const Subscription, std::vector<wire::Uuid>>* last_ = nullptr;
    PartitionCounts counts_;
    std::set<std::string> regexes_;
};

} // namespace kafka::group
