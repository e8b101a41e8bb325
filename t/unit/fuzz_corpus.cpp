// The inputs that the fuzzer has found worth keeping (t/fuzz/), thrown at the same targets.
#include "../fuzz/targets.h"
#include "../hex.h"
#include "test.h"

#include <fstream>

namespace {

/// Runs all inputs of a target; returns how many.
int replay(const fuzz::Target& target) {
    std::ifstream file("t/fuzz/corpus/" + std::string(target.name) + ".hex");
    int inputs = 0;
    for (std::string line; std::getline(file, line); inputs++) target.run(from_hex(line));
    return inputs;
}

} // namespace

TEST("fuzz: what the fuzzer has found holds still") {
    for (const fuzz::Target& target : fuzz::targets) CHECK(replay(target) > 100);
}
