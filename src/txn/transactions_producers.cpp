// InitProducerId: who writes with a transactional id from now on.
//
// Kafka aborts an open transaction first and meanwhile answers CONCURRENT_TRANSACTIONS; here abort and answer are one, and the answer
// is that of Kafka's retry.
#include "txn/epochs.h"
#include "txn/limits.h"
#include "txn/rows.h"
#include "txn/transactions.h"

namespace kafka::txn {
namespace {

wire::init_producer_id::Response refused(ErrorCode error) { return {0, error, no_producer_id, no_epoch}; }

wire::init_producer_id::Response given(int64_t producer_id, int16_t epoch) {
    return {0, ErrorCode::none, producer_id, epoch};
}

} // namespace

void Transactions::init_producer_id(Turn& turn, const Caller& caller,
                                    const wire::init_producer_id::Request& request) {
    auto response = init(turn, request);
    response.error_code = as_known_since(4, caller.version, response.error_code);
    turn.effects.reply(caller.ticket, std::move(response));
}

wire::init_producer_id::Response Transactions::init(Turn& turn,
                                                    const wire::init_producer_id::Request& request) {
    if ((request.producer_id == no_producer_id) != (request.producer_epoch == no_epoch))
        return refused(ErrorCode::invalid_request);
    if (!request.transactional_id) return given(turn.new_producer_id(), 0);
    const std::string& id = *request.transactional_id;
    if (id.empty() || !storable_transactional_id(id)) return refused(ErrorCode::invalid_request);
    if (request.transaction_timeout_ms <= 0 ||
        request.transaction_timeout_ms > turn.settings.transaction_max_timeout_ms)
        return refused(ErrorCode::invalid_transaction_timeout);
    return init_transactional(turn, request);
}

/// A producer that says what it has had goes on after an error (KIP-360): nobody may have come in between. One that does not say it is
/// a new one, and fences those before it.
wire::init_producer_id::Response
Transactions::init_transactional(Turn& turn, const wire::init_producer_id::Request& request) {
    const TransactionRow* known = find(*request.transactional_id);
    const bool goes_on = known && request.producer_id != no_producer_id;
    const bool has_current =
        goes_on && request.producer_id == known->producer_id && request.producer_epoch == known->epoch;
    const bool asks_again = goes_on && had_before(*known, request.producer_id, request.producer_epoch);
    if (goes_on && !has_current && !asks_again) return refused(ErrorCode::producer_fenced);

    TransactionRow next = known ? ended(*known, State::empty) : TransactionRow{};
    next.timeout_ms = request.transaction_timeout_ms;
    next.start_ms = -1;
    const int16_t marker_epoch = int16_t(next.epoch + 1);
    if (!known) {
        next.transactional_id = *request.transactional_id;
        next.producer_id = turn.new_producer_id();
        next.epoch = 0;
    } else if (has_current) {
        advance(next, turn.new_producer_id);
    } else if (!asks_again) {
        if (known->state == State::ongoing)
            next.epoch = marker_epoch; // Kafka's first step, which nobody gets
        hand_over(next, turn.new_producer_id);
    }
    const auto response = given(next.producer_id, next.epoch);
    if (known)
        finish(turn, std::move(next), marker_epoch);
    else
        write(turn, std::move(next));
    return response;
}

} // namespace kafka::txn
