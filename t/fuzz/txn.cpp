// Transactions: the bytes are requests, time, failing turns and restarts. Whatever comes, each request is answered once, nobody
// gets an epoch above 32766, and what is in memory is what its rows say.
#include "targets.h"

#include "group/types.h"
#include "txn/transactions.h"

#include <optional>
#include <set>
#include <utility>

namespace fuzz {
namespace {

using namespace kafka;
using namespace kafka::txn;

/// The rest of the input; 0 at its end.
struct Bytes {
    std::string_view input;
    uint8_t take() {
        if (input.empty()) return 0;
        const auto byte = uint8_t(input.front());
        input.remove_prefix(1);
        return byte;
    }
    int32_t take32() {
        uint32_t value = 0;
        for (int i = 0; i < 4; i++) value = value << 8 | take();
        return int32_t(value);
    }
};

struct Rows {
    std::map<std::string, TransactionRow> transactions;
    std::map<PendingKey, PendingOffsetRow> offsets;
    bool operator==(const Rows&) const = default;
};

Rows rows_of(const Transactions& transactions) {
    Rows rows;
    transactions.each_row([&](const TransactionRow& row) { rows.transactions[row.transactional_id] = row; },
                          [&](const PendingOffsetRow& row) { rows.offsets[row.key] = row; });
    return rows;
}

class Machine {
public:
    explicit Machine(std::string_view input) : bytes_{input}, transactions_(Time()) {
        now_.ms = 1'700'000'000'000;
        topics_.by_name = [](wire::View name) -> std::optional<group::TopicInfo> {
            return name == "t" ? std::optional(group::TopicInfo{topic_id(), "t", 3}) : std::nullopt;
        };
        topics_.by_id = [](const wire::Uuid& id) -> std::optional<group::TopicInfo> {
            return id == topic_id() ? std::optional(group::TopicInfo{id, "t", 3}) : std::nullopt;
        };
        new_id_ = [this] { return ++last_id_; };
    }

    void run() {
        while (!bytes_.input.empty()) {
            step();
            must(rows_of(transactions_) == stored_, "memory is what the rows say");
            must(rows_of(replayed()) == stored_, "also when it is read from them");
        }
    }

private:
    static wire::Uuid topic_id() {
        wire::Uuid id{};
        id[0] = 7;
        return id;
    }

    /// As one request, or none, may name a producer: mostly as it is.
    struct Named {
        std::string id;
        int64_t producer_id;
        int16_t epoch;
    };
    Named named() {
        const uint8_t what = bytes_.take();
        const std::string id = what % 8 == 7 ? "" : std::string(1, char('a' + what % 3));
        const TransactionRow* row = transactions_.find(id);
        Named named{id, row ? row->producer_id : -1, row ? row->epoch : int16_t(-1)};
        if (what & 0x40) named.producer_id = int64_t(bytes_.take()) - 2;
        if (what & 0x80) named.epoch = int16_t(named.epoch + int8_t(bytes_.take()));
        return named;
    }

    void step() {
        switch (bytes_.take() % 12) {
        case 0:
            return init();
        case 1:
            return add_partitions();
        case 2:
            return add_offsets();
        case 3:
            return commit_offsets();
        case 4:
            return end();
        case 5:
            return write_markers();
        case 6:
            return write();
        case 7:
            return pass();
        case 8:
            return use_up();
        case 9:
            return restart();
        case 10:
            fails_ = true;
            return;
        default:
            turn([&](Turn& turn) {
                transactions_.offset_changed(turn, {"g", {topic_id(), bytes_.take() % 3}});
                if (bytes_.take() % 4 == 0) transactions_.group_deleted(turn, "g");
            });
        }
    }

    Effects turn(const std::function<void(Turn&)>& body) {
        Effects effects;
        Turn turn{now_, settings_, topics_, new_id_, effects};
        body(turn);
        for (const End& end : effects.ends) {
            must(end.epoch >= 0, "a marker has an epoch");
            must(end.committed || end.offsets.empty(), "an abort commits no offsets");
            for (const EndedPartition& p : end.partitions)
                must(p.id.topic_id == topic_id(), "a topic is there");
        }
        if (std::exchange(fails_, false)) {
            read_again(effects);
        } else {
            for (const auto& [id, row] : effects.transactions)
                row.removed ? void(stored_.transactions.erase(id)) : void(stored_.transactions[id] = row);
            for (const auto& [key, row] : effects.offsets)
                row.removed ? void(stored_.offsets.erase(key)) : void(stored_.offsets[key] = row);
        }
        transactions_.turn_over();
        for (const auto& [id, row] : stored_.transactions)
            must(row.epoch <= INT16_MAX - 1, "the largest epoch is for markers");
        return effects;
    }

    /// The turn has failed.
    void read_again(const Effects& effects) {
        std::set<std::string> ids;
        for (const auto& [id, row] : effects.transactions) ids.insert(id);
        for (const auto& [key, row] : effects.offsets) ids.insert(key.transactional_id);
        for (const std::string& id : ids) transactions_.drop(id);
        for (const std::string& id : ids)
            if (const auto at = stored_.transactions.find(id); at != stored_.transactions.end())
                transactions_.apply(at->second, now_);
        for (const auto& [key, row] : stored_.offsets)
            if (ids.contains(key.transactional_id)) transactions_.apply(row);
    }

