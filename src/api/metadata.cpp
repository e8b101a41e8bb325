// Metadata: the broker, and the topics asked for or all of them.
//
// A topic that does not exist is created if the request, the setting pg_kafka.auto_create_topics and its name
// allow it. Unlike Kafka, which creates in the background and lets the client ask again, the answer has the
// topic already. The topics of Kafka's own coordinators are never created here. A topic that is asked for
// twice is answered once.
//
// v0 an empty list means all topics; v1 null means all, controller and is_internal; v2 cluster id; v4 the
// client's say in auto-creation; v5 offline replicas; v7 leader epoch; v8 authorized operations (KIP-430), of
// the cluster up to v10; v9 flexible; v10 topic ids in the response (KIP-516); v12 topics asked for by id,
// and then names in the same request do not count; v13 an error for the whole response (KIP-1102).
#include "api/cluster.h"
#include "api/handlers.h"

#include <algorithm>
#include <set>

namespace kafka::api {
namespace {

using namespace wire::metadata;
using wire::ErrorCode;

constexpr int16_t first_version_with_null_for_all = 1, first_version_by_id = 12;

// Topics in the response ------------------------------------------------------------------------------------

MetadataResponseTopic missing(std::string name, ErrorCode error, bool with_operations) {
    MetadataResponseTopic topic;
    topic.error_code = error;
    topic.is_internal = log::is_internal_topic(name);
    topic.name = std::move(name);
    if (with_operations) topic.topic_authorized_operations = operations::on_topic;
    return topic;
}

MetadataResponseTopic unknown(const wire::Uuid& id) {
    MetadataResponseTopic topic;
    topic.error_code = ErrorCode::unknown_topic_id;
    topic.name = std::nullopt;
    topic.topic_id = id;
    return topic;
}

MetadataResponseTopic describe(const Broker& broker, const log::Topic& known, bool with_operations) {
    MetadataResponseTopic topic = missing(known.name, ErrorCode::none, with_operations);
    topic.topic_id = known.id;
    const int32_t node = broker.settings.node_id;
    for (const log::Partition& p : known.partitions) {
        MetadataResponsePartition& partition = topic.partitions.emplace_back();
        partition.partition_index = p.index;
        partition.leader_id = node;
        partition.leader_epoch = broker.leader_epoch;
        partition.replica_nodes = {node};
        partition.isr_nodes = {node};
    }
    return topic;
}

// Looking topics up -----------------------------------------------------------------------------------------

/// Topics that there may be at the end of a request that creates some: one request must not hold up the others for long.
size_t most_topics_after(const Broker& broker) {
    return broker.catalog.topics().size() + size_t(log::max_partitions / broker.settings.default_partitions);
}

bool may_create(Broker& broker, const std::string& name, const Request& request, size_t most_topics) {
    return request.allow_auto_topic_creation && broker.catalog.topics().size() < most_topics &&
           broker.settings.auto_create_topics && !log::is_internal_topic(name) &&
           !log::is_reserved_topic(name) && !broker.catalog.find_colliding(name) &&
           !broker.no_room_for(broker.settings.default_partitions);
}

void create_if_missing(Broker& broker, const std::string& name, const Request& request, size_t most_topics) {
    if (log::topic_name_problem(name) || broker.catalog.find(name) ||
        !may_create(broker, name, request, most_topics))
        return;
    store::TopicRow row;
    row.name = name;
    row.log_start_offsets.resize(size_t(broker.settings.default_partitions));
    try {
        if (!broker.create_topic(std::move(row)))
            broker.reload_catalog(); // somebody has created it by SQL in this moment
    } catch (const pg::Error& error) {
        broker.log_failure("create topic \"" + name + "\"", error);
    }
}

/// How far a request has come whose topics take several turns to create.
struct Progress {
    std::optional<size_t> most_topics; ///< that there may be at its end
    size_t topics = 0;                 ///< of the request that are there now, or could not be created
};

/// False if this turn has done enough before the end.
bool create_missing(Broker& broker, const Request& request, Progress& done) {
    if (!done.most_topics) done.most_topics = most_topics_after(broker);
    for (; done.topics < request.topics->size(); done.topics++) {
        if (broker.changed_enough_topics()) return false;
        create_if_missing(broker, *(*request.topics)[done.topics].name, request, *done.most_topics);
    }
    return true;
}

/// Clients try again, and again, what they take for a topic that is about to be created.
ErrorCode why_missing(Broker& broker, const Request& request) {
    const bool wanted = request.allow_auto_topic_creation && broker.settings.auto_create_topics;
    return wanted && broker.no_room_for(broker.settings.default_partitions)
               ? ErrorCode::policy_violation
               : ErrorCode::unknown_topic_or_partition;
}

MetadataResponseTopic look_up(Broker& broker, const std::string& name, const Request& request) {
    const bool with_operations = request.include_topic_authorized_operations;
    if (log::topic_name_problem(name))
        return missing(name, ErrorCode::invalid_topic_exception, with_operations);
    const log::Topic* topic = broker.catalog.find(name);
    return topic ? describe(broker, *topic, with_operations)
                 : missing(name, why_missing(broker, request), with_operations);
}

MetadataResponseTopic look_up(const Broker& broker, const wire::Uuid& id, const Request& request) {
    const log::Topic* topic = broker.catalog.find(id);
    return topic ? describe(broker, *topic, request.include_topic_authorized_operations) : unknown(id);
}

void add_all(const Broker& broker, const Request& request, Response& response) {
    for (const auto& [name, topic] : broker.catalog.topics())
        response.topics.push_back(describe(broker, *topic, request.include_topic_authorized_operations));
}

void add_by_id(const Broker& broker, const Request& request, Response& response) {
    std::set<wire::Uuid> answered{no_topic_id};
    for (const MetadataRequestTopic& asked : *request.topics)
        if (answered.insert(asked.topic_id).second)
            response.topics.push_back(look_up(broker, asked.topic_id, request));
}

void add_by_name(Broker& broker, const Request& request, Response& response) {
    std::set<std::string> answered;
    for (const MetadataRequestTopic& asked : *request.topics)
        if (answered.insert(*asked.name).second)
            response.topics.push_back(look_up(broker, *asked.name, request));
}

// The request -----------------------------------------------------------------------------------------------

/// Ids need v12, and who asks for no id must give names.
bool is_malformed(const Request& request, int16_t version, bool by_id) {
    if (!request.topics) return false;
    if (by_id) return version < first_version_by_id;
    return std::any_of(request.topics->begin(), request.topics->end(),
                       [](const MetadataRequestTopic& asked) { return !asked.name; });
}

bool asks_by_id(const Request& request) {
    return request.topics &&
           std::any_of(request.topics->begin(), request.topics->end(),
                       [](const MetadataRequestTopic& asked) { return asked.topic_id != no_topic_id; });
}

Response describe_cluster(const Broker& broker, const Call& call, const Request& request) {
    const net::Address address = broker.advertised_address(call);
    Response response;
    MetadataResponseBroker& node = response.brokers.emplace_back();
    node.node_id = broker.settings.node_id;
    node.host = address.host;
    node.port = address.port;
    response.cluster_id = broker.cluster_id;
    response.controller_id = broker.settings.node_id;
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = operations::on_cluster;
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    const int16_t version = call.version();
    const bool by_id = asks_by_id(request);
    if (is_malformed(request, version, by_id))
        return broker.answer(std::move(call), refuse(request, version, ErrorCode::invalid_request));

    const bool all =
        !request.topics || (version < first_version_with_null_for_all && request.topics->empty());
    if (!all && !by_id && !create_missing(broker, request, call.progress<Progress>()))
        return broker.postpone(std::move(call));
    Response response = describe_cluster(broker, call, request);
    if (all)
        add_all(broker, request, response);
    else if (by_id)
        add_by_id(broker, request, response);
    else
        add_by_name(broker, request, response);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    response.error_code = error;
    if (!request.topics) return response;
    for (const MetadataRequestTopic& asked : *request.topics) {
        MetadataResponseTopic& refused = response.topics.emplace_back();
        refused.error_code = error;
        refused.name = asked.name.value_or(""); // not nullable before v12
        refused.topic_id = asked.topic_id;
    }
    return response;
}

} // namespace kafka::api
