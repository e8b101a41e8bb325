// Regular expressions for topics, which consumers of the new protocol may subscribe by (KIP-848, subscribed_topic_regex
// since v1). Kafka's broker takes RE2's syntax. There is no RE2 here; this is the part of that syntax that topic names
// need, answered as RE2 answers it; whatever else is refused with INVALID_REGULAR_EXPRESSION.
//
//   taken    literals, . | () (?:) (?P<name>) (?<name>), * + ? {n} {n,} {n,m} (n and m up to 1000) and their lazy forms,
//            [classes] with ranges, negation and [:names:], \d \w \s \b \A \z and the capital ones of the first four,
//            \n \t and the like, \x41 \x{41} \101, \Q..\E, ^ $, (?imsU) as flags of the rest or of a group
//   refused  what RE2 refuses, too (look-around, back references, possessive quantifiers, nested quantifiers), and
//            \p{..}, \pL, \C, [[:word:]]-like classes of unknown name, and what becomes longer
//            than max_program
//
// A topic is matched as a whole. Matching takes time in proportion to name times expression, whatever is sent: it
// follows all ways at once instead of one after the other. With many names most characters take one look-up, but there
// are expressions for which nearly all characters take some thousand steps: who matches many names looks at steps().
// Names are ASCII; characters beyond match nothing. Pure.
#pragma once
#include "wire/bytes.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kafka::group {

class TopicRegex {
public:
    static constexpr size_t max_program = 4096; ///< steps that an expression may consist of
    static constexpr size_t max_length = 16384; ///< of an expression, in bytes

    /// Null if it is refused, and then `why` says the reason.
    static std::optional<TopicRegex> compile(wire::View expression, std::string& why);
    bool matches(wire::View topic_name) const;
    /// For many names at one go.
    class Matcher;

    using Characters = std::bitset<128>;
    enum class Condition : uint8_t { begin, end, word_boundary, no_word_boundary };
    /// One step of the program. Those that take a character or hold a condition go on to the step after them.
    struct Step {
        enum class Kind : uint8_t { take, hold, either, go_on, accept } kind;
        Condition condition = Condition::begin; ///< hold
        Characters characters;                  ///< take: one of these
        uint32_t to = 0, or_to = 0;             ///< either, go_on
    };

private:
    std::vector<Step> program_;
};

/// Remembers what has come of the names until now. Outlived by the expression.
class TopicRegex::Matcher {
public:
    explicit Matcher(const TopicRegex& regex) : program_(regex.program_) {}
    bool matches(wire::View topic_name);
    /// What all names took until now: steps that were looked at, and the size of what was remembered. Each takes some nanoseconds.
    size_t steps() const { return steps_; }

private:
    enum class Before : uint8_t { nothing, word, other }; ///< the last character
    /// All steps that a name can go on from after its first characters, and which one was the last.
    using Place = std::pair<Before, std::vector<uint32_t>>;
    static constexpr size_t end_of_name = 128; ///< in the place of a next character
    using Ways = std::array<int32_t, end_of_name + 1>;

    static bool holds(Condition condition, Before before, size_t next);
    int32_t follow(int32_t place, size_t next);
    int32_t find_way(const Place& from, size_t next);
    int32_t number_of(Place place);

    const std::vector<Step>& program_;
    std::map<Place, int32_t> numbers_;
    std::vector<std::pair<const Place*, Ways>> places_; ///< by number; where each character leads to
    size_t remembered_ = 0;                             ///< steps in all of them
    size_t steps_ = 0;
};

} // namespace kafka::group
