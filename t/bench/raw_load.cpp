// See raw_load.h.
#include "raw_load.h"

#include "statistics.h"

#include <memory>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace bench {
namespace {

/// One connection, kept full of requests.
class Sender {
public:
    Sender(const std::string& bootstrap, RawClient& client, int in_flight)
        : connection_(bootstrap), client_(client), begun_(size_t(in_flight)) {}
    int fd() const { return connection_.fd(); }

    /// Sends while there is room, in the socket and in what may be in flight.
    void send_more() {
        while (sending_ || begun_count_ - answered_count_ < begun_.size()) {
            std::string& request = client_.requests[begun_count_ % client_.requests.size()];
            if (!std::exchange(sending_, true)) {
                if (client_.prepare) client_.prepare(request);
                begun_[begun_count_ % begun_.size()] = Clock::now();
            }
            const size_t sent = connection_.send_some(View(request).substr(sent_));
            if (sent == 0) return;
            sent_ += sent;
            if (sent_ < request.size()) continue;
            sent_ = 0;
            sending_ = false;
            begun_count_++;
        }
    }

    /// Takes a response, if there is one: the seconds since its request was begun.
    std::optional<double> next_answer(Clock::time_point& now) {
        const auto frame = connection_.received();
        if (!frame) return std::nullopt;
        now = Clock::now();
        client_.check(*frame);
        return seconds_between(begun_[answered_count_++ % begun_.size()], now);
    }

private:
    Connection connection_;
    RawClient& client_;
    bool sending_ = false;                 ///< a request, of which so much
    size_t sent_ = 0;                      ///< is sent
    std::vector<Clock::time_point> begun_; ///< a ring: when each request in flight was begun
    size_t begun_count_ = 0, answered_count_ = 0;
};

class Poll {
public:
    Poll() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;
    ~Poll() { close(fd_); }

    void add(Sender& sender) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &sender;
        epoll_ctl(fd_, EPOLL_CTL_ADD, sender.fd(), &event);
    }
    template <class Body> void wait(Body&& body) {
        epoll_event events[64];
        const int count = epoll_wait(fd_, events, 64, 100);
        for (int i = 0; i < count; i++) body(*static_cast<Sender*>(events[i].data.ptr));
    }

private:
    int fd_;
};

/// Runs the load until answered(when, seconds it took) says that it is enough, or the time is over.
template <class Answer>
void run(const std::string& bootstrap, std::vector<RawClient>& clients, int in_flight, Clock::time_point end,
         Answer&& answered) {
    Poll poll;
    std::vector<std::unique_ptr<Sender>> senders;
    for (RawClient& client : clients) {
        senders.push_back(std::make_unique<Sender>(bootstrap, client, in_flight));
        poll.add(*senders.back());
    }
    bool enough = false;
    while (!enough && Clock::now() < end)
        poll.wait([&](Sender& sender) {
            Clock::time_point now;
            while (const auto latency = sender.next_answer(now)) enough |= answered(now, *latency);
            sender.send_more();
        });
}

} // namespace

Answered send_for(const std::string& bootstrap, std::vector<RawClient> clients, int in_flight,
                  double duration) {
    const auto warm = Clock::now() + seconds(duration / 5), end = warm + seconds(duration);
    Answered all{.seconds = duration};
    run(bootstrap, clients, in_flight, end, [&](Clock::time_point at, double latency) {
        if (at < warm || at >= end) return false;
        all.requests++;
        all.latencies.push_back(latency);
        return false;
    });
    if (all.requests == 0) throw std::runtime_error("not one request was answered in the time");
    return all;
}

size_t send_requests(const std::string& bootstrap, std::vector<RawClient> clients, int in_flight,
                     size_t requests, double seconds_at_most) {
    size_t answered = 0;
    run(bootstrap, clients, in_flight, Clock::now() + seconds(seconds_at_most),
        [&](Clock::time_point, double) { return ++answered >= requests; });
    return answered;
}

} // namespace bench
