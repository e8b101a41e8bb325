// FindCoordinator: the one broker coordinates every group and transactional id.
//
// v1 key type and error message; v3 flexible; v4 several keys in one request (KIP-699); v5 an error code of
// transactions, never needed.
//
// Not implemented: v6, share groups (KIP-932), whose coordinator only other brokers look for: their key type
// is refused as one that does not exist.
#include "api/handlers.h"

namespace kafka::api {
namespace {

using namespace wire::find_coordinator;
using wire::ErrorCode;

constexpr int16_t first_version_with_keys = 4;
enum KeyType : int8_t { group = 0, transaction = 1 };

Coordinator nobody(std::string key, ErrorCode error, const char* message) {
    Coordinator coordinator;
    coordinator.key = std::move(key);
    coordinator.node_id = -1;
    coordinator.port = -1;
    coordinator.error_code = error;
    coordinator.error_message = message;
    return coordinator;
}

Coordinator find(const Broker& broker, const Call& call, int8_t type, std::string key) {
    if (type != group && type != transaction)
        return nobody(std::move(key), ErrorCode::invalid_request,
                      "Only groups and transactional ids have a coordinator here");
    const net::Address address = broker.advertised_address(call);
    Coordinator coordinator;
    coordinator.key = std::move(key);
    coordinator.node_id = broker.settings.node_id;
    coordinator.host = address.host;
    coordinator.port = address.port;
    return coordinator;
}

/// Before v4 the one coordinator stands at the top of the response.
Response at_the_top(Coordinator coordinator) {
    Response response;
    response.error_code = coordinator.error_code;
    response.error_message = coordinator.error_message;
    response.node_id = coordinator.node_id;
    response.host = std::move(coordinator.host);
    response.port = coordinator.port;
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response;
    if (call.version() < first_version_with_keys) {
        response = at_the_top(find(broker, call, request.key_type, std::move(request.key)));
    } else {
        for (std::string& key : request.coordinator_keys)
            response.coordinators.push_back(find(broker, call, request.key_type, std::move(key)));
    }
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t version, ErrorCode error) {
    constexpr const char* message = "The coordinator could not be found";
    if (version < first_version_with_keys) return at_the_top(nobody(request.key, error, message));
    Response response;
    for (const std::string& key : request.coordinator_keys)
        response.coordinators.push_back(nobody(key, error, message));
    return response;
}

} // namespace kafka::api
