// Runs every TEST of the program, or those whose name contains the first argument, and prints TAP.
#include "test.h"

namespace test {
namespace {
bool failed, skipped;
std::string skip_reason;
} // namespace

std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

bool add(const char* name, void (*body)()) {
    cases().push_back({name, body});
    return true;
}

void fail(const char* file, int line, const std::string& why) {
    failed = true;
    std::cout << "# " << file << ":" << line << ": " << why << "\n";
}

void skip(const std::string& why) {
    skipped = true;
    skip_reason = why;
}
} // namespace test

int main(int argc, char** argv) {
    const std::string filter = argc > 1 ? argv[1] : "";
    std::vector<test::Case> chosen;
    for (const test::Case& c : test::cases())
        if (std::string(c.name).find(filter) != std::string::npos) chosen.push_back(c);
    std::cout << "1.." << chosen.size() << std::endl;
    int number = 0, failures = 0;
    for (const test::Case& c : chosen) {
        test::failed = test::skipped = false;
        try {
            c.body();
        } catch (const std::exception& e) {
            test::fail(c.name, 0, std::string("exception: ") + e.what());
        }
        failures += test::failed;
        std::cout << (test::failed ? "not ok " : "ok ") << ++number << " - " << c.name;
        if (test::skipped) std::cout << " # SKIP " << test::skip_reason;
        std::cout << std::endl;
    }
    return failures ? 1 : 0;
}
