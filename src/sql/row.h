// One row of a foreign table, as what it shows, and how it becomes the values of a slot.
// Runs in the session of a query.
#pragma once
#include "record/records.h"
#include "sql/foreign_table.h"

#include <cstdint>
#include <string>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "executor/tuptable.h"
}

namespace kafka::sql {

struct Row {
    const std::string* topic = nullptr;
    int32_t partition = 0;
    record::Record record;        ///< of kafka.messages
    int64_t log_start_offset = 0; ///< of kafka.partitions
    int64_t high_watermark = 0;   ///< of kafka.partitions: the next offset after the last record
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
