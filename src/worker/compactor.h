// Compacts topics whose cleanup.policy contains compact: keeps of each key the last record (log/compaction). A closed segment's table
// is replaced by another of the same name, in one transaction, so that readers find the one or the other and nothing in between;
// then the broker reads again what the segments hold. In the janitor's process, main thread.
#pragma once
#include "log/compaction.h"
#include "log/topic.h"
#include "pg/settings.h"
#include "store/batches.h"
#include "store/compaction.h"
#include "store/segments.h"
#include "store/transactions.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kafka::worker {

class Compactor {
public:
    using Clock = std::chrono::steady_clock;

    /// `others` does what else the process has to do, if there is anything; called between two segments, of which one may take long.
    explicit Compactor(std::function<void()> others);

    /// One round over all such topics, if it is time to. What fails is logged, once for each topic, and tried again in the next
    /// round.
    void sweep();
    /// When the next round is due; nothing: no topic was compacted when it was last looked at.
    std::optional<Clock::time_point> next_deadline() const { return due_; }
    /// A topic's configuration may have changed: looks at once.
    void look_again();

private:
    struct Job;
    void round();
    void attempt(const store::CompactedTopic& topic, const std::function<void()>& work);
    void compact(const wire::Uuid& topic);
    std::optional<Job> find_work(const wire::Uuid& topic);
    void drop_empty(const wire::Uuid& topic);
    void find_aborted(Job& job);
    std::vector<log::PartitionCompaction> begin(const Job& job, log::Pass pass) const;
    bool learn_keys(const Job& job, log::LastOffsets& last);
    void leave_out(const Job& job, log::LastOffsets& last, log::Pass pass);
    bool pass_over(const store::SegmentRow& segment, std::vector<log::PartitionCompaction>& partitions,
                   log::LastOffsets& last, log::Pass pass);
    bool stays_whole(const store::SegmentRow& segment, std::vector<log::PartitionCompaction>& partitions,
                     log::LastOffsets& last);
    void rewrite(const Job& job, const store::SegmentRow& segment,
                 std::vector<log::PartitionCompaction>& partitions, log::LastOffsets& last, log::Pass pass);
    template <class Take> bool each_batch(int64_t segment, int32_t partition, Take take);
    void failed(const store::CompactedTopic& topic, const pg::Error& error);

    /// What has failed, and is tried again after a pause that grows.
    struct Failure {
        std::string told; ///< to the log
        std::chrono::milliseconds pause{0};
        Clock::time_point not_before{};
    };

    std::function<void()> others_;
    std::optional<Clock::time_point> due_;
    bool replaced_ = false; ///< segments of a topic, of which the broker has not been told
    store::Batches batches_;
    store::Transactions transactions_;
    bool written_ = false;                   ///< another table for some segment, in this try
    std::map<wire::Uuid, Failure> failures_; ///< by topic
};

} // namespace kafka::worker
