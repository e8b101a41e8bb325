// Clients of librdkafka that write, or copy, every record exactly once, for tests that kill brokers and clients meanwhile.
//
//     exactly_once produce ADDRESS TOPIC PARTITIONS
//     exactly_once copy ADDRESS FROM TO GROUP TRANSACTIONAL_ID [setting=value ...]
//
// "produce" writes the numbers 0, 1, 2, ... to each partition until SIGTERM, and ends when all are delivered. It prints a line
// "partition number offset" for each that is. "copy" reads FROM as a member of GROUP and writes the same to the same partitions of
// TO, in transactions that also say how far it has read; the settings are those of its consumer. It prints "committed count",
// or "aborted reason"; it also aborts some on purpose. Both go on for as long as librdkafka says that it may help; else they end
// with 1 and the reason.
#include <librdkafka/rdkafkacpp.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using Settings = std::vector<std::string>; ///< "name=value"

constexpr int patience_ms = 10000; ///< of one attempt; all are repeated

volatile std::sig_atomic_t terminated = 0;
const pid_t parent = getppid();

/// On SIGTERM, or if whoever has started us is gone.
bool stopping() { return terminated || getppid() != parent; }

/// Ends the program.
[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// One line, at once: whoever reads it may kill us for it.
template <typename... Values> void say(const char* format, Values... values) {
    std::printf(format, values...);
    std::fflush(stdout);
}

std::unique_ptr<RdKafka::Conf> configuration(const std::string& address, const Settings& settings) {
    std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    const auto set = [&](const std::string& name, const std::string& value) {
        if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) fail(error);
    };
    set("bootstrap.servers", address);
    set("reconnect.backoff.max.ms", "200");
    set("log_level", "2"); // whoever kills brokers knows
    for (const std::string& setting : settings) {
        const size_t at = setting.find('=');
        set(setting.substr(0, at), setting.substr(at + 1));
    }
    return conf;
}

/// Fails if a record is not delivered.
struct Deliveries : RdKafka::DeliveryReportCb {
    std::string failure; ///< no exception may pass through librdkafka
    void dr_cb(RdKafka::Message& message) override {
        if (message.err())
            failure = "not delivered: " + message.errstr();
        else
            say("%d %.*s %lld\n", message.partition(), int(message.len()),
                static_cast<const char*>(message.payload()), static_cast<long long>(message.offset()));
    }
};

RdKafka::ErrorCode write(RdKafka::Producer& producer, const std::string& topic, int32_t partition,
                         const std::string& value) {
    for (;;) {
        const auto result =
            producer.produce(topic, partition, RdKafka::Producer::RK_MSG_COPY,
                             const_cast<char*>(value.data()), value.size(), nullptr, 0, 0, nullptr);
        if (result != RdKafka::ERR__QUEUE_FULL) return result;
        producer.poll(10);
    }
}

/// Bursts of several small batches for each partition, so that there is always something on its way.
void produce(const std::string& address, const std::string& topic, int partitions) {
    constexpr int burst = 10;
    constexpr std::chrono::milliseconds pace(80);
    Deliveries deliveries;
    std::string error;
    const auto conf = configuration(address, {"enable.idempotence=true", "enable.gapless.guarantee=true",
                                              "message.timeout.ms=0", "batch.num.messages=2", "linger.ms=1"});
    conf->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&deliveries), error);
    const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
    if (!producer) fail(error);
    const auto look = [&](int wait_ms) {
        producer->poll(wait_ms);
        std::string reason;
        if (producer->fatal_error(reason) != RdKafka::ERR_NO_ERROR) fail("fatal: " + reason);
        if (!deliveries.failure.empty()) fail(deliveries.failure);
    };
    for (int64_t number = 0; !stopping();) {
        for (const int64_t end = number + burst; number < end; number++)
            for (int partition = 0; partition < partitions; partition++)
                if (const auto error = write(*producer, topic, partition, std::to_string(number)))
                    fail("produce: " + RdKafka::err2str(error));
        const auto next = std::chrono::steady_clock::now() + pace;
        do look(10);
        while (std::chrono::steady_clock::now() < next || producer->outq_len() > 4 * burst * partitions);
    }
    while (producer->outq_len() > 0) look(100);
}

/// Its consumer, its producer, and what was read but not yet copied.
class Copier : RdKafka::RebalanceCb {
public:
    Copier(const std::string& address, const std::string& from, const std::string& to,
           const std::string& group, const std::string& id, Settings settings)
        : to_(to) {
        std::string error;
        const auto producing = configuration(address, {"transactional.id=" + id, "batch.num.messages=10"});
        producer_.reset(RdKafka::Producer::create(producing.get(), error));
        if (!producer_) fail(error);
        settings.insert(settings.begin(), {"group.id=" + group, "auto.offset.reset=earliest",
                                           "enable.auto.commit=false", "isolation.level=read_committed"});
        const auto consuming = configuration(address, settings);
        consuming->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), error);
        consumer_.reset(RdKafka::KafkaConsumer::create(consuming.get(), error));
        if (!consumer_) fail(error);
        if (!done([&] { return producer_->init_transactions(patience_ms); }))
            fail("no transactions: " + reason_);
        consumer_->subscribe({from});
    }

    void copy() {
        for (unsigned round = 1; !stopping(); round++) {
            read(1 + round * 37 % 150);
            if (batch_.empty()) continue;
            if (committed(round)) {
                say("committed %zu\n", batch_.size());
            } else {
                abort();
                say("aborted %s\n", reason_.c_str());
                read_again();
            }
            batch_.clear();
        }
        consumer_->close();
    }

