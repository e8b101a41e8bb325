#include "group/topic_regex.h"
#include "group/regex_parser.h"

#include <algorithm>

namespace kafka::group {

namespace {

using Step = TopicRegex::Step;

/// Turns the parsed expression into steps; fails once there are too many.
class Compiler {
public:
    bool compile(const RegexNode& node) {
        if (full()) return false;
        switch (node.kind) {
        case RegexNode::Kind::characters:
            add({Step::Kind::take, {}, node.characters});
            return true;
        case RegexNode::Kind::condition:
            add({Step::Kind::hold, node.condition, {}});
            return true;
        case RegexNode::Kind::sequence:
            return sequence(node);
        case RegexNode::Kind::alternatives:
            return alternatives(node);
        case RegexNode::Kind::repeat:
            return repeat(node);
        }
        return false;
    }
    std::vector<Step> finish() {
        add({Step::Kind::accept, {}, {}});
        return std::move(program_);
    }

private:
    bool full() const { return program_.size() >= TopicRegex::max_program; }
    size_t add(Step step) {
        program_.push_back(step);
        return program_.size() - 1;
    }
    size_t add_either() { return add({Step::Kind::either, {}, {}}); }
    uint32_t here() const { return uint32_t(program_.size()); }

    bool sequence(const RegexNode& node) {
        for (const RegexNode& child : node.children)
            if (!compile(child)) return false;
        return true;
    }

    bool alternatives(const RegexNode& node) {
        std::vector<size_t> ends;
        for (size_t i = 0; i < node.children.size(); i++) {
            const bool last = i + 1 == node.children.size();
            const size_t fork = last ? 0 : add_either();
            if (!last) program_[fork].to = here();
            if (!compile(node.children[i])) return false;
            if (last) break;
            ends.push_back(add({Step::Kind::go_on, {}, {}}));
            program_[fork].or_to = here();
        }
        for (const size_t end : ends) program_[end].to = here();
        return true;
    }

    bool repeat(const RegexNode& node) {
        const RegexNode& child = node.children[0];
        for (int i = 0; i < node.least; i++) {
            const uint32_t before = here();
            if (!compile(child)) return false;
            if (here() == before)
                break; // of nothing, once is enough; repeated in repetitions it would take for ever
        }
        if (node.most == RegexNode::unlimited) {
            const size_t fork = add_either();
            program_[fork].to = here();
            if (!compile(child)) return false;
            program_[add({Step::Kind::go_on, {}, {}})].to = uint32_t(fork);
            program_[fork].or_to = here();
            return true;
        }
        std::vector<size_t> forks;
        for (int i = node.least; i < node.most; i++) {
            forks.push_back(add_either());
            program_[forks.back()].to = here();
            if (!compile(child)) return false;
        }
        for (const size_t fork : forks) program_[fork].or_to = here();
        return true;
    }

    std::vector<Step> program_;
};

bool is_word(size_t character) {
    const auto between = [=](char first, char last) {
        return character >= size_t(first) && character <= size_t(last);
    };
    return between('a', 'z') || between('A', 'Z') || between('0', '9') || character == '_';
}

// Where a character leads to, if not to a place.
constexpr int32_t unknown_yet = -1, nowhere = -2, accepted = -3;

} // namespace

std::optional<TopicRegex> TopicRegex::compile(wire::View expression, std::string& why) {
    why = "it is too long";
    if (expression.size() > max_length) return {};
    const std::optional<RegexNode> parsed = parse_regex(expression, why);
    Compiler compiler;
    if (!parsed || !compiler.compile(*parsed)) return {};
    TopicRegex regex;
    regex.program_ = compiler.finish();
    return regex;
}

bool TopicRegex::matches(wire::View name) const { return Matcher(*this).matches(name); }

bool TopicRegex::Matcher::matches(wire::View name) {
    constexpr size_t most_remembered = 500'000;
    if (remembered_ > most_remembered) {
        places_.clear();
        numbers_.clear();
        remembered_ = 0;
    }
    int32_t place = number_of({Before::nothing, {0}});
    for (const char c : name) {
        const size_t next = static_cast<unsigned char>(c);
        place = next < end_of_name ? follow(place, next) : nowhere;
        if (place == nowhere) return false;
    }
    return follow(place, end_of_name) == accepted;
}

int32_t TopicRegex::Matcher::number_of(Place place) {
    const auto [at, added] = numbers_.try_emplace(std::move(place), int32_t(places_.size()));
    if (added) {
        places_.emplace_back(&at->first, Ways()).second.fill(unknown_yet);
        const size_t size = at->first.second.size() + std::tuple_size<Ways>();
        remembered_ += size;
        steps_ += size;
    }
    return at->second;
}

int32_t TopicRegex::Matcher::follow(int32_t place, size_t next) {
    const auto& [from, ways] = places_[size_t(place)];
    if (ways[next] != unknown_yet) return ways[next];
    const int32_t way = find_way(*from, next);
    return places_[size_t(place)].second[next] = way;
}

bool TopicRegex::Matcher::holds(Condition condition, Before before, size_t next) {
    const bool boundary = (before == Before::word) != is_word(next);
    switch (condition) {
    case Condition::begin:
        return before == Before::nothing;
    case Condition::end:
        return next == end_of_name;
    case Condition::word_boundary:
        return boundary;
    case Condition::no_word_boundary:
        return !boundary;
    }
    return false;
}

/// Goes through all steps that can be reached without taking a character, each once, and takes the next one.
int32_t TopicRegex::Matcher::find_way(const Place& from, size_t next) {
    Place place{is_word(next) ? Before::word : Before::other, {}};
    std::vector<bool> seen(program_.size());
    std::vector<uint32_t> open = from.second;
    while (!open.empty()) {
        const uint32_t i = open.back();
        open.pop_back();
        steps_++;
        if (seen[i]) continue;
        seen[i] = true;
        const Step& step = program_[i];
        switch (step.kind) {
        case Step::Kind::either:
            open.push_back(step.or_to);
            [[fallthrough]];
        case Step::Kind::go_on:
            open.push_back(step.to);
            break;
        case Step::Kind::hold:
            if (holds(step.condition, from.first, next)) open.push_back(i + 1);
            break;
        case Step::Kind::take:
            if (next != end_of_name && step.characters[next]) place.second.push_back(i + 1);
            break;
        case Step::Kind::accept:
            if (next == end_of_name) return accepted;
            break;
        }
    }
    if (place.second.empty()) return nowhere;
    std::sort(place.second.begin(), place.second.end());
    return number_of(std::move(place));
}

} // namespace kafka::group
