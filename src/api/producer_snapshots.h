// What partitions know of their producers (log/producers.h), as it is stored: read when a topic is opened, and written now and
// then, so that not all of the log has to be gone through. Main thread only.
//
// The batches in the log say the same: a snapshot that cannot be written only makes the next opening slower. So it has a transaction
// of its own, which no client waits for.
#pragma once
#include "store/producers.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kafka::log {
struct Topic;
}

namespace kafka::api {

class Broker;

class ProducerSnapshots {
public:
    explicit ProducerSnapshots(Broker& broker) : broker_(broker) {}

    /// Of a topic whose segments and ends are known: what is stored, and what the batches after that say. Inside a transaction.
    void read(log::Topic& topic);
    /// True once so much has been appended to the topic, or so many producers have changed, that they are to be stored.
    bool due(log::Topic& topic) const;
    /// Outside of transactions, while nothing is staged. A failure is logged, and tried again after more has been appended.
    void store(const std::vector<log::Topic*>& topics);
    /// Forgets producers that have been silent for too long, now and then.
    void expire();
    /// Nothing more will come: stores all that is not.
    void finish();

    /// All that is not stored of the topic's producers, inside a transaction, while nothing is staged;
    void write(const log::Topic& topic);
    /// which is committed.
    static void written(log::Topic& topic);

private:
    Broker& broker_;
    store::Producers tables_;
    int64_t expired_ms_ = 0; ///< when producers were last looked through
    std::string failure_;    ///< why the last attempt to store failed; empty if it did not
};

} // namespace kafka::api
