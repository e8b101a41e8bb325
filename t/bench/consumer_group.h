// A group of the consumer protocol (KIP-848), whose members are driven in step by one thread. Each has a connection of its own.
#pragma once
#include <string>

namespace bench {

/// Seconds from the first of so many members that join a new group until all have the group's epoch and their even share of the
/// topic, when each sends its next heartbeat as soon as all have their answers. Throws if that does not come to an end.
double settle_consumer_group(const std::string& bootstrap, const std::string& topic, int partitions,
                             int members);

} // namespace bench
