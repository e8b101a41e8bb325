// The inputs that the fuzzer has found worth keeping (t/fuzz/), thrown at the same targets.
#include "../fuzz/targets.h"
#include "test.h"

#include <fstream>

namespace {

std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(char(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

/// Runs all inputs of a target; returns how many.
int replay(const fuzz::Target& target) {
    std::ifstream file("t/fuzz/corpus/" + std::string(target.name) + ".hex");
    int inputs = 0;
    for (std::string line; std::getline(file, line); inputs++) target.run(bytes_of(line));
    return inputs;
}

} // namespace

TEST("fuzz: what the fuzzer has found holds still") {
    for (const fuzz::Target& target : fuzz::targets) CHECK(replay(target) > 100);
}
