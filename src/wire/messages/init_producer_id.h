// InitProducerId (API key 22): a producer id, and for a transactional producer an epoch that fences the ones before.
// v1 as v0; v2 flexible; v3 producer_id and producer_epoch, by which a producer goes on after an error (KIP-360); v4
// PRODUCER_FENCED, until then INVALID_PRODUCER_EPOCH; v5 TRANSACTION_ABORTABLE (KIP-890).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::init_producer_id {

struct Response;

struct Request {
    using Response = init_producer_id::Response;
    static constexpr Api api{22, "InitProducerId", {0, 5}, 2};
    std::optional<std::string> transactional_id = ""; ///< null: idempotent only
    int32_t transaction_timeout_ms = 0;
    int64_t producer_id = -1;    ///< that it has had until now; -1: none
    int16_t producer_epoch = -1; ///< likewise
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.transaction_timeout_ms);
        io(m.producer_id, v(3));
        io(m.producer_epoch, v(3));
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    int64_t producer_id = -1;
    int16_t producer_epoch = 0;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.producer_id);
        io(m.producer_epoch);
    }
};

} // namespace kafka::wire::init_producer_id
