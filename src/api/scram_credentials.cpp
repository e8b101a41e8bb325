// DescribeUserScramCredentials, AlterUserScramCredentials: clients do not authenticate, so no credentials are stored, and to set
// one is refused: nobody shall believe that a password protects anything. What is wrong with a request in itself is said first.
// As in Kafka each user is answered once, and may be named once in a request.
#include "api/handlers.h"

#include <map>

namespace kafka::api {
namespace {

using namespace wire::alter_user_scram_credentials;
using wire::ErrorCode;

/// Bounds of both mechanisms, KIP-554.
constexpr int32_t min_iterations = 4096, max_iterations = 16384;

struct Refusal {
    ErrorCode error;
    const char* message;
};

std::optional<Refusal> wrong_with(const std::string& user, int8_t mechanism) {
    if (user.empty()) return Refusal{ErrorCode::unacceptable_credential, "A user has to have a name"};
    if (mechanism != 1 && mechanism != 2)
        return Refusal{ErrorCode::unsupported_sasl_mechanism, "There is no such SCRAM mechanism"};
    return std::nullopt;
}

std::optional<Refusal> wrong_with(const ScramCredentialDeletion& deletion) {
    if (const auto wrong = wrong_with(deletion.name, deletion.mechanism)) return wrong;
    return Refusal{ErrorCode::resource_not_found, "The user has no such credential"};
}

std::optional<Refusal> wrong_with(const ScramCredentialUpsertion& upsertion) {
    if (const auto wrong = wrong_with(upsertion.name, upsertion.mechanism)) return wrong;
    if (upsertion.iterations < min_iterations)
        return Refusal{ErrorCode::unacceptable_credential, "At least 4096 iterations are needed"};
    if (upsertion.iterations > max_iterations)
        return Refusal{ErrorCode::unacceptable_credential, "At most 16384 iterations are allowed"};
    return std::nullopt;
}

/// What is wrong with what is asked for each user; nothing where Kafka would do it.
std::map<std::string, std::optional<Refusal>> wrong_by_user(const Request& request) {
    std::map<std::string, std::optional<Refusal>> users;
    const auto look_at = [&](const auto& alteration) {
        const auto [user, first] = users.try_emplace(alteration.name, wrong_with(alteration));
        if (!first && !user->second)
            user->second = {ErrorCode::duplicate_resource, "The user is named more than once"};
    };
    for (const ScramCredentialDeletion& deletion : request.deletions) look_at(deletion);
    for (const ScramCredentialUpsertion& upsertion : request.upsertions) look_at(upsertion);
    return users;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    constexpr Refusal not_here{ErrorCode::unsupported_sasl_mechanism,
                               "This broker does not authenticate its clients, and stores no credentials"};
    Response response;
    for (const auto& [user, wrong] : wrong_by_user(request)) {
        const Refusal refusal = wrong.value_or(not_here);
        response.results.push_back({user, refusal.error, refusal.message});
    }
    broker.answer(std::move(call), std::move(response));
}

void handle(Broker& broker, Call& call, wire::describe_user_scram_credentials::Request& request) {
    std::map<std::string, int> mentions;
    if (request.users)
        for (const auto& user : *request.users) mentions[user.name]++;
    wire::describe_user_scram_credentials::Response response;
    for (const auto& [user, count] : mentions)
        if (count > 1)
            response.results.push_back(
                {user, ErrorCode::duplicate_resource, "The user is named more than once", {}});
        else
            response.results.push_back(
                {user, ErrorCode::resource_not_found, "The user has no credentials", {}});
    broker.answer(std::move(call), std::move(response));
}

Response refuse(const Request& request, int16_t, ErrorCode error) {
    Response response;
    for (const auto& [user, wrong] : wrong_by_user(request))
        response.results.push_back({user, error, std::nullopt});
    return response;
}

wire::describe_user_scram_credentials::Response refuse(const wire::describe_user_scram_credentials::Request&,
                                                       int16_t, ErrorCode error) {
    wire::describe_user_scram_credentials::Response response;
    response.error_code = error;
    response.error_message = std::nullopt;
    return response;
}

} // namespace kafka::api
