// See dispatch.h.
#include "worker/dispatch.h"

#include "api/handlers.h"
#include "api/refuse.h"
#include "pg/process.h"

namespace kafka::worker {
namespace {

void refuse(api::Broker& broker, api::Call& call, const pg::Error& error) {
    if (!error.lock_not_available()) broker.distrust_tables();
    pg::log(pg::Level::warning,
            std::string("pg_kafka could not handle a ") + wire::api_of(call.request()).name +
                " request: " + error.what(),
            error.detail, error.hint);
    wire::Response response = api::refuse(call.request(), call.version(), api::error_for(error));
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
