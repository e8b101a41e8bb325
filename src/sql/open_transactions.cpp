// See open_transactions.h.
#include "sql/open_transactions.h"

#include "sql/stored_table.h"

#include <algorithm>
#include <vector>

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
}

namespace kafka::sql {

const OpenTransactions::Offsets* OpenTransactions::find(const txn::PartitionId& partition) {
    if (!open_) read();
    const auto at = open_->find(partition);
    return at == open_->end() ? nullptr : &at->second;
}

std::optional<int64_t> OpenTransactions::first_offset(const txn::PartitionId& partition) {
    const Offsets* offsets = find(partition);
    if (!offsets) return std::nullopt;
    return std::min_element(offsets->begin(), offsets->end(),
                            [](auto& a, auto& b) { return a.second < b.second; })
        ->second;
}

std::optional<int64_t> OpenTransactions::first_offset(const txn::PartitionId& partition,
                                                      int64_t producer_id) {
    const Offsets* offsets = find(partition);
    const auto at = offsets ? offsets->find(producer_id) : Offsets::const_iterator();
    if (!offsets || at == offsets->end()) return std::nullopt;
    return at->second;
}

void OpenTransactions::read() {
    open_.emplace();
    std::vector<wire::Uuid> topics;
    std::vector<int32_t> partitions;
    std::vector<int64_t> first_offsets;
    pg::call([&, this] {
        const Relation table = open_stored_table("transaction");
        const AttrNumber producer_id = column_number(table, "producer_id", INT8OID);
        const AttrNumber topic_column = column_number(table, "topics", UUIDARRAYOID);
        const AttrNumber partition_column = column_number(table, "partitions", INT4ARRAYOID);
        const AttrNumber offset_column = column_number(table, "first_offsets", INT8ARRAYOID);
        ScanKeyData ongoing[] = {equal_to(column_number(table, "state", TEXTOID), "Ongoing")};
        for_each_row(table, snapshot_, ongoing, [&](HeapTuple row) {
            CHECK_FOR_INTERRUPTS();
            if (heap_attisnull(row, producer_id, RelationGetDescr(table)))
                return; // the broker passes over it, too
            copy_stored(table, row, topic_column, topics);
            copy_stored(table, row, partition_column, partitions);
            copy_stored(table, row, offset_column, first_offsets);
            const int64_t producer = DatumGetInt64(stored_value(table, row, producer_id));
            const size_t count = std::min({topics.size(), partitions.size(), first_offsets.size()});
            for (size_t i = 0; i < count; i++)
                if (first_offsets[i] >= 0)
                    (*open_)[{topics[i], partitions[i]}].emplace(producer, first_offsets[i]);
        });
        close_stored_table(table);
    });
}

} // namespace kafka::sql
