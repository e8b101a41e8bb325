// See segment_table.h.
#include "sql/segment_table.h"

#include "pg/index.h"

#include <cstring>

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
}

namespace kafka::sql {
namespace {

/// Columns of a segment's table, in the order of kafka.batch.
enum : AttrNumber {
    partition_column = 1,
    base_offset_column = 3,
    last_offset_column = 4,
    max_timestamp_column = 5,
    piece_column = 7,
    data_column = 8
};

struct BatchColumn {
    const char* name;
    Oid type;
};
constexpr BatchColumn batch_columns[] = {
    {"partition", INT4OID},     {"leader_epoch", INT4OID}, {"base_offset", INT8OID}, {"last_offset", INT8OID},
    {"max_timestamp", INT8OID}, {"bytes", INT8OID},        {"piece", INT4OID},       {"data", BYTEAOID}};

[[noreturn]] void refuse_table(Relation table) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("table \"kafka.%s\" is not like kafka.batch", RelationGetRelationName(table)),
                    errhint("Segments must not be altered.")));
    pg_unreachable();
}

/// Somebody may have altered the table by hand.
void check_columns(Relation table) {
    const TupleDesc columns = RelationGetDescr(table);
    bool fits = table->rd_rel->relkind == RELKIND_RELATION && columns->natts >= int(std::size(batch_columns));
    for (size_t i = 0; fits && i < std::size(batch_columns); i++) {
        const Form_pg_attribute found = TupleDescAttr(columns, int(i));
        fits = !found->attisdropped && found->atttypid == batch_columns[i].type &&
               std::strcmp(NameStr(found->attname), batch_columns[i].name) == 0;
    }
    if (!fits) refuse_table(table);
}

Relation open_primary_key(Relation table) {
    list_free(RelationGetIndexList(table)); // finds rd_pkindex
    if (!OidIsValid(table->rd_pkindex)) refuse_table(table);
    const Relation index = index_open(table->rd_pkindex, AccessShareLock);
    constexpr AttrNumber key[] = {partition_column, last_offset_column, piece_column};
    if (!pg::begins_with(index, key) || size_t(index->rd_index->indnkeyatts) != std::size(key))
        refuse_table(table);
    return index;
}

/// Null if there is no such table (any more). Compaction may put another in its place meanwhile.
Relation open_table(int64_t segment) {
    char name[NAMEDATALEN];
    snprintf(name, sizeof name, "segment_" INT64_FORMAT, segment);
    const Oid schema = get_namespace_oid("kafka", false);
    for (;;) {
        const Oid oid = get_relname_relid(name, schema);
        if (!OidIsValid(oid)) return nullptr;
        if (const Relation table = try_table_open(oid, AccessShareLock)) return table;
    }
}

ScanKeyData in_partition(int32_t partition) {
    ScanKeyData key;
    ScanKeyInit(&key, partition_column, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(partition));
    return key;
}

ScanKeyData from_offset(int64_t offset) {
    ScanKeyData key;
    ScanKeyInit(&key, last_offset_column, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(offset));
    return key;
}

ScanKeyData before_offset(int64_t offset) {
    ScanKeyData key;
    ScanKeyInit(&key, last_offset_column, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(offset));
    return key;
}

} // namespace

SegmentTable::SegmentTable(Snapshot snapshot, MemoryContext parent) : snapshot_(snapshot) {
    pg::call([=, this] {
        scan_context_ = AllocSetContextCreate(parent, "pg_kafka segment scan", ALLOCSET_SMALL_SIZES);
        batch_context_ = AllocSetContextCreate(parent, "pg_kafka batch", ALLOCSET_SMALL_SIZES);
    });
}

bool SegmentTable::open(int64_t segment) {
    return pg::call([=, this] {
        const Relation table = open_table(segment);
        if (!table) return false;
        check_columns(table);
        index_ = open_primary_key(table);
        table_ = table;
        return true;
    });
}

void SegmentTable::close() {
    if (!table_) return;
    end_scan();
    pg::call([this] {
        index_close(index_, AccessShareLock);
        table_close(table_, AccessShareLock);
    });
    table_ = index_ = nullptr;
}

