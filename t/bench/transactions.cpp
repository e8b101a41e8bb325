// See transactions.h.
#include "transactions.h"

#include "producer_requests.h"
#include "statistics.h"
#include "topic.h"

#include <deque>
#include <functional>
#include <future>
#include <thread>

namespace bench {
namespace {

using wire::ErrorCode;

/// Of requests in transactions of the second version (KIP-890).
constexpr int16_t second_produce = 12, second_end = 5;

/// Sends until the end of the transaction before is whole: Kafka answers EndTxn earlier. Java's producer and librdkafka wait as long.
void insist(const char* what, const std::function<ErrorCode()>& send) {
    constexpr std::chrono::milliseconds retry_interval(20);
    constexpr int most_tries = 1000;
    ErrorCode error = send();
    for (int tries = 1; error == ErrorCode::concurrent_transactions && tries < most_tries; tries++) {
        std::this_thread::sleep_for(retry_interval);
        error = send();
    }
    check(error, what);
}

class TransactionalProducer {
public:
    TransactionalProducer(const std::string& bootstrap, const std::string& topic, int32_t partition,
                          const BatchKind& transaction, TransactionVersion version)
        : connection_(bootstrap), second_version_(version == TransactionVersion::second), topic_(topic),
          partition_(partition), producer_(new_producer(bootstrap, new_name())) {
        const std::string batch = make_batch(transaction, uint32_t(partition));
        produce_ = produce_request(topic, partition, batch, producer_.transactional_id, produce_version());
        batch_at_ = produce_.find(batch);
    }

    void transact(bool commit) {
        if (!second_version_) add_partition();
        sign(produce_, batch_at_, producer_);
        produce();
        end(commit);
    }

private:
    int16_t produce_version() const {
        return second_version_ ? second_produce : version_of<wire::produce::Request>;
    }
    int16_t end_version() const { return second_version_ ? second_end : version_of<wire::end_txn::Request>; }

    void add_partition() {
        wire::add_partitions_to_txn::Request request;
        request.v3_and_below_transactional_id = *producer_.transactional_id;
        request.v3_and_below_producer_id = producer_.id;
        request.v3_and_below_producer_epoch = producer_.epoch;
        request.v3_and_below_topics.push_back({topic_, {partition_}});
        insist("add a partition", [&] {
            const auto answer = ask(connection_, request);
            return answer.results_by_topic_v3_and_below.at(0).results_by_partition.at(0).partition_error_code;
        });
    }

    void produce() {
        insist("produce", [&] {
            connection_.send(produce_);
            const auto answer = decode<wire::produce::Request>(connection_.receive(), produce_version());
            return answer.responses.at(0).partition_responses.at(0).error_code;
        });
    }

    void end(bool commit) {
        wire::end_txn::Request request;
        request.transactional_id = *producer_.transactional_id;
        request.producer_id = producer_.id;
        request.producer_epoch = producer_.epoch;
        request.committed = commit;
        insist("end a transaction", [&] {
            const auto answer = ask(connection_, request, end_version());
            if (second_version_ && answer.error_code == ErrorCode::none)
                producer_ = {producer_.transactional_id, answer.producer_id, answer.producer_epoch};
            return answer.error_code;
        });
    }

    Connection connection_;
    bool second_version_;
    std::string topic_;
    int32_t partition_;
    Producer producer_;
    std::string produce_; ///< the request, and where its batch begins:
    size_t batch_at_;
};

} // namespace

double transactions_per_second(const std::string& bootstrap, int producers, const BatchKind& transaction,
                               TransactionVersion version, double duration) {
    const Topic topic(bootstrap, producers);
    std::deque<TransactionalProducer> all;
    for (int i = 0; i < producers; i++) all.emplace_back(bootstrap, topic.name(), i, transaction, version);
    const auto warm = Clock::now() + seconds(duration / 5), end = warm + seconds(duration);
    std::vector<std::future<int>> counts;
    for (TransactionalProducer& producer : all)
        counts.push_back(std::async(std::launch::async, [&] {
            for (int ended = 0;;) {
                producer.transact(true);
                const auto now = Clock::now();
                if (now >= end) return ended;
                if (now >= warm) ended++;
            }
        }));
    int ended = 0;
    for (auto& count : counts) ended += count.get();
    return ended / duration;
}

void fill_with_transactions(const std::string& bootstrap, const std::string& topic,
                            const BatchKind& transaction, size_t bytes) {
    constexpr size_t producers = 32, one_aborted_of = 10;
    const size_t of_each = bytes / transaction.payload_bytes() / producers + 1;
    std::deque<TransactionalProducer> all;
    for (size_t i = 0; i < producers; i++)
        all.emplace_back(bootstrap, topic, 0, transaction, TransactionVersion::first);
    std::vector<std::future<void>> ends;
    for (TransactionalProducer& producer : all)
        ends.push_back(std::async(std::launch::async, [&] {
            for (size_t i = 0; i < of_each; i++) producer.transact(i % one_aborted_of != 0);
        }));
    for (auto& end : ends) end.get();
}

} // namespace bench
