// DescribeTransactions and ListTransactions. The states between, in which Kafka waits for its partitions, are known by name, and
// no transaction is ever in one.
#include "group/topic_regex.h"
#include "txn/limits.h"
#include "txn/transactions.h"

#include <algorithm>
#include <array>
#include <set>

namespace kafka::txn {
namespace {

const char* name_of(State state) {
    switch (state) {
    case State::empty:
        return "Empty";
    case State::ongoing:
        return "Ongoing";
    case State::complete_commit:
        return "CompleteCommit";
    case State::complete_abort:
        return "CompleteAbort";
    }
    return "Unknown";
}

bool is_state(wire::View name) {
    static constexpr std::array<wire::View, 8> names{"Empty",        "Ongoing",          "PrepareCommit",
                                                     "PrepareAbort", "CompleteCommit",   "CompleteAbort",
                                                     "Dead",         "PrepareEpochFence"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

wire::describe_transactions::TransactionState described(const group::TopicLookup& topics,
                                                        const TransactionRow& row) {
    wire::describe_transactions::TransactionState shown;
    shown.transactional_id = row.transactional_id;
    shown.transaction_state = name_of(row.state);
    shown.transaction_timeout_ms = row.timeout_ms;
    shown.transaction_start_time_ms = row.start_ms;
    shown.producer_id = row.producer_id;
    shown.producer_epoch = row.epoch;
    const wire::Uuid* last = nullptr; // partitions of a topic follow each other
    for (const AddedPartition& added : row.partitions) {
        if (!last || *last != added.id.topic_id) {
            const auto topic = topics.by_id(added.id.topic_id);
            if (!topic) continue;
            shown.topics.push_back({std::string(topic->name), {}});
            last = &added.id.topic_id;
        }
        shown.topics.back().partitions.push_back(added.id.partition);
    }
    return shown;
}

/// What a request asks for.
class Filter {
public:
    Filter(int64_t now_ms, const wire::list_transactions::Request& request)
        : now_ms_(now_ms), request_(request),
          states_(request.state_filters.begin(), request.state_filters.end()),
          producers_(request.producer_id_filters.begin(), request.producer_id_filters.end()) {}

    bool takes(const TransactionRow& row) const {
        if (!producers_.empty() && !producers_.contains(row.producer_id)) return false;
        if (!states_.empty() && !states_.contains(name_of(row.state))) return false;
        return request_.duration_filter < 0 || now_ms_ - row.start_ms > request_.duration_filter;
    }

private:
    int64_t now_ms_;
    const wire::list_transactions::Request& request_;
    std::set<wire::View> states_;
    std::set<int64_t> producers_;
};

} // namespace

/// Each once: a small request is not to make a large response.
wire::describe_transactions::Response
Transactions::describe(const group::TopicLookup& topics,
                       const wire::describe_transactions::Request& request) const {
    wire::describe_transactions::Response response;
    std::set<wire::View> seen;
    for (const std::string& id : request.transactional_ids) {
        if (!seen.insert(id).second) continue;
        if (const TransactionRow* row = find(id)) {
            response.transaction_states.push_back(described(topics, *row));
            continue;
        }
        auto& unknown = response.transaction_states.emplace_back();
        unknown.transactional_id = id;
        unknown.error_code = id.empty() ? ErrorCode::invalid_request : ErrorCode::transactional_id_not_found;
    }
    return response;
}

/// The pattern's syntax is that of topic expressions (group/topic_regex.h), a part of what Kafka takes here; ids that are not ASCII
/// match none.
wire::list_transactions::Response Transactions::list(int64_t now_ms,
                                                     const wire::list_transactions::Request& request) const {
    wire::list_transactions::Response response;
    const std::string pattern = request.transactional_id_pattern.value_or("");
    std::string why;
    const auto regex = group::TopicRegex::compile(pattern, why);
    if (!regex) return {0, ErrorCode::invalid_regular_expression, {}, {}};
    group::TopicRegex::Matcher matcher(*regex);
    std::set<wire::View> unknown;
    for (const std::string& state : request.state_filters)
        if (!is_state(state) && unknown.insert(state).second) response.unknown_state_filters.push_back(state);
    const Filter filter(now_ms, request);
    for (const auto& [id, transaction] : transactions_) {
        const TransactionRow& row = transaction.row;
        if (!filter.takes(row)) continue;
        const bool matches = pattern.empty() || matcher.matches(id);
        if (matcher.steps() > max_pattern_steps) return {0, ErrorCode::invalid_regular_expression, {}, {}};
        if (!matches) continue;
        response.transaction_states.push_back({id, row.producer_id, name_of(row.state)});
    }
    return response;
}

} // namespace kafka::txn
