// DeleteTopics: a topic is gone from the catalog when the response leaves; the janitor drops its tables
// afterwards.
//
// v4 flexible; v5 error message; v6 by name or by id (KIP-516), exactly one of them. A topic that is asked
// for twice, in whichever way, is refused, answered once, and stays.
//
// Not implemented: timeout_ms.
#include "api/cluster.h"
#include "api/handlers.h"
#include "api/refuse.h"

#include <map>
#include <utility>

namespace kafka::api {
namespace {

using namespace wire::delete_topics;
using wire::ErrorCode;

constexpr int16_t first_version_with_states = 6;

DeletableTopicResult failed(const DeleteTopicState& asked, ErrorCode error, const char* message) {
    DeletableTopicResult result;
    result.name = asked.name;
    result.topic_id = asked.topic_id;
    result.error_code = error;
    result.error_message = message;
    return result;
}

/// What is asked for, in the form of v6.
std::vector<DeleteTopicState> states_of(const Request& request, int16_t version) {
    if (version >= first_version_with_states) return request.topics;
    std::vector<DeleteTopicState> states;
    for (const std::string& name : request.topic_names) states.push_back({name, {}});
    return states;
}

bool names_one_topic(const DeleteTopicState& asked) {
    return asked.name.has_value() != (asked.topic_id != no_topic_id);
}

log::Topic* find(const Broker& broker, const DeleteTopicState& asked) {
    return asked.name ? broker.catalog.find(*asked.name) : broker.catalog.find(asked.topic_id);
}

/// The id of the topic that is meant, or what was asked for if there is none: equal for requests for the same
/// topic.
std::pair<std::string, wire::Uuid> identity(const Broker& broker, const DeleteTopicState& asked) {
    if (const log::Topic* topic = find(broker, asked)) return {"", topic->id};
    return {asked.name.value_or(""), asked.topic_id};
}

DeletableTopicResult remove(Broker& broker, const DeleteTopicState& asked) {
    const ErrorCode unknown =
        asked.name ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id;
    log::Topic* topic = find(broker, asked);
    if (!topic) return failed(asked, unknown, "There is no such topic");
    DeletableTopicResult result;
    result.name = topic->name;
    result.topic_id = topic->id;
    try {
        if (broker.delete_topic(*topic)) return result;
    } catch (const pg::Error& error) {
        broker.log_failure("delete topic \"" + *result.name + "\"", error);
        return failed(asked, error_for(error), "The topic could not be deleted");
    }
    return failed(asked, unknown, "There is no such topic"); // SQL was faster
}

/// How far a request has come that takes several turns.
struct Progress {
    Response response;
    std::vector<DeleteTopicState> states;
    std::vector<std::pair<std::string, wire::Uuid>> identities;    ///< of the states, before any was deleted
    std::map<std::pair<std::string, wire::Uuid>, int> times_asked; ///< 0 for those that have been answered
    size_t topics = 0;                                             ///< of the request that are done
};

void begin(const Broker& broker, const Request& request, int16_t version, Progress& done) {
    done.states = states_of(request, version);
    for (const DeleteTopicState& asked : done.states) {
        done.identities.push_back(identity(broker, asked));
        if (names_one_topic(asked)) done.times_asked[done.identities.back()]++;
    }
}

/// Goes through the request from where it was left. False if this turn has done enough before the end.
bool remove_all(Broker& broker, Progress& done) {
    auto& results = done.response.responses;
    for (; done.topics < done.states.size(); done.topics++) {
        if (broker.changed_enough_topics()) return false;
        const DeleteTopicState& asked = done.states[done.topics];
        if (!names_one_topic(asked)) {
            results.push_back(
                failed(asked, ErrorCode::invalid_request, "A topic is deleted by its name or by its id"));
            continue;
        }
        const int times = std::exchange(done.times_asked[done.identities[done.topics]], 0);
        if (times == 1)
            results.push_back(remove(broker, asked));
        else if (times > 1)
            results.push_back(failed(asked, ErrorCode::invalid_request, "The topic is asked for twice"));
    }
    return true;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Progress& done = call.progress<Progress>();
    if (done.states.empty()) begin(broker, request, call.version(), done);
    if (!remove_all(broker, done)) return broker.postpone(std::move(call));
    Response response = std::move(done.response);
    broker.answer_when_stored(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t version, ErrorCode error) {
    Response response;
    for (const DeleteTopicState& asked : states_of(request, version))
        response.responses.push_back(failed(asked, error, "The topic could not be deleted"));
    return response;
}

} // namespace kafka::api
