// The smallest test harness that prints TAP: TEST("what holds") { CHECK(...); CHECK_EQ(a, b); }
// Each TEST is one TAP line; a failed check prints a diagnostic and fails its test, the others go on.
#pragma once
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace test {

struct Case {
    const char* name;
    void (*body)();
};
std::vector<Case>& cases();                                    ///< in order of registration
bool add(const char* name, void (*body)());                    ///< called by TEST at start-up
void fail(const char* file, int line, const std::string& why); ///< marks the running test as failed
void skip(const std::string& why);                             ///< marks the running test as skipped

template <class T> std::string show(const T& x) {
    if constexpr (requires(std::ostream & o) { o << x; }) {
        std::ostringstream out;
        out << x;
        return out.str();
    } else if constexpr (std::is_enum_v<T>) {
        return std::to_string(static_cast<long long>(x));
    } else {
        return "(not printable)";
    }
}

} // namespace test

#define TEST_CAT2(a, b) a##b
#define TEST_CAT(a, b) TEST_CAT2(a, b)
#define TEST(name)                                                                                           \
    static void TEST_CAT(test_body_, __LINE__)();                                                            \
    [[maybe_unused]] static const bool TEST_CAT(test_added_, __LINE__) =                                     \
        ::test::add(name, TEST_CAT(test_body_, __LINE__));                                                   \
    static void TEST_CAT(test_body_, __LINE__)()
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) ::test::fail(__FILE__, __LINE__, #condition);                                      \
    } while (0)
#define CHECK_EQ(actual, expected)                                                                           \
    do {                                                                                                     \
        const auto test_a = (actual);                                                                        \
        const auto test_e = (expected);                                                                      \
        if (!(test_a == test_e))                                                                             \
            ::test::fail(__FILE__, __LINE__,                                                                 \
                         std::string(#actual " is ") + ::test::show(test_a) + ", not " +                     \
                             ::test::show(test_e));                                                          \
    } while (0)
