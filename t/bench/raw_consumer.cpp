// See raw_consumer.h.
#include "raw_consumer.h"

#include "record/batch.h"
#include "requests.h"
#include "statistics.h"

namespace bench {

RawConsumer::RawConsumer(const std::string& bootstrap, const std::string& topic, Isolation isolation)
    : connection_(bootstrap), topic_(topic), isolation_(isolation) {}

void RawConsumer::ask_from(int64_t offset) {
    wire::fetch::Request request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    request.max_bytes = 52428800; // the defaults of Kafka's consumer
    request.isolation_level = int8_t(isolation_);
    auto& topic = request.topics.emplace_back();
    topic.topic = topic_;
    auto& partition = topic.partitions.emplace_back();
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1048576;
    asked_ = offset;
    connection_.send(encode(request));
}

RawConsumer::Read RawConsumer::take(View frame) const {
    Read read{0, asked_};
    const auto response = decode<wire::fetch::Request>(frame);
    check(response.error_code, "fetch");
    for (const auto& topic : response.responses)
        for (const auto& partition : topic.partitions) {
            check(partition.error_code, "fetch");
            for (const wire::Slice& slice : partition.records.slices) {
                read.bytes += slice.data.size();
                View rest = slice.data;
                while (const auto header = kafka::record::read_header(rest)) {
                    if (header->size_in_bytes() > rest.size())
                        break; // cut off: it comes with the next response
                    read.next_offset = header->last_offset() + 1;
                    rest.remove_prefix(header->size_in_bytes());
                }
            }
        }
    return read;
}

double RawConsumer::read_for(double duration, int64_t from, int64_t to) {
    const auto warm = Clock::now() + seconds(duration / 5), end = warm + seconds(duration);
    size_t bytes = 0;
    auto begun = Clock::now(), now = begun;
    for (int64_t offset = from; now < end;) {
        ask_from(offset);
        const Read read = take(connection_.receive());
        if (read.bytes == 0) throw std::runtime_error("fetch: there are fewer records than were produced");
        now = Clock::now();
        if (begun < warm) {
            begun = now;
            bytes = 0;
        } else {
            bytes += read.bytes;
        }
        offset = read.next_offset >= to ? from : read.next_offset;
    }
    return double(bytes) / 1e6 / seconds_between(begun, now);
}

} // namespace bench
