// Any request answered with an error in its own shape.
#pragma once
#include "api/call.h"
#include "pg/error.h"
#include "wire/errors.h"

namespace kafka::api {

/// The response of this request's API and version that says nothing but `error`, except where a part of the request is
/// stored already: were that refused, clients would send it again.
wire::Response refuse(Call& call, wire::ErrorCode error);

/// The code that tells a client what an error of the database means for it: all of them can be tried again.
wire::ErrorCode error_for(const pg::Error& error);
/// The same for requests to the group coordinator, whose clients know another error for it: NOT_COORDINATOR lets all of them
/// look for it and try again, while COORDINATOR_NOT_AVAILABLE ends Java's consumers before 3.9 where they fetch offsets.
wire::ErrorCode for_groups(wire::ErrorCode error);
/// The response to such a request that has one error for all of it, and says nothing else.
template <class Response> Response refusal_for_groups(wire::ErrorCode error) {
    Response response;
    response.error_code = for_groups(error);
    return response;
}

} // namespace kafka::api
