// EndTxn (API key 26): commits or aborts a transaction.
// v1 as v0; v2 PRODUCER_FENCED, until then INVALID_PRODUCER_EPOCH; v3 flexible; v4 TRANSACTION_ABORTABLE; v5 the epoch
// grows with each transaction, and the response says what to go on with (both KIP-890).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::end_txn {

struct Response;

struct Request {
    using Response = end_txn::Response;
    static constexpr Api api{26, "EndTxn", {0, 5}, 3};
    std::string transactional_id;
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    bool committed = false; ///< false: it is aborted
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.committed);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    int64_t producer_id = -1;    ///< of the next transaction
    int16_t producer_epoch = -1; ///< likewise
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.producer_id, v(5));
        io(m.producer_epoch, v(5));
    }
};

} // namespace kafka::wire::end_txn
