#include "group/topic_regex.h"
#include "group/regex_parser.h"

#include <cctype>
#include <utility>

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

bool is_word(wire::View name, size_t at) {
    return at < name.size() && (isalnum(static_cast<unsigned char>(name[at])) || name[at] == '_');
}

bool holds(TopicRegex::Condition condition, wire::View name, size_t at) {
    const bool boundary = is_word(name, at) != (at > 0 && is_word(name, at - 1));
    switch (condition) {
    case TopicRegex::Condition::begin:
        return at == 0;
    case TopicRegex::Condition::end:
        return at == name.size();
    case TopicRegex::Condition::word_boundary:
        return boundary;
    case TopicRegex::Condition::no_word_boundary:
        return !boundary;
    }
    return false;
}

/// The steps that can be reached at one place of the name, each once.
class Places {
public:
    explicit Places(const std::vector<Step>& program) : program_(program), seen_(program.size(), -1) {}

    /// Adds a step and all that follow without taking a character.
    void reach(uint32_t first, wire::View name, size_t at) {
        open_.push_back(first);
        while (!open_.empty()) {
            const uint32_t i = open_.back();
            open_.pop_back();
            if (seen_[i] == int32_t(at)) continue;
            seen_[i] = int32_t(at);
            const Step& step = program_[i];
            switch (step.kind) {
            case Step::Kind::either:
                open_.push_back(step.or_to);
                [[fallthrough]];
            case Step::Kind::go_on:
                open_.push_back(step.to);
                break;
            case Step::Kind::hold:
                if (holds(step.condition, name, at)) open_.push_back(i + 1);
                break;
            case Step::Kind::take:
                taking.push_back(i);
                break;
            case Step::Kind::accept:
                accepted_at = int32_t(at);
                break;
            }
        }
    }

    std::vector<uint32_t> taking; ///< that wait for the next character
    int32_t accepted_at = -1;

private:
    const std::vector<Step>& program_;
    std::vector<int32_t> seen_; ///< at which place each step was last reached
    std::vector<uint32_t> open_;
};

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

bool TopicRegex::matches(wire::View name) const {
    Places places(program_);
    places.reach(0, name, 0);
    for (size_t at = 0; at < name.size(); at++) {
        const unsigned char c = static_cast<unsigned char>(name[at]);
        const std::vector<uint32_t> taking = std::exchange(places.taking, {});
        if (taking.empty()) return false;
        for (const uint32_t i : taking)
            if (c < 128 && program_[i].characters[c]) places.reach(i + 1, name, at + 1);
    }
    return places.accepted_at == int32_t(name.size());
}

} // namespace kafka::group
