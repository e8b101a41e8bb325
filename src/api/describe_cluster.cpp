// DescribeCluster: the cluster's id and its one broker, which is also its controller (KIP-700).
//
// v1 endpoint type (KIP-919): brokers only; controllers are not to be found at this listener; v2 fenced
// brokers (KIP-1073), of which there are none.
#include "api/cluster.h"
#include "api/handlers.h"

namespace kafka::api {
namespace {

using namespace wire::describe_cluster;
using wire::ErrorCode;

constexpr int8_t brokers = 1, controllers = 2;

ErrorCode endpoint_error(int8_t type) {
    if (type == brokers) return ErrorCode::none;
    return type == controllers ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
}

Response failed(ErrorCode error, std::string message) {
    Response response;
    response.error_code = error;
    response.error_message = std::move(message);
    return response;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    if (const ErrorCode error = endpoint_error(request.endpoint_type); error != ErrorCode::none)
        return broker.answer(std::move(call),
                             failed(error, "Only brokers (endpoint type 1) can be asked for here"));
    const net::Address address = broker.advertised_address(call);
    Response response;
    response.cluster_id = broker.cluster_id;
    response.controller_id = broker.settings.node_id;
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = operations::on_cluster;
    DescribeClusterBroker& node = response.brokers.emplace_back();
    node.broker_id = broker.settings.node_id;
    node.host = address.host;
    node.port = address.port;
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request&, int16_t, ErrorCode error) {
    return failed(error, "The cluster could not be described");
}

} // namespace kafka::api
