// From a call to its handler. Main thread only.
#pragma once
#include "api/broker.h"

namespace kafka::worker {

/// Has the call handled. An error from the database refuses this request and no other.
void dispatch(api::Broker& broker, api::Call call);

/// Looks again at a fetch that waited; an error from the database refuses it.
void resume(api::Broker& broker, api::PendingFetch fetch);

} // namespace kafka::worker
