// What it takes to hold regular expressions against many topics: little for ordinary ones, and never long.
#include "group/subscribed_topics.h"
#include "test.h"

#include <algorithm>
#include <cctype>
#include <random>

using namespace kafka;
using group::RegexMatches;
using group::TopicRegex;

namespace {

/// As many topics as wanted, of 30 to 200 characters.
class ManyTopics {
public:
    explicit ManyTopics(size_t count) { add(count); }

    void add(size_t count) {
        constexpr wire::View characters = "abcdefghijklmnopqrstuvwxyz0123456789._-";
        for (size_t i = 0; i < count; i++) {
            std::string name = names_.size() % 10 ? "" : "orders-";
            for (size_t left = 30 + random_() % 170 - name.size(); left > 0; left--)
                name += characters[random_() % characters.size()];
            names_.push_back(name);
        }
    }
    const std::vector<std::string>& names() const { return names_; }

    group::TopicLookup lookup() const {
        group::TopicLookup lookup;
        lookup.by_id = [this](const wire::Uuid& id) -> std::optional<group::TopicInfo> {
            const size_t number = size_t(id[0]) | size_t(id[1]) << 8 | size_t(id[2]) << 16;
            if (number >= names_.size()) return {};
            return group::TopicInfo{id, names_[number], 1};
        };
        lookup.each_newer = [this](uint64_t after, const auto& visit) {
            for (size_t i = after; i < names_.size(); i++) visit({id_of(i), names_[i], 1});
            return uint64_t(names_.size());
        };
        lookup.changes = names_.size();
        return lookup;
    }

private:
    static wire::Uuid id_of(size_t number) {
        wire::Uuid id{};
        for (size_t i = 0; i < 3; i++) id[i] = uint8_t(number >> 8 * i);
        return id;
    }

    std::mt19937 random_{1};
    std::vector<std::string> names_;
};

size_t steps_for(const std::string& expression, const std::vector<std::string>& names) {
    std::string why;
    const std::optional<TopicRegex> regex = TopicRegex::compile(expression, why);
    CHECK(regex.has_value());
    TopicRegex::Matcher matcher(*regex);
    for (const std::string& name : names) (void)matcher.matches(name);
    return matcher.steps();
}

/// With names of any characters nearly each of them leads to another set of some thousand steps.
const std::string slow = ".*[a-m].{200}|(.?){1000}(.?){900}";

} // namespace

TEST("regex matches: an expression that would take seconds over 10,000 topics is refused") {
    const ManyTopics topics(10'000);
    const group::TopicLookup lookup = topics.lookup();
    const auto begin = group::Clock::now();
    for (const std::string& expression :
         {slow, std::string(".*[a-m].{200}|.{0,1000}.{0,900}"), std::string(".*[a-m].{240}"),
          std::string("(.*[a-m].{20}){20}.*"), std::string("(.?){1000}[a-m]")}) {
        RegexMatches matches;
        CHECK_EQ(expression + " " + matches.refusal(expression, lookup).value_or("taken"),
                 expression + " it takes too long to match the topics");
        CHECK(matches.topics(expression, lookup).empty());
    }
    CHECK(group::Clock::now() - begin < std::chrono::seconds(10)); // else stuck
}

TEST("regex matches: ordinary expressions take next to nothing, also over 100,000 topics") {
    const ManyTopics topics(100'000);
    const group::TopicLookup lookup = topics.lookup();
    const auto matching = [&](const std::string& expression) {
        RegexMatches matches;
        CHECK_EQ(expression + " " + matches.refusal(expression, lookup).value_or("taken"),
                 expression + " taken");
        CHECK(steps_for(expression, topics.names()) < RegexMatches::max_steps / 20);
        return matches.topics(expression, lookup).size();
    };
    const auto count = [&](const auto& is) {
        return size_t(std::count_if(topics.names().begin(), topics.names().end(), is));
    };
    CHECK_EQ(matching(".*"), size_t(100'000));
    CHECK_EQ(matching("orders-.*"), size_t(10'000));
    CHECK_EQ(matching("(a|b|c).*[0-9]+"), count([](const std::string& name) {
                 return name[0] >= 'a' && name[0] <= 'c' && std::isdigit(name.back());
             }));
    CHECK_EQ(matching("(?i).*(EU|US).*"), count([](const std::string& name) {
                 return name.find("eu") != name.npos || name.find("us") != name.npos;
             }));
    CHECK_EQ(matching("[^_.][^.]*"),
             count([](const std::string& name) { return name[0] != '_' && name.find('.') == name.npos; }));
    matching(".*-[0-9]{2,4}-.*|.*\\.(dlq|retry)");
}

TEST("regex matches: one that takes too long over topics that come later matches nothing from then on") {
    ManyTopics topics(1);
    RegexMatches matches;
    CHECK(!matches.refusal(slow, topics.lookup()));
    CHECK_EQ(matches.topics(slow, topics.lookup()).size(), size_t(1));
    topics.add(10'000);
    CHECK(matches.topics(slow, topics.lookup()).empty());
    CHECK(matches.refusal(slow, topics.lookup()).has_value());
    CHECK_EQ(matches.topics("orders-.*", topics.lookup()).size(), size_t(1'001));
}
