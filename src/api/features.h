// Features that the broker has besides APIs, and at which level (KIP-584). Clients do not use some of what is served without
// being told.
#pragma once
#include <cstdint>

namespace kafka::api {

/// One of them. All levels from 0 are known, and the highest one holds.
struct Feature {
    const char* name;
    int16_t level;
};

inline constexpr Feature features[] = {
    {"group.version", 1}, // the consumer protocol (KIP-848)
    {"transaction.version",
     2}, // transactions that add by themselves what is written to, with an epoch each (KIP-890)
};

} // namespace kafka::api