void SegmentTable::begin_scan(ScanKeyData* keys, int count) {
    end_scan();
    pg::call([=, this] {
        const MemoryContext caller = MemoryContextSwitchTo(scan_context_);
        scan_ = systable_beginscan_ordered(table_, index_, snapshot_, count, keys);
        MemoryContextSwitchTo(caller);
    });
}

void SegmentTable::end_scan() {
    if (!scan_) return;
    pg::call([this] {
        systable_endscan_ordered(scan_);
        MemoryContextReset(scan_context_);
        MemoryContextReset(batch_context_);
    });
    scan_ = nullptr;
    row_ = nullptr;
}

std::optional<BatchPosition> SegmentTable::read(ScanDirection direction) {
    BatchPosition position{};
    pg::call([&, this] {
        CHECK_FOR_INTERRUPTS();
        const MemoryContext caller = MemoryContextSwitchTo(scan_context_);
        row_ = systable_getnext_ordered(scan_, direction);
        MemoryContextSwitchTo(caller);
        if (!row_) return;
        bool null; // the columns are those of a checked table, all NOT NULL
        const auto number = [&](AttrNumber column) {
            return DatumGetInt64(heap_getattr(row_, column, RelationGetDescr(table_), &null));
        };
        position = {number(base_offset_column), number(last_offset_column), number(max_timestamp_column)};
        piece_ = DatumGetInt32(heap_getattr(row_, piece_column, RelationGetDescr(table_), &null));
    });
    if (!row_) return std::nullopt;
    return position;
}

void SegmentTable::seek(int32_t partition, int64_t offset) {
    ScanKeyData keys[] = {in_partition(partition), from_offset(offset)};
    begin_scan(keys, 2);
}

std::optional<BatchPosition> SegmentTable::next() {
    std::optional<BatchPosition> position;
    do position = read(ForwardScanDirection);
    while (position && piece_ != 0); // the rest of a batch that was not wanted
    return position;
}

/// Batches mostly follow each other without a gap, so that the first look finds the one before that just read. Else it is looked up once
/// it is known: going back the index gives its last piece first.
std::optional<BatchPosition> SegmentTable::find_back(int32_t partition, int64_t offset) {
    seek(partition, offset);
    auto found = next();
    if (found && found->base_offset <= offset) return found;
    ScanKeyData keys[] = {in_partition(partition), before_offset(offset)};
    begin_scan(keys, 2);
    found = read(BackwardScanDirection);
    if (!found) return std::nullopt;
    seek(partition, found->last_offset);
    return next();
}

/// Of the row read last. Valid until the next one is read.
wire::View SegmentTable::piece() {
    const bytea* data = pg::call([this] {
        MemoryContextReset(batch_context_);
        const MemoryContext caller = MemoryContextSwitchTo(batch_context_);
        bool null;
        const bytea* found =
            DatumGetByteaPP(heap_getattr(row_, data_column, RelationGetDescr(table_), &null));
        MemoryContextSwitchTo(caller);
        return found;
    });
    return {VARDATA_ANY(data), size_t(VARSIZE_ANY_EXHDR(data))};
}

wire::View SegmentTable::batch() {
    const wire::View first = piece();
    const auto header = record::read_header(first);
    const size_t size = header && header->batch_length > 0 ? header->size_in_bytes() : first.size();
    if (first.size() >= size) return first;
    batch_.assign(first);
    while (batch_.size() < size && read(ForwardScanDirection) && piece_ != 0) batch_.append(piece());
    return batch_;
}

std::optional<BatchPosition> SegmentTable::last(int32_t partition) {
    ScanKeyData key = in_partition(partition);
    begin_scan(&key, 1);
    return read(BackwardScanDirection);
}

std::optional<int64_t> SegmentTable::first_reaching(int32_t partition, int64_t offset, int64_t timestamp) {
    const auto end = last(partition);
    if (!end || end->max_timestamp < timestamp) return std::nullopt;
    // Invariant: the batch that holds `high`, or the next one, reaches the timestamp; no batch that ends
    // below `low` does.
    int64_t low = std::min(offset, end->last_offset), high = end->last_offset;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        seek(partition, middle);
        const auto found = next();
        if (found && found->max_timestamp < timestamp)
            low = found->next_offset();
        else
            high = middle;
    }
    return low;
}

} // namespace kafka::sql
