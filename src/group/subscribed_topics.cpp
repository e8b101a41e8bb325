#include "group/subscribed_topics.h"

#include <algorithm>

namespace kafka::group {

namespace {

void sort_unique(std::vector<wire::Uuid>& ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

} // namespace

RegexMatches::Regex& RegexMatches::find(const std::string& expression) {
    const auto [at, added] = regexes_.try_emplace(expression);
    std::string why;
    if (added) at->second.compiled = TopicRegex::compile(expression, why);
    return at->second;
}

/// A topic that is renamed comes again, as a newer one with the id that it had.
const std::set<wire::Uuid>& RegexMatches::topics(const std::string& expression, const TopicLookup& lookup) {
    Regex& regex = find(expression);
    if (!regex.compiled || regex.changes == lookup.changes) return regex.topics;
    std::erase_if(regex.topics, [&](const wire::Uuid& id) { return !lookup.by_id(id); });
    TopicRegex::Matcher matcher(*regex.compiled);
    regex.newest = lookup.each_newer(regex.newest, [&](const TopicInfo& topic) {
        if (matcher.matches(topic.name))
            regex.topics.insert(topic.id);
        else
            regex.topics.erase(topic.id);
    });
    regex.changes = lookup.changes;
    return regex.topics;
}

bool RegexMatches::matches(const std::string& expression, wire::View topic_name) {
    const Regex& regex = find(expression);
    return regex.compiled && regex.compiled->matches(topic_name);
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
        const std::set<wire::Uuid>& matching = matches_.topics(*member.topic_regex, lookup_);
        ids.assign(matching.begin(), matching.end());
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
