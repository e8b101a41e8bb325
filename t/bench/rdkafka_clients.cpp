// See rdkafka_clients.h.
#include "rdkafka_clients.h"

#include "statistics.h"

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

constexpr size_t record_bytes = 1024;

using Settings = std::initializer_list<std::pair<const char*, std::string>>;

std::unique_ptr<RdKafka::Conf> configuration(const std::string& bootstrap, Settings settings) {
    std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    if (conf->set("bootstrap.servers", bootstrap, error) != RdKafka::Conf::CONF_OK)
        throw std::runtime_error(error);
    for (const auto& [name, value] : settings)
        if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    return conf;
}

/// Counts delivered records and fails on any that is not.
struct Deliveries : RdKafka::DeliveryReportCb {
    int64_t delivered = 0;
    RdKafka::ErrorCode failure = RdKafka::ERR_NO_ERROR; ///< no exception may pass through librdkafka
    void dr_cb(RdKafka::Message& message) override {
        if (message.err())
            failure = message.err();
        else
            delivered++;
    }
};

} // namespace

double rdkafka_produce(const std::string& bootstrap, const std::string& topic, double duration) {
    Deliveries deliveries;
    std::string error;
    const auto conf = configuration(bootstrap, {{"linger.ms", "5"}, {"acks", "all"}});
    conf->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&deliveries), error);
    const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
    if (!producer) throw std::runtime_error(error);
    std::string value(record_bytes, 'x');
    const auto send = [&] {
        for (;;) {
            const auto result = producer->produce(topic, 0, RdKafka::Producer::RK_MSG_COPY, value.data(),
                                                  value.size(), nullptr, 0, 0, nullptr);
            if (result == RdKafka::ERR_NO_ERROR) return;
            if (result != RdKafka::ERR__QUEUE_FULL) throw std::runtime_error(RdKafka::err2str(result));
            producer->poll(10);
        }
    };
    const auto rate = [&](double limit) {
        const int64_t before = deliveries.delivered;
        const auto begun = Clock::now(), end = begun + seconds(limit);
        while (Clock::now() < end) {
            for (int i = 0; i < 100; i++) send();
            producer->poll(0);
            if (deliveries.failure)
                throw std::runtime_error("not delivered: " + RdKafka::err2str(deliveries.failure));
        }
        return double(deliveries.delivered - before) / seconds_since(begun);
    };
    rate(duration / 5);
    const double records = rate(duration);
    producer->purge(RdKafka::Producer::PURGE_QUEUE);
    producer->flush(30000);
    if (records == 0) throw std::runtime_error("librdkafka: not one record was delivered in the time");
    return records * record_bytes / 1e6;
}

double rdkafka_consume(const std::string& bootstrap, const std::string& topic, int64_t records) {
    std::string error;
    const auto conf =
        configuration(bootstrap, {{"group.id", "pg_kafka-bench"}, {"enable.auto.commit", "false"}});
    const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
    if (!consumer) throw std::runtime_error(error);
    const std::unique_ptr<RdKafka::TopicPartition> start(RdKafka::TopicPartition::create(topic, 0, 0));
    consumer->assign({start.get()});
    size_t bytes = 0;
    Clock::time_point begun;
    for (int64_t read = 0; read < records; read++) {
        const std::unique_ptr<RdKafka::Message> message(consumer->consume(30000));
        if (message->err()) throw std::runtime_error("consume: " + message->errstr());
        if (read == 0)
            begun = Clock::now(); // connecting does not count
        else
            bytes += message->len();
    }
    const double rate = double(bytes) / 1e6 / seconds_since(begun);
    consumer->close();
    return rate;
}

} // namespace bench
