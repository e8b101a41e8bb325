// Any request answered with an error in its own shape.
#pragma once
#include "pg/error.h"
#include "wire/errors.h"
#include "wire/requests.h"

namespace kafka::api {

/// The response of this request's API and version that says nothing but `error`.
wire::Response refuse(const wire::Request& request, int16_t version, wire::ErrorCode error);

/// The code that tells a client what an error of the database means for it: all of them can be tried again.
wire::ErrorCode error_for(const pg::Error& error);

} // namespace kafka::api
