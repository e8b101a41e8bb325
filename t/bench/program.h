// Another program: what goes in, what comes out.
#pragma once
#include <string>
#include <vector>

namespace bench {

/// Runs a program of the PATH to its end. Throws if it fails; its messages go to where ours go.
std::string output_of(std::vector<std::string> command, const std::string& input);

} // namespace bench
