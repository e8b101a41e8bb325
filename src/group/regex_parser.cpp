#include "group/regex_parser.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace kafka::group {

namespace {

using Kind = RegexNode::Kind;
using Characters = TopicRegex::Characters;
using Condition = TopicRegex::Condition;

constexpr int max_depth = 100;   ///< groups in groups; the parser calls itself for each
constexpr int max_repeat = 1000; ///< RE2's

struct Refused : std::runtime_error {
    using runtime_error::runtime_error;
};

template <class Is> Characters all_that(Is is) {
    Characters set;
    for (int c = 0; c < 128; c++) set[size_t(c)] = is(c);
    return set;
}

Characters digits() {
    return all_that([](int c) { return c >= '0' && c <= '9'; });
}
Characters words() {
    return all_that([](int c) { return std::isalnum(c) || c == '_'; });
}
Characters spaces() {
    return all_that([](int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; });
}

Characters one(int32_t c) {
    Characters set;
    if (c < 128) set.set(size_t(c));
    return set;
}

Characters any_case(Characters set) {
    for (size_t c = 'a'; c <= 'z'; c++) {
        const size_t capital = c - 'a' + 'A';
        if (set[c] || set[capital]) set[c] = set[capital] = true;
    }
    return set;
}

std::optional<Characters> named_class(wire::View name) {
    if (name == "alnum") return all_that([](int c) { return std::isalnum(c) != 0; });
    if (name == "alpha") return all_that([](int c) { return std::isalpha(c) != 0; });
    if (name == "ascii") return Characters{}.set();
    if (name == "blank") return one(' ') | one('\t');
    if (name == "cntrl") return all_that([](int c) { return std::iscntrl(c) != 0; });
    if (name == "digit") return digits();
    if (name == "graph") return all_that([](int c) { return std::isgraph(c) != 0; });
    if (name == "lower") return all_that([](int c) { return std::islower(c) != 0; });
    if (name == "print") return all_that([](int c) { return std::isprint(c) != 0; });
    if (name == "punct") return all_that([](int c) { return std::ispunct(c) != 0; });
    if (name == "space") return spaces() | one('\v');
    if (name == "upper") return all_that([](int c) { return std::isupper(c) != 0; });
    if (name == "word") return words();
    if (name == "xdigit") return all_that([](int c) { return std::isxdigit(c) != 0; });
    return {};
}

class Parser {
public:
    explicit Parser(wire::View text) : rest_(text) {}

    RegexNode parse() {
        RegexNode all = alternatives(0);
        if (!rest_.empty()) throw Refused("a ) without its (");
        return all;
    }

private:
    struct Flags {
        bool ignore_case = false, dot_takes_newline = false;
    };

