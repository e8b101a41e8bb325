// ListTransactions (API key 66, KIP-664): the transactional ids that this broker coordinates.
// v1 duration_filter (KIP-994); v2 transactional_id_pattern, with INVALID_REGULAR_EXPRESSION (KIP-1152). All versions are
// flexible.
#pragma once
#include "wire/schema.h"

namespace kafka::wire::list_transactions {

struct Response;

struct Request {
    using Response = list_transactions::Response;
    static constexpr Api api{66, "ListTransactions", {0, 2}, 0};
    std::vector<std::string> state_filters;              ///< empty: in any state
    std::vector<int64_t> producer_id_filters;            ///< empty: of any producer
    int64_t duration_filter = -1;                        ///< begun longer ago, in ms; below 0: at any time
    std::optional<std::string> transactional_id_pattern; ///< null or empty: any
    static void fields(auto& io, auto& m) {
        io(m.state_filters);
        io(m.producer_id_filters);
        io(m.duration_filter, v(1));
        io(m.transactional_id_pattern, v(2));
    }
};

struct TransactionState {
    std::string transactional_id;
    int64_t producer_id = 0;
    std::string transaction_state;
    static void fields(auto& io, auto& m) {
        io(m.transactional_id);
        io(m.producer_id);
        io(m.transaction_state);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> unknown_state_filters; ///< that are names of no state
    std::vector<TransactionState> transaction_states;
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms);
        io(m.error_code);
        io(m.unknown_state_filters);
        io(m.transaction_states);
    }
};

} // namespace kafka::wire::list_transactions
