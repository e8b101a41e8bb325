// Measures any Kafka broker with librdkafka: bench BOOTSTRAP [SECONDS]. Prints one figure per line: name,
// value, unit. Each figure has its own topic and a warm-up that does not count.
#include <librdkafka/rdkafkacpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr size_t record_bytes = 1024;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<RdKafka::Conf> conf(const std::string& bootstrap, const Settings& settings) {
    std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
    std::string error;
    Settings all = settings;
    all.emplace_back("bootstrap.servers", bootstrap);
    for (const auto& [name, value] : all)
        if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
    return conf;
}

/// Counts delivered records and fails on any that is not.
struct Deliveries : RdKafka::DeliveryReportCb {
    long delivered = 0;
    void dr_cb(RdKafka::Message& message) override {
        if (message.err()) throw std::runtime_error("not delivered: " + message.errstr());
        delivered++;
    }
};

class Producer {
public:
    Producer(const std::string& bootstrap, Settings settings) {
        auto configured = conf(bootstrap, settings);
        std::string error;
        configured->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&deliveries_), error);
        producer_.reset(RdKafka::Producer::create(configured.get(), error));
        if (!producer_) throw std::runtime_error(error);
    }
    ~Producer() { producer_.reset(); }

    void send(const std::string& topic, const std::string& value) {
        for (;;) {
            const auto error =
                producer_->produce(topic, 0, RdKafka::Producer::RK_MSG_COPY, const_cast<char*>(value.data()),
                                   value.size(), nullptr, 0, 0, nullptr);
            if (error == RdKafka::ERR_NO_ERROR) return;
            if (error != RdKafka::ERR__QUEUE_FULL) throw std::runtime_error(RdKafka::err2str(error));
            producer_->poll(10);
        }
    }
    void flush() {
        while (producer_->outq_len() > 0) producer_->poll(10);
    }
    void poll() { producer_->poll(0); }
    long delivered() const { return deliveries_.delivered; }

private:
    Deliveries deliveries_;
    std::unique_ptr<RdKafka::Producer> producer_;
};

void print(const std::string& name, double value, const char* unit) {
    std::printf("%-32s %10.2f %s\n", name.c_str(), value, unit);
}

/// Produces for some seconds as fast as it goes; returns the number of records.
long produce_stream(const std::string& bootstrap, const std::string& topic, double seconds,
                    const Settings& settings) {
    Producer producer(bootstrap, settings);
    const std::string value(record_bytes, 'x');
    const auto until = [&](double limit) {
        const auto start = Clock::now();
        const long before = producer.delivered();
        while (seconds_since(start) < limit) {
            for (int i = 0; i < 100; i++) producer.send(topic, value);
            producer.poll();
        }
        producer.flush();
        return double(producer.delivered() - before) / seconds_since(start);
    };
    until(1);
    const double rate = until(seconds);
    print(topic + " (1 KiB)", rate * record_bytes / 1e6, "MB/s");
    return producer.delivered();
}

/// One record at a time, each waiting for its acknowledgement.
void produce_one_by_one(const std::string& bootstrap, const std::string& topic, double seconds) {
    Producer producer(bootstrap, {{"linger.ms", "0"}, {"acks", "all"}});
    const std::string value(100, 'x');
    std::vector<double> times;
    const auto start = Clock::now();
    while (seconds_since(start) < seconds + 1) {
        const auto sent = Clock::now();
        producer.send(topic, value);
        producer.flush();
        if (seconds_since(start) > 1) times.push_back(seconds_since(sent) * 1000);
    }
    std::sort(times.begin(), times.end());
    print(topic + " p50", times[times.size() / 2], "ms");
    print(topic + " p99", times[times.size() * 99 / 100], "ms");
}

/// Reads a topic from its start to its end.
void consume(const std::string& bootstrap, const std::string& topic, long records) {
    std::string error;
    auto configured = conf(
        bootstrap,
        {{"group.id", "bench"}, {"enable.auto.commit", "false"}, {"fetch.message.max.bytes", "4194304"}});
    std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(configured.get(), error));
    std::unique_ptr<RdKafka::TopicPartition> start(RdKafka::TopicPartition::create(topic, 0, 0));
    consumer->assign({start.get()});
    long read = 0;
    size_t bytes = 0;
    const auto began = Clock::now();
    while (read < records) {
        std::unique_ptr<RdKafka::Message> message(consumer->consume(10000));
        if (message->err()) throw std::runtime_error("consume: " + message->errstr());
        bytes += message->len();
        read++;
    }
    print("consume " + topic + " (1 KiB)", double(bytes) / 1e6 / seconds_since(began), "MB/s");
    consumer->close();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: bench BOOTSTRAP [SECONDS]\n"), 2;
    const std::string bootstrap = argv[1];
    const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
    const std::string run =
        "bench-" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count() / 1000000);
    try {
        const Settings batches = {
            {"linger.ms", "5"}, {"batch.size", "1000000"}, {"queue.buffering.max.messages", "200000"}};
        const long records = produce_stream(bootstrap, run + "-batches", seconds, batches);
        consume(bootstrap, run + "-batches", records);
        Settings compressed = batches;
        compressed.emplace_back("compression.codec", "lz4");
        produce_stream(bootstrap, run + "-lz4", seconds, compressed);
        produce_one_by_one(bootstrap, run + "-one-by-one", seconds);
    } catch (const std::exception& e) {
        return std::fprintf(stderr, "bench: %s\n", e.what()), 1;
    }
    return 0;
}
