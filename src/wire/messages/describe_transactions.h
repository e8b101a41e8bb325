// DescribeTransactions (API key 65, KIP-664): the state of transactional ids.
// v0 only, which is flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::describe_transactions {

struct Response;

struct Request {
    using Response = describe_transactions::Response;
    static constexpr Api api{65, "DescribeTransactions", {0, 0}, 0};
    std::vector<std::string> transactional_ids;
    static void fields(auto& io, auto& m) { io(m.transactional_ids); }
};

struct TopicData {
    std::string topic;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.topic);
        io(m.partitions);
    }
};

struct TransactionState {
    ErrorCode error_code = ErrorCode::none;
    std::string transactional_id;
    std::string transaction_state; ///< Empty, Ongoing, CompleteCommit, CompleteAbort, ...
    int32_t transaction_timeout_ms = 0;
    int64_t transaction_start_time_ms = 0; ///< -1: there has been none since InitProducerId
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    std::vector<TopicData> topics; ///< of the transaction that is open
    static void fields(auto& io, auto& m) {
        io(m.error_code);
        io(m.transactional_id);
        io(m.transaction_state);
        io(m.transaction_timeout_ms);
        io(m.transaction_start_time_ms);
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.topics);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    std::vector<TransactionState> transaction_states;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.transaction_states);
    }
};

} // namespace kafka::wire::describe_transactions
