#include "txn_world.h"

#include <algorithm>
#include <set>

namespace txn_test {

std::string shown(const Entry& entry) {
    if (!entry.marker) return entry.value;
    return (entry.commit ? "commit " : "abort ") + std::to_string(entry.producer_id) + "/" +
           std::to_string(entry.epoch);
}

Tables tables_of(const Transactions& transactions) {
    Tables tables;
    transactions.each_row([&](const TransactionRow& row) { tables.transactions[row.transactional_id] = row; },
                          [&](const PendingOffsetRow& row) { tables.offsets[row.key] = row; });
    return tables;
}

World::World() : transactions(Time()), follower_(Time()) {
    now.ms = 1'700'000'000'000;
    for (const char* name : {"events", "orders"}) {
        wire::Uuid id{};
        id[15] = uint8_t(topics.size() + 1);
        topics[name] = {id, name, 4};
    }
}

group::TopicLookup World::lookup() const {
    group::TopicLookup lookup;
    lookup.by_name = [this](wire::View name) -> std::optional<group::TopicInfo> {
        const auto at = topics.find(std::string(name));
        if (at == topics.end()) return std::nullopt;
        return group::TopicInfo{at->second.id, at->first, at->second.partitions};
    };
    lookup.by_id = [this](const wire::Uuid& id) -> std::optional<group::TopicInfo> {
        for (const auto& [name, topic] : topics)
            if (topic.id == id) return group::TopicInfo{id, name, topic.partitions};
        return std::nullopt;
    };
    return lookup;
}

Effects World::turn(const std::function<void(Turn&)>& body) {
    const group::TopicLookup topics = lookup();
    const std::function<int64_t()> new_id = [this] { return ++last_producer_id; };
    Effects effects;
    Turn turn{now, settings, topics, new_id, effects};
    body(turn);
    for (const End& end : effects.ends) take(end);
    if (in_turn()) {
        Effects rows = effects;
        rows.replies.clear();
        under_way_->effects.append(std::move(rows));
        return effects;
    }
    write(effects);
    transactions.turn_over();
    follower_.turn_over();
    return effects;
}

void World::write(const Effects& effects) {
    for (const auto& [id, row] : effects.transactions) {
        CHECK_EQ(row.transactional_id, id);
        if (row.removed)
            tables.transactions.erase(id);
        else
            tables.transactions[id] = row;
        follower_.apply(row, now);
    }
    for (const auto& [key, row] : effects.offsets) {
        CHECK(row.key == key);
        if (row.removed)
            tables.offsets.erase(key);
        else
            tables.offsets[key] = row;
        follower_.apply(row);
    }
}

void World::begin_turn() {
    UnderWay turn{{}, logs, aborted, offsets, ends.size(), {}};
    for (const auto& [name, topic] : topics)
        for (int32_t index = 0; index < topic.partitions; index++)
            turn.stable[{topic.id, index}] = last_stable_offset({topic.id, index});
    under_way_ = std::move(turn);
}

void World::turn_over(bool committed) {
    check_readers();
    if (committed) {
        write(under_way_->effects);
    } else {
        logs = under_way_->logs;
        aborted = under_way_->aborted;
        offsets = under_way_->offsets;
        ends.resize(under_way_->ends);
        read_again(under_way_->effects);
    }
    transactions.turn_over();
    follower_.turn_over();
    under_way_.reset();
}

/// As the coordinator does it: readers may come in between.
void World::read_again(const Effects& touched) {
    std::set<std::string> ids;
    for (const auto& [id, row] : touched.transactions) ids.insert(id);
    for (const auto& [key, row] : touched.offsets) ids.insert(key.transactional_id);
    for (const std::string& id : ids) transactions.drop(id);
    check_readers();
    for (const std::string& id : ids) {
        const auto row = tables.transactions.find(id);
        if (row != tables.transactions.end()) transactions.apply(row->second, now);
    }
    for (const auto& [key, row] : tables.offsets)
        if (ids.contains(key.transactional_id)) transactions.apply(row);
}

void World::take(const End& end) {
    CHECK(std::is_sorted(end.partitions.begin(), end.partitions.end(),
                         [](const auto& a, const auto& b) { return a.id < b.id; }));
    for (const EndedPartition& partition : end.partitions) {
        auto& log = logs[partition.id];
        if (!end.committed && partition.first_offset != no_offset)
            aborted[partition.id].push_back({end.producer_id, partition.first_offset, int64_t(log.size())});
        log.push_back({end.producer_id, end.epoch, true, end.committed, ""});
    }
    CHECK(end.committed || end.offsets.empty());
    for (const group::OffsetRow& row : end.offsets)
        offsets[{row.group_id, {row.topic_id, row.partition}}] = row.offset;
    ends.push_back(end);
}

void World::pass(int64_t ms) {
    const Time end = now.time + group::milliseconds(ms);
    const auto go_to = [&](Time time) {
        now.ms += std::chrono::duration_cast<group::milliseconds>(time - now.time).count();
        now.time = time;
    };
    for (int rounds = 0; rounds < 100'000; rounds++) {
        const Time next = transactions.next_deadline();
        if (next > end) return go_to(end);
        go_to(std::max(next, now.time));
        for (const std::string& id : transactions.due(now.time, 10))
            turn([&](Turn& turn) { transactions.time_out(turn, id); });
        turn([&](Turn& turn) { transactions.tick(turn); });
    }
    test::fail(__FILE__, __LINE__, "there is always something due");
}

void World::restart() {
    if (in_turn()) turn_over(false);
    transactions = Transactions(now.time);
    follower_ = Transactions(now.time);
    for (Transactions* each : {&transactions, &follower_}) {
        for (const auto& [id, row] : tables.transactions) each->apply(row, now);
        for (const auto& [key, row] : tables.offsets) each->apply(row);
    }
}

void World::set_epoch(Producer& producer, int16_t epoch) {
    tables.transactions.at(producer.id).epoch = producer.epoch = epoch;
    restart();
}

wire::init_producer_id::Response World::init(const wire::init_producer_id::Request& request,
                                             int16_t version) {
    return ask<wire::init_producer_id::Response>(version, [&](Turn& turn, const Caller& caller) {
        transactions.init_producer_id(turn, caller, request);
    });
}

Producer World::init(const std::string& id, int32_t timeout_ms) {
    const auto response = init({id, timeout_ms, -1, -1}, 5);
    CHECK_EQ(response.error_code, ErrorCode::none);
    return {id, response.producer_id, response.producer_epoch};
}

ErrorCode World::recover(Producer& producer, int16_t version) {
    const auto response = init({producer.id, 60'000, producer.producer_id, producer.epoch}, version);
    if (response.error_code == ErrorCode::none)
        producer = {producer.id, response.producer_id, response.producer_epoch};
    return response.error_code;
}

wire::add_partitions_to_txn::Response World::add(const wire::add_partitions_to_txn::Request& request,
                                                 int16_t version) {
    return ask<wire::add_partitions_to_txn::Response>(version, [&](Turn& turn, const Caller& caller) {
        transactions.add_partitions(turn, caller, request);
    });
}

ErrorCode World::add(const Producer& producer, const std::string& topic, int32_t partition, int16_t version) {
    const auto response =
        add({{}, producer.id, producer.producer_id, producer.epoch, {{topic, {partition}}}}, version);
    return response.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
}

ErrorCode World::produce(const Producer& producer, const std::string& topic, int32_t index,
                         const std::string& value, int16_t version) {
    const PartitionId id = partition(topic, index);
    const ErrorCode error =
        transactions.may_append(producer.id, producer.producer_id, producer.epoch, id, version);
    if (error != ErrorCode::none) return error;
    auto& log = logs[id];
    turn([&](Turn& turn) { transactions.appended(turn, producer.producer_id, {{id, int64_t(log.size())}}); });
    log.push_back({producer.producer_id, producer.epoch, false, false, value});
    return ErrorCode::none;
}

ErrorCode World::add_offsets(const Producer& producer, const std::string& group, int16_t version) {
    const wire::add_offsets_to_txn::Request request{producer.id, producer.producer_id, producer.epoch, group};
    return ask<wire::add_offsets_to_txn::Response>(
               version,
               [&](Turn& turn, const Caller& caller) { transactions.add_offsets(turn, caller, request); })
        .error_code;
}

wire::txn_offset_commit::Response World::commit(const wire::txn_offset_commit::Request& request,
                                                int16_t version) {
    return ask<wire::txn_offset_commit::Response>(version, [&](Turn& turn, const Caller& caller) {
        transactions.commit_offsets(turn, caller, request, [this] { return group_says; });
    });
}

ErrorCode World::commit(const Producer& producer, const std::string& topic, int32_t partition, int64_t offset,
                        int16_t version, const std::string& group) {
    const auto response = commit({producer.id,
                                  group,
                                  producer.producer_id,
                                  producer.epoch,
                                  -1,
                                  "",
                                  {},
                                  {{topic, {{partition, offset, -1, ""}}}}},
                                 version);
    return response.topics[0].partitions[0].error_code;
}

wire::end_txn::Response World::end(const Producer& producer, bool commit, int16_t version) {
    return ask<wire::end_txn::Response>(version, [&](Turn& turn, const Caller& caller) {
        transactions.end(turn, caller, {producer.id, producer.producer_id, producer.epoch, commit});
    });
}

ErrorCode World::end(Producer& producer, bool commit) {
    const auto response = end(producer, commit, 5);
    if (response.error_code == ErrorCode::none)
        producer = {producer.id, response.producer_id, response.producer_epoch};
    return response.error_code;
}

wire::write_txn_markers::Response World::write_markers(const wire::write_txn_markers::Request& request,
                                                       int16_t version) {
    return ask<wire::write_txn_markers::Response>(version, [&](Turn& turn, const Caller& caller) {
        transactions.write_markers(turn, caller, request);
    });
}

void World::commit_plainly(const std::string& topic, int32_t index, int64_t offset,
                           const std::string& group) {
    offsets[key(topic, index, group)] = offset;
    turn([&](Turn& turn) { transactions.offset_changed(turn, key(topic, index, group)); });
}

void World::delete_topic(const std::string& topic) {
    const wire::Uuid id = topics.at(topic).id;
    topics.erase(topic);
    std::erase_if(logs, [&](const auto& entry) { return entry.first.topic_id == id; });
    std::erase_if(aborted, [&](const auto& entry) { return entry.first.topic_id == id; });
    turn([&](Turn& turn) { transactions.topic_deleted(turn, id); });
}

PartitionId World::partition(const std::string& topic, int32_t index) const {
    return {topics.at(topic).id, index};
}

std::vector<std::string> World::log(const std::string& topic, int32_t index) const {
    std::vector<std::string> all;
    const auto at = logs.find(partition(topic, index));
    if (at == logs.end()) return all;
    for (const Entry& entry : at->second) all.push_back(shown(entry));
    return all;
}

const std::vector<Entry>& World::durable_log(const PartitionId& id) const {
    static const std::vector<Entry> empty;
    const auto& durable = in_turn() ? under_way_->logs : logs;
    const auto at = durable.find(id);
    return at == durable.end() ? empty : at->second;
}

int64_t World::last_stable_offset(const PartitionId& id) const {
    const auto high_watermark = int64_t(durable_log(id).size());
    return std::min(transactions.first_open_offset(id).value_or(high_watermark), high_watermark);
}

/// As consumers do it: with the list of what was aborted.
std::vector<std::string> World::read(const std::string& topic, int32_t index) const {
    const PartitionId id = partition(topic, index);
    const auto& log = durable_log(id);
    const int64_t end = last_stable_offset(id);
    std::vector<bool> hidden(size_t(end), false);
    if (const auto at = aborted.find(id); at != aborted.end())
        for (const Aborted& a : at->second)
            for (int64_t offset = a.first_offset; offset < std::min(a.marker, end); offset++)
                if (log[size_t(offset)].producer_id == a.producer_id) hidden[size_t(offset)] = true;
    std::vector<std::string> all;
    for (size_t offset = 0; offset < size_t(end); offset++)
        if (!log[offset].marker && !hidden[offset]) all.push_back(log[offset].value);
    return all;
}

std::vector<std::string> World::read_all(const std::string& topic, int32_t index) const {
    std::vector<std::string> all;
    for (const Entry& entry : durable_log(partition(topic, index)))
        if (!entry.marker) all.push_back(entry.value);
    return all;
}

int64_t World::committed(const std::string& topic, int32_t index, const std::string& group) const {
    const auto at = offsets.find(key(topic, index, group));
    return at == offsets.end() ? -1 : at->second;
}

const TransactionRow& World::row(const std::string& id) const {
    static const TransactionRow none;
    const TransactionRow* row = transactions.find(id);
    if (!row) test::fail(__FILE__, __LINE__, "there is no " + id);
    return row ? *row : none;
}

void World::check_same(const Transactions& other) const {
    CHECK(tables_of(other) == tables);
    CHECK_EQ(other.size(), transactions.size());
    for (const auto& [id, log] : logs)
        CHECK(other.first_open_offset(id) == transactions.first_open_offset(id));
    for (const auto& [key, row] : tables.offsets) CHECK(other.has_pending_offset(key.offset));
    for (const auto& [key, offset] : offsets)
        CHECK_EQ(other.has_pending_offset(key), transactions.has_pending_offset(key));
    const auto far = now.time + std::chrono::hours(1);
    for (const Time time : {now.time, now.time + group::milliseconds(1'000), far})
        CHECK(other.due(time, 1'000) == transactions.due(time, 1'000));
}

/// Whatever the turn has done, and if it fails, they are where they were.
void World::check_readers() const {
    for (const auto& [id, offset] : under_way_->stable) CHECK_EQ(last_stable_offset(id), offset);
}

void World::check_stored() {
    if (in_turn()) return check_readers();
    CHECK(tables_of(transactions) == tables);
    check_same(follower_);
    Transactions again(now.time);
    for (const auto& [id, row] : tables.transactions) again.apply(row, now);
    for (const auto& [key, row] : tables.offsets) again.apply(row);
    check_same(again);
    for (const auto& [id, log] : logs) {
        std::map<int64_t, int64_t> open; // first offsets by producer ids
        for (size_t i = 0; i < log.size(); i++)
            if (log[i].marker)
                open.erase(log[i].producer_id);
            else
                open.try_emplace(log[i].producer_id, int64_t(i));
        std::optional<int64_t> first;
        for (const auto& [producer_id, offset] : open) {
            CHECK_EQ(transactions.open_since(producer_id, id), offset);
            first = std::min(first.value_or(offset), offset);
        }
        CHECK(transactions.first_open_offset(id) == first);
    }
}

} // namespace txn_test
