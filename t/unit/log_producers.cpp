// What is known of idempotent producers, and what they may append.
#include "log/producers.h"
#include "record/batch.h"
#include "test.h"

#include <algorithm>
#include <random>

using namespace kafka;
using log::Producers, log::Sequence;
using wire::ErrorCode;

namespace {

constexpr int64_t now = 1'000'000;

Sequence batch(int64_t id, int epoch, int32_t first, int32_t records = 1) {
    record::BatchHeader header;
    header.producer_id = id;
    header.producer_epoch = int16_t(epoch);
    header.base_sequence = first;
    header.last_offset_delta = records - 1;
    return log::sequence_of(header);
}

/// Appends to a log: "repeats" the offset of a duplicate, an error, or the offset that it got.
struct Log {
    Producers producers;
    int64_t end = 0;

    std::string send(const Sequence& sequence) {
        if (const auto* before = producers.find_duplicate(sequence))
            return "repeats " + std::to_string(before->base_offset);
        if (const ErrorCode error = producers.check(sequence); error != ErrorCode::none)
            return std::string(wire::name(error));
        const int64_t base = end;
        producers.append(sequence, base, 10 * base, now + base);
        end += ((sequence.last - int64_t(sequence.first)) & INT32_MAX) + 1;
        return std::to_string(base);
    }
};

const std::string out_of_order = "OUT_OF_ORDER_SEQUENCE_NUMBER", fenced = "INVALID_PRODUCER_EPOCH";

} // namespace

TEST("a batch without producer id has no sequence") {
    CHECK(!log::sequence_of(record::BatchHeader()).exists());
    CHECK(batch(0, 0, 0).exists());
}

TEST("each batch of a producer goes on where the one before it ended") {
    Log log;
    CHECK_EQ(log.send(batch(7, 0, 0, 3)), "0");
    CHECK_EQ(log.send(batch(7, 0, 4)), out_of_order);
    CHECK_EQ(log.send(batch(7, 0, 2)), out_of_order);
    CHECK_EQ(log.send(batch(7, 0, 3)), "3");
    CHECK_EQ(log.send(batch(8, 0, 0)), "4"); // each producer on its own
    CHECK_EQ(log.send(batch(7, 0, 4)), "5");
    CHECK_EQ(log.end, 6);
}

TEST("a producer that is not known begins with any sequence") {
    Log log;
    CHECK_EQ(log.send(batch(7, 3, 41, 2)), "0");
    CHECK_EQ(log.send(batch(7, 3, 43)), "2");
}

TEST("a producer with an epoch for each transaction begins with sequence 0") {
    const Producers producers;
    CHECK_EQ(producers.check(batch(7, 0, 3), true), ErrorCode::out_of_order_sequence_number);
    CHECK_EQ(producers.check(batch(7, 0, 0), true), ErrorCode::none);
    CHECK_EQ(producers.check(batch(7, 0, 3)), ErrorCode::none);
}

TEST("any of the last five batches may be repeated, and has its offset still") {
    Log log;
    for (int i = 0; i < 7; i++) CHECK_EQ(log.send(batch(7, 0, 2 * i, 2)), std::to_string(2 * i));
    for (int i = 2; i < 7; i++) CHECK_EQ(log.send(batch(7, 0, 2 * i, 2)), "repeats " + std::to_string(2 * i));
    CHECK_EQ(log.send(batch(7, 0, 2, 2)), out_of_order);  // too long ago
    CHECK_EQ(log.send(batch(7, 0, 12, 1)), out_of_order); // a part of a batch is none of them
    CHECK_EQ(log.send(batch(7, 0, 10, 4)), out_of_order); // nor are two
    CHECK_EQ(log.send(batch(7, 1, 12, 2)), out_of_order); // nor one of another epoch
    const auto batches = log.producers.find(7)->batches();
    CHECK_EQ(batches.size(), size_t(5));
    CHECK_EQ(batches[0].base_offset, 4);
    CHECK_EQ(batches[4].timestamp, 120);
    CHECK_EQ(log.producers.find(7)->appended_ms, now + 12);
}

TEST("an epoch begins with 0 and ends the one before it") {
    Log log;
    log.send(batch(7, 0, 0));
    log.send(batch(7, 0, 1));
    CHECK_EQ(log.send(batch(7, 1, 2)), out_of_order);
    CHECK_EQ(log.send(batch(7, 1, 0)), "2");
    CHECK_EQ(log.send(batch(7, 0, 2)), fenced);
    CHECK_EQ(log.send(batch(7, 0, 1)), fenced); // also what is in the log
    CHECK_EQ(log.send(batch(7, 1, 0)), "repeats 2");
    CHECK_EQ(log.send(batch(7, 1, 1)), "3");
    CHECK_EQ(log.send(batch(7, 5, 0)), "4");
    CHECK_EQ(log.producers.find(7)->batches().size(), size_t(1));
}