private:
    void rebalance_cb(RdKafka::KafkaConsumer*, RdKafka::ErrorCode what,
                      std::vector<RdKafka::TopicPartition*>& partitions) override {
        batch_.clear(); // another member copies these, or we shall read them again
        if (what == RdKafka::ERR__ASSIGN_PARTITIONS)
            consumer_->assign(partitions);
        else
            consumer_->unassign();
    }

    /// As many records, or as many as there are.
    void read(size_t most) {
        while (batch_.size() < most && !stopping()) {
            std::unique_ptr<RdKafka::Message> message(consumer_->consume(batch_.empty() ? 100 : 5));
            if (message->err() == RdKafka::ERR__FATAL) fail("consume: " + message->errstr());
            if (message->err() == RdKafka::ERR__TIMED_OUT && !batch_.empty()) return;
            if (message->err() == RdKafka::ERR_NO_ERROR) batch_.push_back(std::move(message));
        }
    }

    /// The transaction of a batch. Each fourth is aborted, half of those with their offsets.
    bool committed(unsigned round) {
        if (!done([&] { return producer_->begin_transaction(); })) return false;
        std::map<int32_t, std::unique_ptr<RdKafka::TopicPartition>> read_to;
        for (const auto& message : batch_) {
            const std::string value(static_cast<const char*>(message->payload()), message->len());
            if (const auto error = write(*producer_, to_, message->partition(), value)) {
                reason_ = "produce: " + RdKafka::err2str(error);
                return false; // the transaction has failed meanwhile
            }
            read_to[message->partition()].reset(RdKafka::TopicPartition::create(
                message->topic_name(), message->partition(), message->offset() + 1));
        }
        producer_->poll(0);
        const bool aborting = round % 4 == 0;
        if (!aborting || round % 8 == 0) {
            std::vector<RdKafka::TopicPartition*> offsets;
            for (const auto& [partition, offset] : read_to) offsets.push_back(offset.get());
            const std::unique_ptr<RdKafka::ConsumerGroupMetadata> group(consumer_->groupMetadata());
            if (!done([&] {
                    return producer_->send_offsets_to_transaction(offsets, group.get(), patience_ms);
                }))
                return false;
        }
        if (aborting) {
            producer_->flush(patience_ms); // or the records would never leave
            reason_ = "on purpose";
            return false;
        }
        return done([&] { return producer_->commit_transaction(patience_ms); });
    }

    void abort() {
        const std::string reason = reason_;
        if (!done([&] { return producer_->abort_transaction(patience_ms); })) fail("abort: " + reason_);
        reason_ = reason;
    }

    /// From where the group has committed, where we were ahead of that.
    void read_again() {
        std::map<int32_t, std::unique_ptr<RdKafka::TopicPartition>> ahead;
        for (const auto& message : batch_)
            ahead[message->partition()].reset(
                RdKafka::TopicPartition::create(message->topic_name(), message->partition()));
        std::vector<RdKafka::TopicPartition*> partitions;
        for (const auto& [partition, committed] : ahead) partitions.push_back(committed.get());
        while (consumer_->committed(partitions, patience_ms) != RdKafka::ERR_NO_ERROR)
            if (stopping()) return;
        for (RdKafka::TopicPartition* partition : partitions) {
            if (partition->offset() < 0) partition->set_offset(RdKafka::Topic::OFFSET_BEGINNING);
            // Any other error means that it is not ours any more.
            while (consumer_->seek(*partition, patience_ms) == RdKafka::ERR__TIMED_OUT)
                if (stopping()) return;
        }
    }

    /// Repeats a step for as long as it may succeed. If not, its transaction is to be aborted.
    bool done(const auto& step) {
        for (;;) {
            const std::unique_ptr<RdKafka::Error> error(step());
            if (!error) return true;
            reason_ = error->name() + ": " + error->str();
            if (error->txn_requires_abort()) return false;
            if (!error->is_retriable()) fail(reason_);
        }
    }

    std::unique_ptr<RdKafka::Producer> producer_;
    std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
    std::string to_, reason_;
    std::vector<std::unique_ptr<RdKafka::Message>> batch_;
};

} // namespace

int main(int count, char** arguments) try {
    std::signal(SIGTERM, [](int) { terminated = 1; });
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() == 4 && words[0] == "produce")
        produce(words[1], words[2], std::atoi(words[3].c_str()));
    else if (words.size() >= 6 && words[0] == "copy")
        Copier(words[1], words[2], words[3], words[4], words[5], {words.begin() + 6, words.end()}).copy();
    else
        fail("see the first lines of exactly_once.cpp");
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
