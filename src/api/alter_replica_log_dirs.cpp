// AlterReplicaLogDirs: the whole log is in one directory, the server's, which DescribeLogDirs names. A partition may be asked to be
// there; there is no other place for it.
#include "api/handlers.h"
#include "pg/process.h"

#include <map>

namespace kafka::api {
namespace {

using namespace wire::alter_replica_log_dirs;
using wire::ErrorCode;

/// By topic and partition the directory that is asked for: the last one, where there are several.
using Wanted = std::map<std::string_view, std::map<int32_t, std::string_view>>;

Wanted wanted(const Request& request) {
    Wanted paths;
    for (const AlterReplicaLogDir& dir : request.dirs)
        for (const AlterReplicaLogDirTopic& topic : dir.topics)
            for (const int32_t index : topic.partitions) paths[topic.name][index] = dir.path;
    return paths;
}

ErrorCode moved(const log::Topic* topic, int32_t index, bool to_where_the_log_is) {
    if (!to_where_the_log_is) return ErrorCode::log_dir_not_found;
    const bool there = topic && topic->partition(index);
    return there ? ErrorCode::none : ErrorCode::unknown_topic_or_partition;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const std::string only_path = pg::data_directory();
    Response response;
    for (const auto& [name, partitions] : wanted(request)) {
        const log::Topic* topic = broker.catalog.find(name);
        auto& result = response.results.emplace_back(AlterReplicaLogDirTopicResult{std::string(name), {}});
        for (const auto& [index, path] : partitions)
            result.partitions.push_back({index, moved(topic, index, path == only_path)});
    }
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const auto& [name, partitions] : wanted(request)) {
        auto& result = response.results.emplace_back(AlterReplicaLogDirTopicResult{std::string(name), {}});
        for (const auto& [index, path] : partitions) result.partitions.push_back({index, error});
    }
    return response;
}

} // namespace kafka::api
