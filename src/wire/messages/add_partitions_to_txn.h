// AddPartitionsToTxn (API key 24): the partitions that a transaction is about to write to.
// v1 as v0; v2 PRODUCER_FENCED, until then INVALID_PRODUCER_EPOCH; v3 flexible; v4 several transactions at once and
// verify_only, for brokers; v5 TRANSACTION_ABORTABLE (both KIP-890). Clients use v3 at most.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::add_partitions_to_txn {

struct Response;

struct AddPartitionsToTxnTopic {
    std::string name;
    std::vector<int32_t> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct AddPartitionsToTxnTransaction {
    std::string transactional_id;
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    bool verify_only = false; ///< asks whether they were added
    std::vector<AddPartitionsToTxnTopic> topics;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.verify_only);
        io(m.topics);
    }
};

struct Request {
    using Response = add_partitions_to_txn::Response;
    static constexpr Api api{24, "AddPartitionsToTxn", {0, 5}, 3};
    std::vector<AddPartitionsToTxnTransaction> transactions;
    std::string v3_and_below_transactional_id;
    int64_t v3_and_below_producer_id = 0;
    int16_t v3_and_below_producer_epoch = 0;
    std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;
    static void fields(auto& io, auto& m) {
        io(m.transactions, v(4));
        io(m.v3_and_below_transactional_id, v(0, 3));
        io(m.v3_and_below_producer_id, v(0, 3));
        io(m.v3_and_below_producer_epoch, v(0, 3));
        io(m.v3_and_below_topics, v(0, 3));
    }
};

struct AddPartitionsToTxnPartitionResult {
    int32_t partition_index = 0;
    ErrorCode partition_error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.partition_error_code);
    }
};

struct AddPartitionsToTxnTopicResult {
    std::string name;
    std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.results_by_partition);
    }
};

struct AddPartitionsToTxnResult {
    std::string transactional_id;
    std::vector<AddPartitionsToTxnTopicResult> topic_results;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.topic_results);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none; ///< of the whole request
    std::vector<AddPartitionsToTxnResult> results_by_transaction;
    std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code, v(4));
        io(m.results_by_transaction, v(4));
        io(m.results_by_topic_v3_and_below, v(0, 3));
    }
};

} // namespace kafka::wire::add_partitions_to_txn
