// See dispatch.h.
#include "worker/dispatch.h"

#include "api/handlers.h"
#include "api/refuse.h"
#include "pg/process.h"

namespace kafka::worker {
namespace {

/// A Produce with acks=0 gets none, whatever happens.
bool expects_response(const wire::Request& request) {
    const auto* produce = std::get_if<wire::produce::Request>(&request);
    return !produce || produce->acks != 0;
}

void refuse(api::Broker& broker, api::Call& call, const pg::Error& error) {
    if (!error.lock_not_available()) broker.distrust_tables();
    pg::log(pg::Level::warning,
            std::string("pg_kafka could not handle a ") + wire::api_of(call.request()).name +
                " request: " + error.what(),
            error.detail, error.hint);
    if (!expects_response(call.request())) {
        broker.replies.push_back(std::move(call).close("the records could not be stored"));
        return;
    }
    wire::Response response = api::refuse(call, api::error_for(error));
    broker.answer(std::move(call), std::move(response));
}

/// Runs a step of a handler; if the database fails it while it still holds its call, the request is refused.
template <class Step> void guarded(api::Broker& broker, api::Call& call, Step step) {
    try {
        step();
    } catch (const pg::Error& error) {
        if (call.pending()) refuse(broker, call, error);
    }
}

} // namespace

void dispatch(api::Broker& broker, api::Call call) {
    guarded(broker, call,
            [&] { std::visit([&](auto& request) { api::handle(broker, call, request); }, call.request()); });
}

void resume(api::Broker& broker, api::PendingFetch fetch) {
    guarded(broker, fetch.call, [&] { api::resume(broker, fetch); });
}

} // namespace kafka::worker