TEST("sequences wrap, also within a batch") {
    Log log;
    log.send(batch(7, 0, INT32_MAX - 1, 1));
    CHECK_EQ(log.send(batch(7, 0, INT32_MAX, 1)), "1");
    CHECK_EQ(log.send(batch(7, 0, INT32_MAX, 1)), "repeats 1");
    CHECK_EQ(log.send(batch(7, 0, 0, 1)), "2");
    Log straddling;
    straddling.send(batch(7, 0, INT32_MAX - 1, 4));
    CHECK_EQ(straddling.producers.find(7)->batches()[0].last_sequence, 1);
    CHECK_EQ(straddling.send(batch(7, 0, 3)), out_of_order);
    CHECK_EQ(straddling.send(batch(7, 0, 2)), "4");
    CHECK_EQ(straddling.send(batch(7, 0, INT32_MAX - 1, 4)), "repeats 0");
}

TEST("a marker ends what its producer has sent in an earlier epoch") {
    Log log;
    log.send(batch(7, 0, 0, 2));
    log.producers.end_transaction(7, 0, 0, 50, now + 5);
    CHECK_EQ(log.send(batch(7, 0, 2)), "2"); // in the same epoch sequences go on
    log.producers.end_transaction(7, 1, 0, 60, now + 6);
    CHECK(log.producers.find(7)->batches().empty());
    CHECK_EQ(log.producers.find(7)->timestamp, 60);
    CHECK_EQ(log.producers.find(7)->appended_ms, now + 6);
    CHECK_EQ(log.producers.find(7)->coordinator_epoch, 0);
    CHECK_EQ(log.send(batch(7, 0, 3)), fenced);
    CHECK_EQ(log.send(batch(7, 1, 3)), out_of_order);
    CHECK_EQ(log.send(batch(7, 1, 0)), "3");
    log.producers.end_transaction(8, 4, 0, 70, now + 7); // of a producer that has written nothing
    CHECK_EQ(log.send(batch(8, 3, 0)), fenced);
    CHECK_EQ(log.send(batch(8, 4, 1)), out_of_order);
    CHECK_EQ(log.send(batch(8, 4, 0)), "4");
}

TEST("silent producers are forgotten, and are then to be removed from where they are stored") {
    Log log;
    log.send(batch(1, 0, 0));
    log.send(batch(2, 0, 0));
    log.producers.stored();
    CHECK(log.producers.changed().empty());
    log.producers.expire(now + 2, [](int64_t id) { return id == 2; });
    CHECK(!log.producers.find(1));
    CHECK(log.producers.find(2) != nullptr);
    CHECK_EQ(log.producers.changed().size(), size_t(1));
    CHECK(log.producers.changed().contains(1));
    CHECK_EQ(log.send(batch(1, 0, 9)), "2"); // as a new one
}

TEST("taken back, an append has not been") {
    Log log;
    log.send(batch(1, 0, 0));
    const log::Producer before = *log.producers.find(1);
    log.send(batch(1, 0, 1));
    log.send(batch(2, 0, 0));
    log.producers.restore(2, std::nullopt);
    log.producers.restore(1, before);
    CHECK(*log.producers.find(1) == before);
    CHECK(!log.producers.find(2));
}

TEST("random histories: each record is in the log once and in order, however often batches are sent") {
    std::mt19937 random(1);
    for (int round = 0; round < 200; round++) {
        Log log;
        std::vector<Sequence> sent; // batches of one client, of which the last five may be under way again
        std::vector<int64_t> offsets;
        int epoch = 0;
        int32_t next = int32_t(random() % 3 == 0 ? INT32_MAX - random() % 20 : 0);
        for (int step = 0; step < 60; step++) {
            const size_t back = random() % 8;
            if (back < std::min<size_t>(sent.size(), log::Producer::max_batches)) {
                const size_t i = sent.size() - 1 - back;
                CHECK_EQ(log.send(sent[i]), "repeats " + std::to_string(offsets[i]));
            } else if (random() % 10 == 0) {
                CHECK_EQ(log.send(batch(7, epoch, int32_t((int64_t(next) + 1 + random() % 5) & INT32_MAX))),
                         sent.empty() && epoch == 0 ? std::to_string(log.end - 1) : out_of_order);
                if (sent.empty() && epoch == 0) break;
            } else if (random() % 20 == 0 && !sent.empty()) {
                epoch++;
                next = 0;
                sent.clear();
                offsets.clear();
            } else {
                const int32_t records = 1 + int32_t(random() % 10);
                offsets.push_back(log.end);
                sent.push_back(batch(7, epoch, next, records));
                CHECK_EQ(log.send(sent.back()), std::to_string(offsets.back()));
                next = int32_t((int64_t(next) + records) & INT32_MAX);
            }
        }
    }
}
