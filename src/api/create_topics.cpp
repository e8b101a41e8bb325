// CreateTopics: each topic is checked whole before it is made; a bad one does not disturb the others.
//
// Configs are validated as Kafka does, kept, and acted on as far as they have a meaning here. Two configs
// that Kafka 4 no longer knows, but older tools send, are accepted and forgotten. A replication factor above
// 1 is accepted, since tools ask for 3 by habit: the log is replicated as Postgres is, and the response and
// Metadata tell of one replica.
//
// v4 -1 for the default number of partitions and replicas (KIP-464); v5 flexible, the response tells
// partitions, replicas and effective configs (KIP-525); v7 topic id (KIP-516).
//
// Not implemented: timeout_ms; a topic is there when the response leaves.
#include "api/config_resources.h"
#include "api/handlers.h"
#include "api/refuse.h"

#include <map>
#include <set>
#include <utility>

namespace kafka::api {
namespace {

using namespace wire::create_topics;
using wire::ErrorCode;

constexpr int32_t use_default = -1;

/// Why a topic cannot be created.
struct Problem {
    ErrorCode error;
    std::string message;
};
using MaybeProblem = std::optional<Problem>;

CreatableTopicResult failed(const std::string& name, Problem problem) {
    CreatableTopicResult result;
    result.name = name;
    result.error_code = problem.error;
    result.error_message = std::move(problem.message);
    result.configs.emplace(); // not null: there are none to show
    return result;
}

// Checks, in the order in which Kafka makes them ------------------------------------------------------------

Problem exists(const std::string& name) {
    return {ErrorCode::topic_already_exists, "Topic '" + name + "' exists already"};
}

MaybeProblem name_problem(const Broker& broker, const std::string& name) {
    if (log::is_reserved_topic(name))
        return Problem{ErrorCode::invalid_request, "The name belongs to Kafka's controllers"};
    if (auto problem = log::topic_name_problem(name))
        return Problem{ErrorCode::invalid_topic_exception, *problem};
    if (broker.catalog.find(name)) return exists(name);
    if (const log::Topic* other = broker.catalog.find_colliding(name))
        return Problem{ErrorCode::invalid_topic_exception,
                       "The name differs from that of topic '" + other->name + "' only by '.' and '_'"};
    return std::nullopt;
}

/// Configs that Kafka 4 has given up.
bool is_obsolete(std::string_view config) {
    return config == "message.format.version" || config == "message.downconversion.enable";
}

/// What is to be stored. The last value counts where a config is given twice.
log::ConfigOverrides overrides_of(const CreatableTopic& asked) {
    log::ConfigOverrides overrides;
    for (const CreatableTopicConfig& c : asked.configs)
        if (!is_obsolete(c.name)) overrides[c.name] = c.value.value_or("");
    return overrides;
}

MaybeProblem configs_problem(const CreatableTopic& asked) {
    for (const CreatableTopicConfig& c : asked.configs)
        if (!c.value)
            return Problem{ErrorCode::invalid_config, "The topic config " + c.name + " needs a value"};
    const log::ConfigOverrides overrides = overrides_of(asked);
    for (const auto& [name, value] : overrides)
        if (auto problem = log::config_problem(name, value))
            return Problem{ErrorCode::invalid_config, *problem};
    if (auto conflict = log::configs_conflict(overrides))
        return Problem{ErrorCode::invalid_config, *conflict};
    return std::nullopt;
}

MaybeProblem assignment_problem(const CreatableTopic& asked, int32_t node_id) {
    if (asked.replication_factor != use_default || asked.num_partitions != use_default)
        return Problem{ErrorCode::invalid_request,
                       "With assignments, partitions and replication factor must be -1"};
    std::set<int32_t> indexes;
    for (const CreatableReplicaAssignment& a : asked.assignments) {
        if (!indexes.insert(a.partition_index).second)
            return Problem{ErrorCode::invalid_replica_assignment, "A partition is assigned twice"};
        if (a.broker_ids != std::vector<int32_t>{node_id})
            return Problem{ErrorCode::invalid_replica_assignment,
                           "The only broker there is to assign to is " + std::to_string(node_id)};
    }
    if (*indexes.begin() != 0 || *indexes.rbegin() != int32_t(indexes.size()) - 1)
        return Problem{ErrorCode::invalid_replica_assignment, "Partitions are numbered from 0 without a gap"};
    return std::nullopt;
}

MaybeProblem count_problem(const CreatableTopic& asked) {
    if (asked.replication_factor != use_default && asked.replication_factor < 1)
        return Problem{ErrorCode::invalid_replication_factor,
                       "The replication factor must be at least 1, or -1 for the default"};
    if (asked.num_partitions != use_default && asked.num_partitions < 1)
        return Problem{ErrorCode::invalid_partitions,
                       "A topic has at least one partition; -1 stands for the default"};
    return std::nullopt;
}

/// How many partitions the topic is to have; what is not a number of partitions counts for none.
int64_t partitions_of(const Broker& broker, const CreatableTopic& asked) {
    if (!asked.assignments.empty()) return int64_t(asked.assignments.size());
    if (asked.num_partitions == use_default) return broker.settings.default_partitions;
    return std::max(asked.num_partitions, 0);
}

MaybeProblem room_problem(Broker& broker, const CreatableTopic& asked) {
    if (auto problem = broker.no_room_for(partitions_of(broker, asked)))
        return Problem{ErrorCode::policy_violation, std::move(*problem)};
    return std::nullopt;
}

MaybeProblem problem_of(Broker& broker, const CreatableTopic& asked) {
    if (auto problem = name_problem(broker, asked.name)) return problem;
    if (auto problem = configs_problem(asked)) return problem;
    if (auto problem = asked.assignments.empty() ? count_problem(asked)
                                                 : assignment_problem(asked, broker.settings.node_id))
        return problem;
    return room_problem(broker, asked);
}

// Creation --------------------------------------------------------------------------------------------------

std::vector<CreatableTopicConfigs> effective_configs(const Broker& broker,
                                                     const log::ConfigOverrides& overrides) {
    std::vector<CreatableTopicConfigs> all;
    for (DescribedConfig& described : topic_configs(broker, overrides)) {
        CreatableTopicConfigs& config = all.emplace_back();
        config.name = std::move(described.name);
        config.value = std::move(described.value);
        config.config_source = int8_t(described.source);
    }
    return all;
}

CreatableTopicResult create(Broker& broker, const CreatableTopic& asked, bool validate_only) {
    if (auto problem = problem_of(broker, asked)) return failed(asked.name, std::move(*problem));
    store::TopicRow row;
    row.name = asked.name;
    row.log_start_offsets.resize(size_t(partitions_of(broker, asked)));
    row.config = overrides_of(asked);

    CreatableTopicResult result;
    result.name = asked.name;
    result.error_message = std::nullopt;
    result.num_partitions = int32_t(row.log_start_offsets.size());
    result.replication_factor = 1;
    result.configs = effective_configs(broker, row.config);
    if (validate_only) return result;
    try {
        const log::Topic* created = broker.create_topic(std::move(row));
        if (!created) return failed(asked.name, exists(asked.name)); // SQL was faster
        result.topic_id = created->id;
    } catch (const pg::Error& error) {
        broker.log_failure("create topic \"" + asked.name + "\"", error);
        return failed(asked.name, {error_for(error), "The topic could not be stored"});
    }
    return result;
}

Response refuse_all(const Request& request, const Problem& problem) {
    Response response;
    for (const CreatableTopic& asked : request.topics) response.topics.push_back(failed(asked.name, problem));
    return response;
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;
    size_t topics = 0;                      ///< of the request that are done
    std::map<std::string, int> times_named; ///< 0 for those that have been answered
};

std::map<std::string, int> count_names(const Request& request) {
    std::map<std::string, int> times;
    for (const CreatableTopic& asked : request.topics) times[asked.name]++;
    return times;
}

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool create_all(Broker& broker, const Request& request, Progress& done) {
    if (done.topics == 0) done.times_named = count_names(request);
    for (; done.topics < request.topics.size(); done.topics++) {
        if (broker.changed_enough_topics()) return false;
        const CreatableTopic& asked = request.topics[done.topics];
        const int times = std::exchange(done.times_named[asked.name], 0); // each name is answered once
        if (times == 1)
            done.response.topics.push_back(create(broker, asked, request.validate_only));
        else if (times > 1)
            done.response.topics.push_back(
                failed(asked.name, {ErrorCode::invalid_request, "The request names the topic twice"}));
    }
    return true;
}

MaybeProblem size_problem(const Broker& broker, const Request& request) {
    int64_t partitions = 0;
    for (const CreatableTopic& asked : request.topics) partitions += partitions_of(broker, asked);
    if (partitions <= log::max_partitions) return std::nullopt;
    return Problem{ErrorCode::policy_violation,
                   "A request may ask for at most " + std::to_string(log::max_partitions) + " partitions"};
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    if (const auto problem = size_problem(broker, request))
        return broker.answer(std::move(call), refuse_all(request, *problem));
    Progress& done = call.progress<Progress>();
    if (!create_all(broker, request, done)) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    return refuse_all(request, {error, "The topic could not be created"});
}

} // namespace kafka::api
