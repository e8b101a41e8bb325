// Regular expressions for topics: RE2's answers for what is taken, refusals for the rest, and no way to be slow.
#include "group/topic_regex.h"
#include "test.h"

using namespace kafka;
using group::TopicRegex;

namespace {

/// "yes", "no", or why the expression is refused.
std::string match(const std::string& expression, const std::string& name) {
    std::string why;
    const std::optional<TopicRegex> regex = TopicRegex::compile(expression, why);
    if (!regex) return "refused: " + why;
    return regex->matches(name) ? "yes" : "no";
}

bool refused(const std::string& expression) { return match(expression, "").starts_with("refused: "); }

void check(const std::string& expression, const std::vector<std::string>& yes,
           const std::vector<std::string>& no) {
    for (const std::string& name : yes)
        CHECK_EQ(expression + " " + name + " " + match(expression, name), expression + " " + name + " yes");
    for (const std::string& name : no)
        CHECK_EQ(expression + " " + name + " " + match(expression, name), expression + " " + name + " no");
}

} // namespace

TEST("a topic is matched as a whole") {
    check("orders", {"orders"}, {"orders2", "my-orders", "order", "", "Orders"});
    check("^orders$", {"orders"}, {"orders2", "my-orders"});
    check("", {""}, {"a"});
    check("^", {""}, {"a"});
}

TEST("alternatives, groups and repetitions") {
    check("a|b|cd", {"a", "b", "cd"}, {"", "c", "ab", "abcd"});
    check("a|", {"a", ""}, {"b"});
    check("(ab)*c", {"c", "abc", "ababc"}, {"ac", "ab"});
    check("(?:ab)+", {"ab", "abab"}, {"", "aba"});
    check("colou?r", {"color", "colour"}, {"colouur"});
    check("a{2}", {"aa"}, {"a", "aaa"});
    check("a{2,}", {"aa", "aaaa"}, {"a"});
    check("a{1,3}b{0,1}", {"a", "aaab"}, {"", "aaaa", "abb"});
    check("a*?b+?c??", {"b", "aabbc"}, {"ac"});
    check("(?P<n>a)(?<m_1>b)", {"ab"}, {"a"});
    check("(a*)*(b?){0}", {"", "aaa"}, {"b"});
    check("(^a|b$)+", {"a", "b", "ab"}, {"ba", "aa"});
}

TEST("braces that count nothing stand for themselves") {
    check("a{,2}", {"a{,2}"}, {"a", "aa"});
    check("a{x}", {"a{x}"}, {"a"});
    check("{", {"{"}, {""});
    check("a{1", {"a{1"}, {"a"});
    check("]}", {"]}"}, {""});
}

TEST("classes of characters") {
    check("[a-c_.-]+", {"a-b", "c_.", "-"}, {"d", "", "A"});
    check("[^a-c]", {"d", "-"}, {"a", "", "dd"});
    check("[]a]", {"]", "a"}, {"b"});
    check("[^]a]", {"b"}, {"]", "a"});
    check("[\\d\\-\\]x]+", {"1-]x"}, {"a"});
    check("[[:alpha:][:digit:]]+", {"aZ9"}, {"a.", "_"});
    check("[[:^alpha:]]", {"1"}, {"a"});
    check("[[:]", {"[", ":"}, {"a"});
    check("[a-]", {"a", "-"}, {"b"});
    check("[\\w-]+", {"a-b_1"}, {"a.b"});
    check("\\d+\\D\\w\\W\\s?\\S", {"12a_.z"}, {"12a_a.z"});
    check(".*", {"", "any.Thing-1_"}, {});
}

TEST("escapes") {
    check("a\\.b\\-c\\_", {"a.b-c_"}, {"axb-c_"});
    check("\\x41\\x{42}\\103\\0", {std::string("ABC") + '\0'}, {"ABC"});
    check("\\Qa.b*\\E+", {"a.b*", "a.b**"}, {"aab", "a.ba.b*"});
    check("\\Qa|b", {"a|b"}, {"a"});
    check("\\Aab\\z", {"ab"}, {"a"});
    check("a\\b-b", {"a-b"}, {});
    check("a\\Bb.*", {"ab-c"}, {"a"});
    check("a\\bb", {}, {"ab"});
}

