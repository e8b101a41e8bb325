// AddOffsetsToTxn (API key 25): a transaction is about to commit offsets of a group.
// v1 as v0; v2 PRODUCER_FENCED, until then INVALID_PRODUCER_EPOCH; v3 flexible; v4 TRANSACTION_ABORTABLE (KIP-890).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::add_offsets_to_txn {

struct Response;

struct Request {
    using Response = add_offsets_to_txn::Response;
    static constexpr Api api{25, "AddOffsetsToTxn", {0, 4}, 3};
    std::string transactional_id;
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    std::string group_id;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.group_id);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
    }
};

} // namespace kafka::wire::add_offsets_to_txn