    Transactions replayed() const {
        Transactions again(now_.time);
        for (const auto& [id, row] : stored_.transactions) again.apply(row, now_);
        for (const auto& [key, row] : stored_.offsets) again.apply(row);
        return again;
    }

    template <class Request>
    void ask(int16_t versions, void (Transactions::*handle)(Turn&, const Caller&, const Request&),
             const Request& request) {
        const Caller caller{1, {}, int16_t(bytes_.take() % versions)};
        const Effects effects = turn([&](Turn& turn) { (transactions_.*handle)(turn, caller, request); });
        must(effects.replies.size() == 1 && effects.replies[0].ticket == 1, "a request is answered once");
    }

    void init() {
        const Named p = named();
        const bool anew = bytes_.take() % 2;
        ask<wire::init_producer_id::Request>(
            6, &Transactions::init_producer_id,
            {p.id, bytes_.take32(), anew ? -1 : p.producer_id, anew ? int16_t(-1) : p.epoch});
    }

    void add_partitions() {
        const Named p = named();
        wire::add_partitions_to_txn::Request request;
        std::vector<int32_t> partitions;
        for (int i = bytes_.take() % 4; i > 0; i--) partitions.push_back(bytes_.take() % 5 - 1);
        request.v3_and_below_transactional_id = p.id;
        request.v3_and_below_producer_id = p.producer_id;
        request.v3_and_below_producer_epoch = p.epoch;
        request.v3_and_below_topics = {{"t", partitions}};
        const bool verify_only = bytes_.take() % 2;
        request.transactions.push_back({p.id, p.producer_id, p.epoch, verify_only, {{"t", partitions}}});
        ask(6, &Transactions::add_partitions, request);
    }

    void add_offsets() {
        const Named p = named();
        ask<wire::add_offsets_to_txn::Request>(5, &Transactions::add_offsets,
                                               {p.id, p.producer_id, p.epoch, "g"});
    }

    void commit_offsets() {
        const Named p = named();
        const ErrorCode group_says = bytes_.take() % 8 ? ErrorCode::none : ErrorCode::illegal_generation;
        const int32_t partition = bytes_.take() % 5 - 1;
        const wire::txn_offset_commit::Request request{
            p.id, "g", p.producer_id, p.epoch, -1, "", {}, {{"t", {{partition, bytes_.take32(), -1, ""}}}}};
        const Caller caller{1, {}, int16_t(bytes_.take() % 6)};
        const Effects effects = turn([&](Turn& turn) {
            transactions_.commit_offsets(turn, caller, request, [&] { return group_says; });
        });
        must(effects.replies.size() == 1, "a request is answered once");
    }

    void end() {
        const Named p = named();
        ask<wire::end_txn::Request>(6, &Transactions::end,
                                    {p.id, p.producer_id, p.epoch, bytes_.take() % 2 == 0});
    }

    void write_markers() {
        const Named p = named();
        const bool commit = bytes_.take() % 2;
        const int32_t partition = bytes_.take() % 5 - 1;
        ask<wire::write_txn_markers::Request>(
            3, &Transactions::write_markers,
            {{{p.producer_id, p.epoch, commit, {{"t", {partition}}}, 0, int8_t(bytes_.take() % 3)}}});
    }

    void write() {
        const Named p = named();
        const PartitionId partition{topic_id(), bytes_.take() % 3};
        const auto version = int16_t(bytes_.take() % 14);
        if (transactions_.may_append(p.id, p.producer_id, p.epoch, partition, version) != ErrorCode::none)
            return;
        const int64_t offset = next_offset_++;
        const bool fails = fails_;
        turn([&](Turn& turn) { transactions_.appended(turn, p.producer_id, {{partition, offset}}); });
        const auto open = transactions_.first_open_offset(partition);
        must(fails || (open && *open <= offset), "the last stable offset is not above what is open");
    }

    void pass() {
        const auto time = group::milliseconds(bytes_.take() * 1'000);
        now_.time += time;
        now_.ms += time.count();
        for (const std::string& id : transactions_.due(now_.time, 2))
            turn([&](Turn& turn) { transactions_.time_out(turn, id); });
        turn([&](Turn& turn) { transactions_.tick(turn); });
    }

    /// Its epochs come to their end.
    void use_up() {
        const auto at = stored_.transactions.find(named().id);
        if (at == stored_.transactions.end()) return;
        at->second.epoch = int16_t(INT16_MAX - 1 - bytes_.take() % 3);
        restart();
    }

    void restart() { transactions_ = replayed(); }

    Bytes bytes_;
    Transactions transactions_;
    Settings settings_;
    group::TopicLookup topics_;
    std::function<int64_t()> new_id_;
    Now now_;
    Rows stored_;
    int64_t last_id_ = 0, next_offset_ = 0;
    bool fails_ = false; ///< the next turn does
};

} // namespace

void txn(std::string_view input) { Machine(input).run(); }

} // namespace fuzz
