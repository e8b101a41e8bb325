// Which producer id and epoch a transactional producer goes on with. Pure.
//
// Whoever has an epoch below the current one is fenced. An epoch may be used up to 32766; the one above is only for markers that
// abort a transaction of that last one. After it comes epoch 0 of a new producer id.
#pragma once
#include "txn/types.h"

#include <limits>

namespace kafka::txn {

inline constexpr int16_t last_usable_epoch = std::numeric_limits<int16_t>::max() - 1;

inline bool is_exhausted(int16_t epoch) { return epoch >= last_usable_epoch; }

/// The producer that has the current epoch gets the next one, and may ask for it again. `new_producer_id` is called if it must be.
void advance(TransactionRow& row, const std::function<int64_t()>& new_producer_id);

/// Another producer gets the next epoch: nobody may ask for it with an earlier one.
void hand_over(TransactionRow& row, const std::function<int64_t()>& new_producer_id);

/// Whether these are what a producer had before advance(), and has not heard of it.
bool had_before(const TransactionRow& row, int64_t producer_id, int16_t epoch);

} // namespace kafka::txn
