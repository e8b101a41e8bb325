// See log_compaction_history.h.
#include "log_compaction_history.h"

#include "record/marker.h"
#include "record/records.h"
#include "test.h"

#include <algorithm>

using namespace kafka;

namespace compaction_test {

std::map<std::string, int64_t> History::newest(int64_t end) const {
    std::map<std::string, int64_t> offsets;
    for (const auto& [offset, w] : records)
        if (offset < end && w.key && committed(w)) offsets[*w.key] = offset;
    return offsets;
}

bool Reader::fetch(const History& history, const std::vector<Segment>& segments,
                   const std::vector<Aborted>& aborted, int64_t last_stable_offset, size_t most) {
    std::vector<Batch> found;
    for (const Segment& segment : segments)
        for (const Batch& batch : segment.batches[size_t(partition)]) {
            const auto header = record::read_header(*batch);
            if (header->last_offset() >= position && header->base_offset < last_stable_offset &&
                found.size() < most)
                found.push_back(batch);
        }
    if (found.empty()) return true;
    const int64_t end = record::read_header(*found.back())->last_offset() + 1;
    std::vector<Aborted> told = log::AbortedStretch{aborted, 0, INT64_MAX}.between(position, end);
    std::sort(told.begin(), told.end(), [](auto& a, auto& b) { return a.first_offset < b.first_offset; });
    std::set<int64_t> leaves_out; // producers
    auto next = told.begin();
    for (const Batch& batch : found) {
        const auto header = record::read_header(*batch);
        for (; next != told.end() && next->first_offset <= header->last_offset(); ++next)
            leaves_out.insert(next->producer_id);
        if (const auto marker = record::read_marker(*batch); marker && !marker->committed)
            leaves_out.erase(marker->producer_id);
        else if (!header->is_control() &&
                 !(header->is_transactional() && leaves_out.contains(header->producer_id)))
            take(history, *batch);
    }
    position = end;
    return false;
}

void Reader::take(const History& history, const std::string& batch) {
    record::RecordReader records(batch, much);
    record::Record record;
    while (records.next(record)) {
        if (record.offset < position) continue;
        CHECK(history.committed(history.records.at(record.offset)));
        if (!record.key)
            without_keys.insert(record.offset);
        else
            table[std::string(*record.key)] = {record.offset,
                                               record.value ? Value(*record.value) : std::nullopt};
    }
}

} // namespace compaction_test
