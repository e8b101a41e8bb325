// See end_to_end.h.
#include "end_to_end.h"

#include "batches.h"
#include "raw_consumer.h"
#include "requests.h"
#include "statistics.h"

#include <poll.h>
#include <sys/prctl.h>

namespace bench {
namespace {

class Pair {
public:
    Pair(const std::string& bootstrap, const std::string& topic, size_t record_bytes)
        : producer_(bootstrap), consumer_(bootstrap, topic),
          request_(produce_request(topic, 0, make_batch({.records = 1, .record_bytes = record_bytes}, 0))) {
        consumer_.ask_from(0);
    }

    bool idle() const { return acknowledged_ == sent_.size() && arrived_.size() == sent_.size(); }
    void send() {
        sent_.push_back(Clock::now());
        producer_.send(request_);
    }
    /// Until something comes from the broker, or it is `until`.
    void wait(Clock::time_point until) {
        pollfd sockets[] = {{producer_.fd(), POLLIN, 0}, {consumer_.connection().fd(), POLLIN, 0}};
        const auto left = std::max(until - Clock::now(), Clock::duration::zero());
        const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
        const timespec timeout{nanoseconds / 1000000000, nanoseconds % 1000000000};
        ppoll(sockets, 2, &timeout, nullptr);
        // The consumer first, whose record's way is measured.
        if (sockets[1].revents) take_fetched();
        if (sockets[0].revents) take_acknowledged();
    }
    /// Of the records that were sent at `from` or later.
    std::vector<double> latencies(Clock::time_point from) const {
        std::vector<double> latencies;
        for (size_t i = 0; i < arrived_.size(); i++)
            if (sent_[i] >= from) latencies.push_back(seconds_between(sent_[i], arrived_[i]));
        return latencies;
    }

private:
    void take_fetched() {
        const auto frame = consumer_.connection().received();
        if (!frame) return;
        // The topic is new and has one producer: the record at offset n is the one that was sent as the nth.
        const int64_t next = consumer_.take(*frame).next_offset;
        const auto now = Clock::now();
        while (arrived_.size() < size_t(next)) arrived_.push_back(now);
        consumer_.ask_from(next);
    }
    void take_acknowledged() {
        while (const auto frame = producer_.received()) {
            for (const auto& topic : decode<wire::produce::Request>(*frame).responses)
                for (const auto& partition : topic.partition_responses)
                    check(partition.error_code, "produce");
            acknowledged_++;
        }
    }

    Connection producer_;
    RawConsumer consumer_;
    std::string request_;
    std::vector<Clock::time_point> sent_, arrived_;
    size_t acknowledged_ = 0;
};

} // namespace

std::vector<double> end_to_end(const std::string& bootstrap, const std::string& topic, size_t record_bytes,
                               double rate, double duration) {
    prctl(PR_SET_TIMERSLACK, 1); // or else each wait for the next record's time ends 50 us late
    Pair pair(bootstrap, topic, record_bytes);
    const auto begin = Clock::now(), warm = begin + seconds(duration / 5), end = warm + seconds(duration);
    auto next = begin;
    for (auto now = begin; now < end; now = Clock::now()) {
        if (rate > 0 ? now >= next : pair.idle()) {
            pair.send();
            if (rate > 0) next += seconds(1 / rate);
        }
        pair.wait(rate > 0 ? std::min(next, end) : end);
    }
    const auto latest = end + std::chrono::seconds(10);
    while (!pair.idle() && Clock::now() < latest) pair.wait(latest);
    if (!pair.idle()) throw std::runtime_error("records do not arrive");
    std::vector<double> latencies = pair.latencies(warm);
    if (latencies.empty()) throw std::runtime_error("not one record arrived in the time");
    return latencies;
}

} // namespace bench
