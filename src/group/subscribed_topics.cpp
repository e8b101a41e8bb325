#include "group/subscribed_topics.h"

#include <algorithm>

namespace kafka::group {

namespace {

void sort_unique(std::vector<wire::Uuid>& ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

} // namespace

/// A topic that is renamed comes again, as a newer one with the id that it had.
const RegexMatches::Regex& RegexMatches::look(const std::string& expression, const TopicLookup& lookup) {
    Regex& regex = regexes_[expression];
    if (!regex.refused.empty() || regex.changes == lookup.changes) return regex;
    std::string why;
    const std::optional<TopicRegex> compiled = TopicRegex::compile(expression, why);
    if (!compiled) return regex = {.refused = why};

    TopicRegex::Matcher matcher(*compiled);
    std::vector<wire::Uuid> looked_at, matching;
    regex.newest = lookup.each_newer(regex.newest, [&](const TopicInfo& topic) {
        if (matcher.steps() > max_steps) return;
        looked_at.push_back(topic.id);
        if (matcher.matches(topic.name)) matching.push_back(topic.id);
    });
    if (matcher.steps() > max_steps) return regex = {.refused = "it takes too long to match the topics"};
    std::sort(looked_at.begin(), looked_at.end());
    std::erase_if(regex.topics, [&](const wire::Uuid& id) {
        return !lookup.by_id(id) || std::binary_search(looked_at.begin(), looked_at.end(), id);
    });
    regex.topics.insert(regex.topics.end(), matching.begin(), matching.end());
    std::sort(regex.topics.begin(), regex.topics.end());
    regex.changes = lookup.changes;
    return regex;
}

std::optional<std::string> RegexMatches::refusal(const std::string& expression, const TopicLookup& lookup,
                                                 bool subscribed) {
    const bool known = subscribed || regexes_.contains(expression);
    const std::string why = look(expression, lookup).refused;
    if (why.empty()) return {};
    if (!known) regexes_.erase(expression);
    return why;
}

const std::vector<wire::Uuid>& RegexMatches::topics(const std::string& expression,
                                                    const TopicLookup& lookup) {
    return look(expression, lookup).topics;
}

void RegexMatches::keep_only(const std::set<std::string>& expressions) {
    std::erase_if(regexes_, [&](const auto& entry) { return !expressions.contains(entry.first); });
}

const std::vector<wire::Uuid>& SubscribedTopics::of(const ConsumerMember& member) {
    if (last_ && last_->first.first == member.topics && last_->first.second == member.topic_regex)
        return last_->second; // most members subscribe like the one before
    const auto [at, added] = lists_.try_emplace({member.topics, member.topic_regex});
    last_ = &*at;
    std::vector<wire::Uuid>& ids = at->second;
    if (!added) return ids;
    if (member.topic_regex) {
        ids = matches_.topics(*member.topic_regex, lookup_);
        regexes_.insert(*member.topic_regex);
    }
    for (const std::string& name : member.topics)
        if (const std::optional<TopicInfo> topic = lookup_.by_name(name)) ids.push_back(topic->id);
    sort_unique(ids);
    std::erase_if(ids, [&](const wire::Uuid& id) {
        const std::optional<TopicInfo> topic = lookup_.by_id(id);
        if (topic) counts_[id] = topic->partitions;
        return !topic;
    });
    return ids;
}

int64_t SubscribedTopics::hash() const {
    std::map<wire::Uuid, int32_t> ordered(counts_.begin(), counts_.end());
    uint64_t hash = 14695981039346656037u; // FNV-1a
    const auto add = [&](uint8_t byte) { hash = (hash ^ byte) * 1099511628211u; };
    for (const auto& [id, partitions] : ordered) {
        for (const uint8_t byte : id) add(byte);
        for (int shift = 0; shift < 32; shift += 8) add(uint8_t(uint32_t(partitions) >> shift));
    }
    return int64_t(hash);
}

} // namespace kafka::group
