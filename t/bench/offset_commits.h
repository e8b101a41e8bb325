// How fast groups store how far they have read.
#pragma once
#include "raw_load.h"

namespace bench {

/// Commits of so many groups, each of one partition and from one connection, one at a time, as fast as the broker answers.
Answered commit_offsets_for(const std::string& bootstrap, int groups, double seconds);

} // namespace bench