    bool skip(wire::View what) {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    bool next_is(char c) const { return !rest_.empty() && rest_[0] == c; }

    /// One character, as RE2 reads it: UTF-8.
    int32_t take() {
        const auto byte = [&](size_t i) {
            return i < rest_.size() ? static_cast<unsigned char>(rest_[i]) : 0u;
        };
        const unsigned first = byte(0);
        const size_t size = first < 0x80                    ? 1
                            : first >= 0xc2 && first < 0xe0 ? 2
                            : first >= 0xe0 && first < 0xf0 ? 3
                                                            : 4;
        if (rest_.empty()) throw Refused("it ends too early");
        if (first >= 0xf5 || (first >= 0x80 && first < 0xc2)) throw Refused("it is not UTF-8");
        int32_t c = int32_t(size == 1 ? first : first & (0x7fu >> size));
        for (size_t i = 1; i < size; i++) {
            if ((byte(i) & 0xc0) != 0x80) throw Refused("it is not UTF-8");
            c = c << 6 | int32_t(byte(i) & 0x3f);
        }
        rest_.remove_prefix(size);
        return c;
    }

    RegexNode alternatives(int depth) {
        if (depth > max_depth) throw Refused("too many groups in each other");
        const Flags outer = flags_;
        RegexNode all{.kind = Kind::alternatives};
        do all.children.push_back(sequence(depth));
        while (skip("|"));
        flags_ = outer; // (?i) holds until the end of its group
        return all.children.size() == 1 ? std::move(all.children[0]) : all;
    }

    RegexNode sequence(int depth) {
        RegexNode all;
        while (!rest_.empty() && !next_is('|') && !next_is(')')) {
            if (skip("\\Q")) {
                quoted(all);
                continue;
            }
            const bool repeatable = item(all, depth);
            repetition(all, repeatable);
        }
        return all;
    }

    /// \Q...\E; what repeats after it repeats its last character.
    void quoted(RegexNode& to) {
        bool any = false;
        for (; !rest_.empty() && !skip("\\E"); any = true) to.children.push_back(characters(one(take())));
        repetition(to, any);
    }

    RegexNode characters(Characters set) const {
        return {.kind = Kind::characters, .characters = flags_.ignore_case ? any_case(set) : set};
    }
    static RegexNode condition(Condition what) { return {.kind = Kind::condition, .condition = what}; }

    /// Adds what stands next. False for flags, which add nothing.
    bool item(RegexNode& to, int depth) {
        if (next_is('*') || next_is('+') || next_is('?')) throw Refused("nothing to repeat");
        if (skip("(")) return group(to, depth);
        if (skip("[")) {
            to.children.push_back(character_class());
        } else if (skip(".")) {
            to.children.push_back(characters(flags_.dot_takes_newline ? Characters{}.set() : ~one('\n')));
        } else if (skip("^")) {
            to.children.push_back(condition(Condition::begin));
        } else if (skip("$")) {
            to.children.push_back(condition(Condition::end));
        } else if (skip("\\")) {
            to.children.push_back(escape());
        } else {
            to.children.push_back(characters(one(take())));
        }
        return true;
    }

    bool group(RegexNode& to, int depth) {
        const Flags outer = flags_;
        if (skip("?P<") || skip("?<")) {
            name();
        } else if (skip("?")) {
            flags();
            if (skip(")")) return false; // they hold for the rest of the group around
            if (!skip(":")) throw Refused("an unknown kind of group");
        }
        to.children.push_back(alternatives(depth + 1));
        if (!skip(")")) throw Refused("a ( without its )");
        flags_ = outer;
        return true;
    }

    void name() {
        const size_t size = rest_.find('>');
        if (size == wire::View::npos || size == 0) throw Refused("a bad name of a group");
        for (const char c : rest_.substr(0, size))
            if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
                throw Refused("a bad name of a group");
        rest_.remove_prefix(size + 1);
    }

    void flags() {
        bool value = true, any = false;
        for (; !rest_.empty() && !next_is(')') && !next_is(':'); rest_.remove_prefix(1)) {
            const char c = rest_[0];
            if (c == '-' && !value) throw Refused("an unknown kind of group");
            if (c == '-')
                value = any = false;
            else if (c == 'i')
                flags_.ignore_case = value;
            else if (c == 's')
                flags_.dot_takes_newline = value;
            else if (c != 'm' && c != 'U')
                throw Refused("an unknown kind of group");
            if (c != '-') any = true;
        }
        if (!value && !any) throw Refused("an unknown kind of group");
    }

    /// * + ? {n,m} after the last thing of the sequence.
    void repetition(RegexNode& to, bool repeatable) {
        int least = 0, most = RegexNode::unlimited;
        if (!quantifier(least, most)) return;
        if (!repeatable) throw Refused("nothing to repeat");
        skip("?"); // the same names match, whichever way is tried first
        int again = 0;
        if (quantifier(again, again)) throw Refused("a repetition of a repetition");
        RegexNode repeat{.kind = Kind::repeat, .least = least, .most = most};
        repeat.children.push_back(std::move(to.children.back()));
        to.children.back() = std::move(repeat);
    }

    bool quantifier(int& least, int& most) {
        least = next_is('+') ? 1 : 0;
        most = next_is('?') ? 1 : RegexNode::unlimited;
        return skip("*") || skip("+") || skip("?") || counted(least, most);
    }

    /// {n}, {n,} or {n,m}; what only looks a little like it stands for itself.
    bool counted(int& least, int& most) {
        const wire::View before = rest_;
        const auto literal = [&] {
            rest_ = before;
            return false;
        };
        if (!skip("{")) return false;
        const std::optional<int> first = number();
        if (!first) return literal();
        std::optional<int> second = first;
        if (skip(",")) second = next_is('}') ? std::optional(RegexNode::unlimited) : number();
        if (!second || !skip("}")) return literal();
        least = *first;
        most = *second;
        if (least > max_repeat || most > max_repeat || (most != RegexNode::unlimited && most < least))
            throw Refused("a bad number of repetitions");
        return true;
    }

    std::optional<int> number() {
        std::optional<int> value;
        for (; !rest_.empty() && std::isdigit(uint8_t(rest_[0])); rest_.remove_prefix(1))
            value = std::min(value.value_or(0) * 10 + (rest_[0] - '0'), max_repeat + 1);
        return value;
    }

    RegexNode escape() {
        if (skip("A")) return condition(Condition::begin);
        if (skip("z")) return condition(Condition::end);
        if (skip("b")) return condition(Condition::word_boundary);
        if (skip("B")) return condition(Condition::no_word_boundary);
        if (const std::optional<Characters> set = class_escape()) return characters(*set);
        return characters(one(character_escape()));
    }

    /// \d and its like, after the backslash.
    std::optional<Characters> class_escape() {
        if (skip("d")) return digits();
        if (skip("D")) return ~digits();
        if (skip("w")) return words();
        if (skip("W")) return ~words();
        if (skip("s")) return spaces();
        if (skip("S")) return ~spaces();
        return {};
    }

    int32_t character_escape() {
        static constexpr wire::View letters = "aftnrv", meanings = "\a\f\t\n\r\v";
        if (skip("x")) return hexadecimal();
        if (next_is('0') || (rest_.size() > 1 && octal_digit(0) && octal_digit(1))) return octal();
        const int32_t c = take();
        if (c < 128 && !std::isalnum(c)) return c;
        const size_t at = c < 128 ? letters.find(char(c)) : wire::View::npos;
        if (at == wire::View::npos) throw Refused("an unknown escape sequence");
        return meanings[at];
    }

    bool octal_digit(size_t at) const { return at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '7'; }
    int32_t octal() {
        int32_t c = 0;
        for (int i = 0; i < 3 && octal_digit(0); i++, rest_.remove_prefix(1)) c = c * 8 + (rest_[0] - '0');
        return c;
    }

    int32_t hexadecimal() {
        const bool braces = skip("{");
        int32_t c = 0;
        size_t digit_count = 0;
        for (; digit_count < (braces ? 6 : 2) && !rest_.empty(); digit_count++, rest_.remove_prefix(1)) {
            const unsigned char digit = static_cast<unsigned char>(rest_[0]);
            if (!std::isxdigit(digit)) break;
            c = c * 16 + (std::isdigit(digit) ? digit - '0' : std::tolower(digit) - 'a' + 10);
        }
        if (digit_count == 0 || (!braces && digit_count < 2) || (braces && !skip("}")) || c > 0x10ffff)
            throw Refused("an unknown escape sequence");
        return c;
    }

    RegexNode character_class() {
        const bool negated = skip("^");
        Characters set;
        for (bool first = true; first || !skip("]"); first = false) {
            if (rest_.empty()) throw Refused("a [ without its ]");
            if (rest_.starts_with("[:") && rest_.find(":]", 2) != wire::View::npos) {
                set |= posix_class();
                continue;
            }
            const wire::View before = rest_;
            if (skip("\\")) {
                if (const std::optional<Characters> more = class_escape()) {
                    set |= *more;
                    continue;
                }
                rest_ = before;
            }
            set |= range();
        }
        if (flags_.ignore_case) set = any_case(set);
        return {.kind = Kind::characters, .characters = negated ? ~set : set};
    }

    Characters posix_class() {
        skip("[:");
        const size_t size = rest_.find(":]");
        wire::View name = rest_.substr(0, size);
        const bool negated = name.starts_with('^');
        if (negated) name.remove_prefix(1);
        const std::optional<Characters> set = named_class(name);
        if (!set) throw Refused("an unknown class of characters");
        rest_.remove_prefix(size + 2);
        return negated ? ~*set : *set;
    }

    Characters range() {
        const auto bound = [&] { return skip("\\") ? character_escape() : take(); };
        const int32_t low = bound();
        int32_t high = low;
        if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
            skip("-");
            high = bound();
        }
        if (high < low) throw Refused("a bad range of characters");
        return all_that([&](int c) { return low <= c && c <= high; });
    }

    wire::View rest_;
    Flags flags_;
};

} // namespace

std::optional<RegexNode> parse_regex(wire::View expression, std::string& why) {
    try {
        return Parser(expression).parse();
    } catch (const Refused& refused) {
        why = refused.what();
        return {};
    }
}

} // namespace kafka::group
