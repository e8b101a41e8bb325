// One row of a foreign table, as what it shows, and how it becomes the values of a slot.
// Runs in the session of a query.
#pragma once
#include "record/records.h"
#include "sql/foreign_table.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "executor/tuptable.h"
}

namespace kafka::sql {

/// What became of the transaction of a record; none: it is not part of one.
enum class TransactionState { none, committed, aborted, ongoing };

struct Row {
    const std::string* topic = nullptr;
    int32_t partition = 0;

    // Of kafka.messages and kafka.log.
    record::Record record;
    TransactionState transaction_state = TransactionState::none;
    bool control = false; ///< the record is for brokers: neither key nor value are told

    // Of kafka.partitions.
    int64_t log_start_offset = 0, last_stable_offset = 0;
    int64_t high_watermark = 0; ///< the next offset after the last record

    // Of kafka.log and kafka.producers.
    int64_t producer_id = -1; ///< -1: the record's producer is not idempotent
    int16_t producer_epoch = -1;

    // Of kafka.producers.
    int32_t last_sequence = -1;                      ///< -1: none
    int64_t last_timestamp = record::no_timestamp;   ///< ms since 1970
    std::optional<int64_t> transaction_start_offset; ///< of what is open
};

/// Which columns of the table a query reads, and what they show.
class RowShape {
public:
    /// `columns`: their numbers. Keeps what it needs in the current memory context. Throws Error.
    RowShape(Relation table, const List* columns);

    /// Puts the values of the columns that are read into the slot, the others as NULL. Values are made in the
    /// current memory context. Server code: ends by ereport.
    void store(const Row& row, TupleTableSlot* slot) const;

private:
    struct Part {
        int attribute; ///< from 0
        Column column;
    };

    std::vector<Part> parts_;
    Oid header_type_ = InvalidOid;
    TupleDesc header_fields_ = nullptr;
};

} // namespace kafka::sql
