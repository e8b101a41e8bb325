// DeleteRecords: moves the start of partitions (KIP-107). What is before can no longer be read when the response leaves; the janitor
// drops the tables of which nothing can.
//
// Not implemented: timeout_ms.
#include "api/handlers.h"
#include "api/refuse.h"

#include <map>
#include <utility>

namespace kafka::api {
namespace {

using namespace wire::delete_records;
using wire::ErrorCode;

constexpr int64_t to_high_watermark = -1;

DeleteRecordsTopicResult failed(const DeleteRecordsTopic& asked, ErrorCode error) {
    DeleteRecordsTopicResult result{asked.name, {}};
    for (const DeleteRecordsPartition& p : asked.partitions)
        result.partitions.push_back({p.partition_index, -1, error});
    return result;
}

ErrorCode problem_of(const log::Topic* topic, const std::string& name) {
    if (log::is_internal_topic(name)) return ErrorCode::invalid_topic_exception;
    if (!topic) return ErrorCode::unknown_topic_or_partition;
    return topic->config.may_delete_records() ? ErrorCode::none : ErrorCode::policy_violation;
}

/// Takes note of the new start of the partition in `starts`, if it moves.
DeleteRecordsPartitionResult remove(const log::Topic& topic, const DeleteRecordsPartition& asked,
                                    std::map<int32_t, int64_t>& starts) {
    const log::Partition* partition = topic.partition(asked.partition_index);
    if (!partition) return {asked.partition_index, -1, ErrorCode::unknown_topic_or_partition};
    const int64_t start = asked.offset == to_high_watermark ? partition->high_watermark : asked.offset;
    if (start < 0 || start > partition->high_watermark)
        return {asked.partition_index, -1, ErrorCode::offset_out_of_range};
    if (start <= partition->log_start_offset)
        return {asked.partition_index, partition->log_start_offset, ErrorCode::none};
    int64_t& moved = starts[asked.partition_index];
    moved = std::max(moved, start);
    return {asked.partition_index, moved, ErrorCode::none};
}

DeleteRecordsTopicResult remove(Broker& broker, const DeleteRecordsTopic& asked) {
    log::Topic* topic = broker.catalog.find(asked.name);
    if (const ErrorCode problem = problem_of(topic, asked.name); problem != ErrorCode::none)
        return failed(asked, problem);
    std::map<int32_t, int64_t> starts;
    DeleteRecordsTopicResult result{asked.name, {}};
    for (const DeleteRecordsPartition& p : asked.partitions)
        result.partitions.push_back(remove(*topic, p, starts));
    if (starts.empty()) return result;
    try {
        std::vector<int64_t> all;
        for (const log::Partition& p : topic->partitions) all.push_back(p.log_start_offset);
        for (const auto& [partition, start] : starts) all[size_t(partition)] = start;
        broker.move_log_start(*topic, all);
    } catch (const pg::Error& error) {
        broker.log_failure("delete records of topic \"" + topic->name + "\"", error);
        return failed(asked, error_for(error));
    }
    return result;
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;
    size_t topics = 0; ///< of the request that are done
};

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool remove_all(Broker& broker, const Request& request, Progress& done) {
    for (; done.topics < request.topics.size(); done.topics++) {
        if (broker.changed_enough_topics()) return false;
        const DeleteRecordsTopic& asked = request.topics[done.topics];
        log::Topic* topic = broker.catalog.find(asked.name);
        if (topic && !broker.open({topic})) return false;
        done.response.topics.push_back(remove(broker, asked));
    }
    return true;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Progress& done = call.progress<Progress>();
    if (!remove_all(broker, request, done)) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const DeleteRecordsTopic& asked : request.topics) response.topics.push_back(failed(asked, error));
    return response;
}

} // namespace kafka::api
