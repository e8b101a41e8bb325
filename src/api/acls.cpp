// DescribeAcls, CreateAcls, DeleteAcls: there is no authorizer yet, which is what clients are told, as by a Kafka without one.
// Whatever the filters and the ACLs may be: Kafka closes the connection where an element of them is of the type UNKNOWN.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {
namespace {

using wire::ErrorCode;

constexpr const char* no_authorizer = "No authorizer is configured";

} // namespace

void handle(Broker& broker, Call& call, wire::describe_acls::Request& request) {
    auto response = refuse(request, call.version(), ErrorCode::security_disabled);
    response.error_message = no_authorizer;
    broker.answer(std::move(call), std::move(response));
}

void handle(Broker& broker, Call& call, wire::create_acls::Request& request) {
    auto response = refuse(request, call.version(), ErrorCode::security_disabled);
    for (auto& result : response.results) result.error_message = no_authorizer;
    broker.answer(std::move(call), std::move(response));
}

void handle(Broker& broker, Call& call, wire::delete_acls::Request& request) {
    auto response = refuse(request, call.version(), ErrorCode::security_disabled);
    for (auto& result : response.filter_results) result.error_message = no_authorizer;
    broker.answer(std::move(call), std::move(response));
}

wire::describe_acls::Response refuse(const wire::describe_acls::Request&, int16_t, ErrorCode error) {
    wire::describe_acls::Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

wire::create_acls::Response refuse(const wire::create_acls::Request& request, int16_t, ErrorCode error) {
    wire::create_acls::Response response;
    response.results.assign(request.creations.size(), {error, std::nullopt});
    return response;
}

wire::delete_acls::Response refuse(const wire::delete_acls::Request& request, int16_t, ErrorCode error) {
    wire::delete_acls::Response response;
    response.filter_results.assign(request.filters.size(), {error, std::nullopt, {}});
    return response;
}

} // namespace kafka::api
