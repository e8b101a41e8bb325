// What DescribeGroups and ConsumerGroupDescribe have in common: an answer of its own for each group.
#pragma once
#include "api/cluster.h"
#include "api/refuse.h"

#include <string>
#include <vector>

namespace kafka::api {

/// Says of the groups that are there what the client may do with them (KIP-430).
template <class Response> void add_operations(Response& response) {
    for (auto& group : response.groups)
        if (group.error_code == wire::ErrorCode::none) group.authorized_operations = operations::on_group;
}

/// Each group with this error.
template <class Response>
Response refuse_each(const std::vector<std::string>& group_ids, wire::ErrorCode error) {
    Response response;
    for (const std::string& id : group_ids) {
        auto& refused = response.groups.emplace_back();
        refused.group_id = id;
        refused.error_code = for_groups(error);
    }
    return response;
}

} // namespace kafka::api
