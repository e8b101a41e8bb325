// See raw_producer.h.
#include "raw_producer.h"

#include "requests.h"
#include "statistics.h"

#include <memory>
#include <sys/epoll.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr uint32_t different_batches = 4;

/// One connection, kept full of requests to one partition.
class Producer {
public:
    Producer(const std::string& bootstrap, const std::string& topic, int32_t partition, const Load& load)
        : connection_(bootstrap), begun_(size_t(load.in_flight)) {
        for (uint32_t seed = 0; seed < different_batches; seed++)
            requests_.push_back(produce_request(topic, partition, make_batch(load.batch, seed)));
    }
    int fd() const { return connection_.fd(); }

    /// Sends while there is room, in the socket and in what may be in flight; the number that are.
    void send_more() {
        while (sent_ > 0 || begun_count_ - answered_count_ < begun_.size()) {
            if (sent_ == 0) begun_[begun_count_ % begun_.size()] = Clock::now();
            const std::string& request = requests_[begun_count_ % requests_.size()];
            const size_t sent = connection_.send_some(View(request).substr(sent_));
            if (sent == 0) return;
            sent_ += sent;
            if (sent_ < request.size()) continue;
            sent_ = 0;
            begun_count_++;
        }
    }

    /// Takes a response, if there is one: the seconds since its request was begun.
    std::optional<double> next_answer(Clock::time_point& now) {
        const auto frame = connection_.received();
        if (!frame) return std::nullopt;
        now = Clock::now();
        for (const auto& topic : decode<wire::produce::Request>(*frame).responses)
            for (const auto& partition : topic.partition_responses) check(partition.error_code, "produce");
        return seconds_between(begun_[answered_count_++ % begun_.size()], now);
    }

private:
    Connection connection_;
    std::vector<std::string> requests_;
    size_t sent_ = 0;                      ///< of the request that is being sent
    std::vector<Clock::time_point> begun_; ///< a ring: when each request in flight was begun
    size_t begun_count_ = 0, answered_count_ = 0;
};

class Poll {
public:
    Poll() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;
    ~Poll() { close(fd_); }

    void add(Producer& producer) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &producer;
        epoll_ctl(fd_, EPOLL_CTL_ADD, producer.fd(), &event);
    }
    template <class Body> void wait(Body&& body) {
        epoll_event events[64];
        const int count = epoll_wait(fd_, events, 64, 100);
        for (int i = 0; i < count; i++) body(*static_cast<Producer*>(events[i].data.ptr));
    }

private:
    int fd_;
};

/// Runs the load until answered(when, seconds it took) says that it is enough, or the time is over.
template <class Answered>
void run(const std::string& bootstrap, const std::string& topic, const Load& load, Clock::time_point end,
         Answered&& answered) {
    Poll poll;
    std::vector<std::unique_ptr<Producer>> producers;
    for (int i = 0; i < load.connections; i++) {
        producers.push_back(std::make_unique<Producer>(bootstrap, topic, i % load.partitions, load));
        poll.add(*producers.back());
    }
    bool enough = false;
    while (!enough && Clock::now() < end)
        poll.wait([&](Producer& producer) {
            Clock::time_point now;
            while (const auto latency = producer.next_answer(now)) enough |= answered(now, *latency);
            producer.send_more();
        });
}

} // namespace

Produced produce_for(const std::string& bootstrap, const std::string& topic, const Load& load,
                     double duration) {
    const auto warm = Clock::now() + seconds(duration / 5), end = warm + seconds(duration);
    Produced produced{.seconds = duration};
    run(bootstrap, topic, load, end, [&](Clock::time_point at, double latency) {
        if (at < warm || at >= end) return false;
        produced.requests++;
        produced.latencies.push_back(latency);
        return false;
    });
    if (produced.requests == 0) throw std::runtime_error("produce: not one request was answered in the time");
    return produced;
}

int64_t produce_bytes(const std::string& bootstrap, const std::string& topic, const Load& load, size_t bytes,
                      double seconds_at_most) {
    size_t requests = 0;
    run(bootstrap, topic, load, Clock::now() + seconds(seconds_at_most),
        [&](Clock::time_point, double) { return ++requests * load.batch.payload_bytes() >= bytes; });
    return int64_t(requests) * load.batch.records;
}

} // namespace bench
