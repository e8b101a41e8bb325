// Deletes what retention.ms and retention.bytes do not keep: every pg_kafka.retention_check_interval_ms it goes through all topics,
// some of them in each turn. What is to go, log/retention.h decides. Main thread only.
#pragma once
#include "pg/settings.h"
#include "wire/bytes.h"

#include <chrono>
#include <vector>

namespace kafka::log {
struct Topic;
}

namespace kafka::api {

class Broker;

class Retention {
public:
    using Clock = std::chrono::steady_clock;

    explicit Retention(Broker& broker) : broker_(broker) {}

    void apply(const pg::Settings& settings);
    /// Once a turn, before its commit. What cannot be deleted is logged, and tried again in the next round.
    void tick();
    /// Begins a round in the next turn.
    void look_again() { due_ = Clock::now(); }
    /// When tick() has something to do.
    Clock::time_point next_deadline() const {
        return left_.empty() && to_be_stored_.empty() ? due_ : Clock::now();
    }

private:
    void begin_round();
    void find_candidates();
    bool delete_expired(log::Topic& topic);
    bool store_producers(log::Topic& topic);

    Broker& broker_;
    std::chrono::milliseconds interval_{};
    Clock::time_point due_ = Clock::now();
    std::vector<wire::Uuid> left_;         ///< of this round: what may have to be deleted of them,
    std::vector<wire::Uuid> to_be_stored_; ///< and those that SQL has deleted records of
};

} // namespace kafka::api
