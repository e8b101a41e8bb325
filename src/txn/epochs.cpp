#include "txn/epochs.h"

#include <utility>

namespace kafka::txn {

void advance(TransactionRow& row, const std::function<int64_t()>& new_producer_id) {
    const int16_t had = row.epoch;
    hand_over(row, new_producer_id);
    row.last_epoch = had;
}

void hand_over(TransactionRow& row, const std::function<int64_t()>& new_producer_id) {
    row.last_epoch = no_epoch;
    if (is_exhausted(row.epoch)) {
        const int64_t next = new_producer_id();
        row.previous_producer_id = std::exchange(row.producer_id, next);
        row.epoch = 0;
    } else {
        row.previous_producer_id = no_producer_id;
        row.epoch++;
    }
}

bool had_before(const TransactionRow& row, int64_t producer_id, int16_t epoch) {
    if (epoch == no_epoch || epoch != row.last_epoch) return false;
    const bool renewed = row.previous_producer_id != no_producer_id;
    return producer_id == (renewed ? row.previous_producer_id : row.producer_id);
}

} // namespace kafka::txn
