// CreatePartitions: adds partitions to topics. They are there when the response leaves.
//
// v2 flexible. A topic that is named twice is refused and stays as it is. Manual assignments may name the one broker there is.
//
// Not implemented: timeout_ms.
#include "api/handlers.h"
#include "api/refuse.h"

#include <map>
#include <utility>

namespace kafka::api {
namespace {

using namespace wire::create_partitions;
using wire::ErrorCode;

CreatePartitionsTopicResult failed(const std::string& name, ErrorCode error, std::string message) {
    return {name, error, std::move(message)};
}

std::optional<CreatePartitionsTopicResult> count_problem(const CreatePartitionsTopic& asked,
                                                         int64_t present) {
    const auto invalid = [&](std::string message) {
        return failed(asked.name, ErrorCode::invalid_partitions, std::move(message));
    };
    if (asked.count == present)
        return invalid("The topic has " + std::to_string(present) + " partitions already");
    if (asked.count < present)
        return invalid("The topic has " + std::to_string(present) +
                       " partitions, and they cannot become fewer");
    if (asked.count > log::max_partitions)
        return invalid("A topic may have at most " + std::to_string(log::max_partitions) + " partitions");
    return std::nullopt;
}

std::optional<CreatePartitionsTopicResult> assignment_problem(const CreatePartitionsTopic& asked,
                                                              int64_t added, int32_t node_id) {
    if (!asked.assignments) return std::nullopt;
    const auto invalid = [&](std::string message) {
        return failed(asked.name, ErrorCode::invalid_replica_assignment, std::move(message));
    };
    if (int64_t(asked.assignments->size()) != added)
        return invalid("There are " + std::to_string(asked.assignments->size()) + " assignments for " +
                       std::to_string(added) + " new partitions");
    for (const CreatePartitionsAssignment& a : *asked.assignments)
        if (a.broker_ids != std::vector<int32_t>{node_id})
            return invalid("The only broker there is to assign to is " + std::to_string(node_id));
    return std::nullopt;
}

CreatePartitionsTopicResult add(Broker& broker, const CreatePartitionsTopic& asked, bool validate_only) {
    log::Topic* topic = broker.catalog.find(asked.name);
    if (!topic) return failed(asked.name, ErrorCode::unknown_topic_or_partition, "There is no such topic");
    const int64_t present = int64_t(topic->partitions.size());
    if (auto problem = count_problem(asked, present)) return std::move(*problem);
    if (auto problem = assignment_problem(asked, asked.count - present, broker.settings.node_id))
        return std::move(*problem);
    if (auto problem = broker.no_room_for(asked.count - present))
        return failed(asked.name, ErrorCode::policy_violation, std::move(*problem));
    if (validate_only) return {asked.name, ErrorCode::none, std::nullopt};
    try {
        broker.add_partitions(*topic, asked.count);
    } catch (const pg::Error& error) {
        broker.log_failure("add partitions to topic \"" + asked.name + "\"", error);
        return failed(asked.name, error_for(error), "The partitions could not be stored");
    }
    return {asked.name, ErrorCode::none, std::nullopt};
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;
    size_t topics = 0;                      ///< of the request that are done
    std::map<std::string, int> times_named; ///< 0 for those that have been answered
};

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool add_all(Broker& broker, const Request& request, Progress& done) {
    if (done.topics == 0)
        for (const CreatePartitionsTopic& asked : request.topics) done.times_named[asked.name]++;
    for (; done.topics < request.topics.size(); done.topics++) {
        if (broker.changed_enough_topics()) return false;
        const CreatePartitionsTopic& asked = request.topics[done.topics];
        const int times = std::exchange(done.times_named[asked.name], 0); // each name is answered once
        if (times == 1)
            done.response.results.push_back(add(broker, asked, request.validate_only));
        else if (times > 1)
            done.response.results.push_back(
                failed(asked.name, ErrorCode::invalid_request, "The request names the topic twice"));
    }
    return true;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Progress& done = call.progress<Progress>();
    if (!add_all(broker, request, done)) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const CreatePartitionsTopic& asked : request.topics)
        response.results.push_back(failed(asked.name, error, "The partitions could not be added"));
    return response;
}

} // namespace kafka::api
