// What an ordinary C++ client gets: librdkafka, records of 1 KiB, its defaults but for a linger of 5 ms.
#pragma once
#include <cstdint>
#include <string>

namespace bench {

/// MB/s of payload that are acknowledged. A fifth of the time comes on top, before, and does not count.
double rdkafka_produce(const std::string& bootstrap, const std::string& topic, double seconds);

/// MB/s of payload while it reads so many records from the start of partition 0.
double rdkafka_consume(const std::string& bootstrap, const std::string& topic, int64_t records);

} // namespace bench
