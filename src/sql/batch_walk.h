// A walk over the batches of one partition that can hold wanted records, by their offsets, either way. Others are passed over without
// being read. Runs in the session of a query. Functions throw Error.
#pragma once
#include "sql/bounds.h"
#include "sql/catalog_reader.h"
#include "sql/segment_table.h"

#include <cstdint>
#include <optional>

namespace kafka::sql {

class BatchWalk {
public:
    BatchWalk(Snapshot snapshot, MemoryContext parent) : table_(snapshot, parent) {}

    /// Begins anew, in that partition of the topic, under these bounds; all three must stay alive. `backward`: with the last batch.
    void restart(const TopicLog& topic, const StoredPartition& partition, const Bounds& bounds,
                 bool backward);
    /// Nothing from that offset on is wanted.
    void end_before(int64_t offset);

    /// The next batch, which table() then holds; nothing at the end.
    std::optional<BatchPosition> next();
    SegmentTable& table() { return table_; }
    void close() { table_.close(); }

private:
    std::optional<int64_t> next_wanted() const;
    bool next_segment();
    bool may_hold(size_t segment, int64_t wanted) const;
    std::optional<BatchPosition> next_of_segment();
    std::optional<BatchPosition> find(int64_t wanted);
    std::optional<BatchPosition> find_back(int64_t wanted);
    void seek(int64_t offset);
    bool holds_wanted(const BatchPosition& batch) const;
    void pass(const BatchPosition& batch);

    SegmentTable table_;
    const TopicLog* topic_ = nullptr;
    const Bounds* bounds_ = nullptr;
    int32_t partition_ = 0;
    bool backward_ = false;
    int64_t low_ = 0, high_ = 0; ///< the offsets, both included, where wanted records can still be
    size_t segments_done_ = 0;   ///< of the topic, with the one that is open
    bool positioned_ = false;    ///< the table's next batch is that of low_, or the one after it
};

} // namespace kafka::sql
