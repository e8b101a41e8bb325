// AlterClientQuotas: client quotas are refused, since nothing here would enforce them. To remove one that is not there succeeds, as in
// Kafka.
#include "api/handlers.h"

#include <algorithm>

namespace kafka::api {
namespace {

using namespace wire::alter_client_quotas;
using wire::ErrorCode;

ResponseEntry answered(const RequestEntry& asked) {
    const bool sets =
        std::any_of(asked.ops.begin(), asked.ops.end(), [](const OpData& op) { return !op.remove; });
    if (!sets) return {ErrorCode::none, std::nullopt, asked.entity};
    return {ErrorCode::invalid_request, "This broker has no client quotas", asked.entity};
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    Response response;
    for (const RequestEntry& asked : request.entries) response.entries.push_back(answered(asked));
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const RequestEntry& asked : request.entries)
        response.entries.push_back({error, "The quotas could not be changed", asked.entity});
    return response;
}

} // namespace kafka::api
