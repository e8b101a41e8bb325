// libFuzzer's entry: one program for all targets, TARGET names the one.
#include "targets.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace {

const fuzz::Target& chosen() {
    const char* name = std::getenv("TARGET");
    for (const fuzz::Target& target : fuzz::targets)
        if (name && std::string_view(name) == target.name) return target;
    std::cerr << "TARGET is to be one of:";
    for (const fuzz::Target& target : fuzz::targets) std::cerr << ' ' << target.name;
    std::cerr << '\n';
    std::exit(2);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const fuzz::Target& target = chosen();
    target.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
