// Many requests that have to be answered once each.
#pragma once
#include "connection.h"

#include <functional>

namespace bench {

/// Asks so many times, over many connections at once, so that requests share a flush. `take` throws if an answer is not as it should be.
void ask_many(const std::string& bootstrap, size_t count, const std::function<std::string(size_t)>& request,
              const std::function<void(size_t, View response)>& take);

} // namespace bench