TEST("flags") {
    check("(?i)ab[c-d]", {"ABC", "abD"}, {"abe"});
    check("(?i:a)b", {"Ab", "ab"}, {"aB"});
    check("((?i)a)b", {"Ab"}, {"AB"});
    check("a(?i)b|c", {"aB", "C"}, {"AB"});
    check("(?i)a(?-i)b", {"Ab"}, {"AB"});
    check("(?i-s:A)(?mU)b", {"ab"}, {"aB"});
    check("(?i)[^a]", {"b", "B"}, {"a", "A"});
}

TEST("characters beyond ASCII are legal and match no topic") {
    check("\xc3\xa9*a", {"a"},
          {"\xc3\xa9"
           "a"});
    check("[\xc3\xa9-\xc3\xbc"
          "b]",
          {"b"}, {"a"});
    check("[^\xe2\x82\xac]", {"a"}, {});
    CHECK(refused("\xff"));
    CHECK(refused("\xc3"));
    CHECK(refused("\xe2\x82"));
    CHECK(refused("[\x80]"));
}

TEST("what is not legal in RE2 is refused") {
    for (const char* expression : {"(",
                                   ")",
                                   "a)",
                                   "(a",
                                   "[",
                                   "[a",
                                   "[]",
                                   "[^]",
                                   "*",
                                   "+a",
                                   "?",
                                   "|*",
                                   "(*)",
                                   "a**",
                                   "a+*",
                                   "a?*",
                                   "a*??",
                                   "a{2}{3}",
                                   "a++",
                                   "a{2,1}",
                                   "a{1001}",
                                   "a{1,1001}",
                                   "a{99999999999}",
                                   "[b-a]",
                                   "\\",
                                   "\\8",
                                   "\\1",
                                   "\\y",
                                   "[\\y]",
                                   "\\x4",
                                   "\\x{",
                                   "\\x{110000}",
                                   "\\xg1",
                                   "(?=a)",
                                   "(?!a)",
                                   "(?<=a)",
                                   "(?<!a)",
                                   "(?>a)",
                                   "(?P=n)",
                                   "(?P<>a)",
                                   "(?<n",
                                   "(?",
                                   "(?i",
                                   "(?x)",
                                   "(?-)",
                                   "(?i--s)",
                                   "[[:what:]]",
                                   "{2}*?+"})
        CHECK_EQ(std::string(expression) + (refused(expression) ? "" : " taken"), std::string(expression));
}

TEST("what RE2 takes and this does not is refused, not misread") {
    for (const char* expression : {"\\pL", "\\p{Greek}", "\\PN", "[\\pL]", "\\C"}) CHECK(refused(expression));
}

TEST("no expression takes long") {
    CHECK_EQ(match("(a*)*b", std::string(249, 'a')), std::string("no"));
    CHECK_EQ(match("(a|a)*(a|a)*(a|aa)+$", std::string(248, 'a') + "!"), std::string("no"));
    CHECK_EQ(match("(.*)(.*)(.*)(.*)(.*)[^a]", std::string(249, 'a')), std::string("no"));
    CHECK(refused("((a{1000}){1000}){1000}"));
    CHECK_EQ(match("((((){1000}){1000}){1000}){1000}", ""), std::string("yes"));
    CHECK(!refused("((((((a?)?){9})?){9})?)"));
    CHECK(refused(std::string(100'000, '(')));
    CHECK(refused(std::string(300, '(') + std::string(300, ')')));
    CHECK(!refused(std::string(90, '(') + std::string(90, ')')));
    CHECK(refused(std::string(20'000, 'a')));
    CHECK(!refused(std::string(4'000, 'a')));
}
