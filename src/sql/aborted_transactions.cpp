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

struct Row {
    log::Aborted transaction;
    int64_t last_stable_offset;
};

/// Takes rows of a partition in the order of last_offset, which `bound` is about, or backwards, as long as take(row) is true. Server code.
template <class Take>
void scan(Relation table, const txn::PartitionId& partition, ScanKeyData bound, ScanDirection direction,
          Snapshot snapshot, Take take) {
    const AttrNumber producer_id = column_number(table, "producer_id", INT8OID);
    const AttrNumber first_offset = column_number(table, "first_offset", INT8OID);
    const AttrNumber last_offset = bound.sk_attno;
    const AttrNumber last_stable_offset = column_number(table, "last_stable_offset", INT8OID);
    ScanKeyData keys[] = {equal_to(column_number(table, "topic_id", UUIDOID), partition.topic_id),
                          equal_to(column_number(table, "partition", INT4OID), partition.partition), bound};
    const Relation index = open_index_for(table, keys);
    const SysScanDesc rows =
        systable_beginscan_ordered(table, index, snapshot, static_cast<int>(std::size(keys)), keys);
    while (const HeapTuple row = systable_getnext_ordered(rows, direction)) {
        CHECK_FOR_INTERRUPTS();
        const auto number = [&](AttrNumber column) {
            return DatumGetInt64(stored_value(table, row, column));
        };
        if (!take(Row{{number(producer_id), number(first_offset), number(last_offset)},
                      number(last_stable_offset)}))
            break;
    }
    systable_endscan_ordered(rows);
    index_close(index, AccessShareLock);
}

} // namespace

bool AbortedTransactions::hold(const txn::PartitionId& partition, int64_t producer_id, int64_t offset) {
    if (partition != partition_ || offset >= known_to_)
        read(partition, offset, Stretch::from);
    else if (offset < known_from_)
        read(partition, offset, Stretch::up_to);
    return found_.holds(producer_id, offset);
}

void AbortedTransactions::read(const txn::PartitionId& partition, int64_t offset, Stretch stretch) {
    partition_ = partition;
    known_from_ = offset;
    known_to_ = INT64_MAX;
    found_.clear();
    const size_t most_after = stretch == Stretch::from ? portion : 1;
    pg::call([&, this] {
        const Relation table = open_stored_table("aborted_transaction");
        const AttrNumber last_offset = column_number(table, "last_offset", INT8OID);
        // Whatever ended after a transaction began at its last stable offset or above.
        scan(table, partition, greater_than(last_offset, offset), ForwardScanDirection, snapshot_,
             [&, this](const Row& row) {
                 found_.add(row.transaction);
                 const bool enough = found_.size() >= most_after && row.last_stable_offset > offset;
                 if (enough) known_to_ = row.last_stable_offset;
                 return !enough;
             });
        if (stretch == Stretch::up_to) {
            known_from_ = 0;
            size_t rows = 0;
            scan(table, partition, at_most(last_offset, offset), BackwardScanDirection, snapshot_,
                 [&, this](const Row& row) {
                     found_.add(row.transaction);
                     if (++rows < portion) return true;
                     known_from_ = row.transaction.last_offset; // what ended earlier does not matter there
                     return false;
                 });
        }
        close_stored_table(table);
    });
}

} // namespace kafka::sql
