// See aborted_transactions.h.
#include "sql/aborted_transactions.h"

#include "sql/stored_table.h"

extern "C" {
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
}

namespace kafka::sql {
namespace {

/// Rows that are read at once; more where a transaction has been open for long.
constexpr size_t portion = 1000;

} // namespace

bool AbortedTransactions::hold(const txn::PartitionId& partition, int64_t producer_id, int64_t offset) {
    if (partition != partition_ || offset < known_from_ || offset >= known_to_) read(partition, offset);
    return found_.holds(producer_id, offset);
}

/// In the order in which they ended. Whatever ended after a transaction began at its last stable offset or above.
void AbortedTransactions::read(const txn::PartitionId& partition, int64_t from) {
    partition_ = partition;
    known_from_ = from;
    known_to_ = INT64_MAX;
    found_.clear();
    pg::call([&, this] {
        const Relation table = open_stored_table("aborted_transaction");
        const AttrNumber producer_id = column_number(table, "producer_id", INT8OID);
        const AttrNumber first_offset = column_number(table, "first_offset", INT8OID);
        const AttrNumber last_offset = column_number(table, "last_offset", INT8OID);
        const AttrNumber last_stable_offset = column_number(table, "last_stable_offset", INT8OID);
        ScanKeyData keys[] = {equal_to(column_number(table, "topic_id", UUIDOID), partition.topic_id),
                              equal_to(column_number(table, "partition", INT4OID), partition.partition),
                              greater_than(last_offset, from)};
        const Relation index = open_index_for(table, keys);
        const SysScanDesc scan =
            systable_beginscan_ordered(table, index, snapshot_, static_cast<int>(std::size(keys)), keys);
        while (const HeapTuple row = systable_getnext_ordered(scan, ForwardScanDirection)) {
            CHECK_FOR_INTERRUPTS();
            const auto number = [&](AttrNumber column) {
                return DatumGetInt64(stored_value(table, row, column));
            };
            found_.add({number(producer_id), number(first_offset), number(last_offset)});
            known_to_ = number(last_stable_offset);
            if (found_.size() >= portion && known_to_ > from) break;
            known_to_ = INT64_MAX;
        }
        systable_endscan_ordered(scan);
        index_close(index, AccessShareLock);
        close_stored_table(table);
    });
}

} // namespace kafka::sql
