// CreateDelegationToken, RenewDelegationToken, ExpireDelegationToken, DescribeDelegationToken: a token stands for somebody who has
// authenticated, which nobody does here. All are refused, as by a Kafka on connections without authentication.
#include "api/handlers.h"
#include "api/refuse.h"

namespace kafka::api {
namespace {

using wire::ErrorCode;

/// A client that has not authenticated, in Kafka's words.
constexpr const char* user = "User";
constexpr const char* anonymous = "ANONYMOUS";

/// Stands for the times of a token that there is not.
constexpr int64_t no_time = -1;

template <class Request> void refuse_token(Broker& broker, Call& call, const Request& request) {
    broker.answer(std::move(call),
                  refuse(request, call.version(), ErrorCode::delegation_token_request_not_allowed));
}

} // namespace

void handle(Broker& broker, Call& call, wire::create_delegation_token::Request& request) {
    refuse_token(broker, call, request);
}
void handle(Broker& broker, Call& call, wire::renew_delegation_token::Request& request) {
    refuse_token(broker, call, request);
}
void handle(Broker& broker, Call& call, wire::expire_delegation_token::Request& request) {
    refuse_token(broker, call, request);
}
void handle(Broker& broker, Call& call, wire::describe_delegation_token::Request& request) {
    refuse_token(broker, call, request);
}

wire::create_delegation_token::Response refuse(const wire::create_delegation_token::Request& request, int16_t,
                                               ErrorCode error) {
    const bool for_another = !request.owner_principal_name.value_or("").empty();
    wire::create_delegation_token::Response response;
    response.error_code = error;
    response.principal_type = for_another ? request.owner_principal_type.value_or(user) : user;
    response.principal_name = for_another ? *request.owner_principal_name : anonymous;
    response.token_requester_principal_type = user;
    response.token_requester_principal_name = anonymous;
    response.issue_timestamp_ms = response.expiry_timestamp_ms = response.max_timestamp_ms = no_time;
    return response;
}

wire::renew_delegation_token::Response refuse(const wire::renew_delegation_token::Request&, int16_t,
                                              ErrorCode error) {
    return {error, no_time};
}

wire::expire_delegation_token::Response refuse(const wire::expire_delegation_token::Request&, int16_t,
                                               ErrorCode error) {
    return {error, no_time};
}

wire::describe_delegation_token::Response refuse(const wire::describe_delegation_token::Request&, int16_t,
                                                 ErrorCode error) {
    wire::describe_delegation_token::Response response;
    response.error_code = error;
    return response;
}

} // namespace kafka::api
