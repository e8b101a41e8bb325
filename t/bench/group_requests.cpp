// See group_requests.h.
#include "group_requests.h"

#include "topic.h"

#include <cstdio>
#include <thread>

namespace bench {
namespace {

constexpr size_t groups_at_once = 1000;

wire::offset_fetch::Request fetch_request(const std::string& group, const std::string& topic,
                                          int32_t partition) {
    wire::offset_fetch::Request request;
    request.group_id = group;
    request.topics->push_back({topic, {}, {partition}});
    return request;
}

bool has_coordinator(Connection& connection, const std::string& group) {
    wire::find_coordinator::Request request;
    request.key = group;
    if (ask(connection, request).error_code != wire::ErrorCode::none) return false;
    return ask(connection, fetch_request(group, "", 0)).error_code == wire::ErrorCode::none;
}

} // namespace

void await_coordinators(const std::string& bootstrap, std::span<const std::string> groups) {
    Connection connection(bootstrap);
    for (const std::string& group : groups)
        for (int tries = 0; !has_coordinator(connection, group); tries++) {
            if (tries == 3000) throw std::runtime_error("a group gets no coordinator");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
}

wire::offset_commit::Request commit_request(const std::string& group, const std::string& topic,
                                            int32_t partition, int64_t offset) {
    wire::offset_commit::Request request;
    request.group_id = group;
    auto& committed = request.topics.emplace_back();
    committed.name = topic;
    committed.partitions.push_back({partition, offset});
    return request;
}

void check_committed(View response) {
    for (const auto& topic : decode<wire::offset_commit::Request>(response).topics)
        for (const auto& partition : topic.partitions) check(partition.error_code, "commit offsets");
}

int64_t committed_offset(Connection& connection, const std::string& group, const std::string& topic,
                         int32_t partition) {
    const auto response = ask(connection, fetch_request(group, topic, partition));
    check(response.error_code, "fetch offsets");
    const auto& fetched = response.topics.at(0).partitions.at(0);
    check(fetched.error_code, "fetch offsets");
    return fetched.committed_offset;
}

GroupNames::GroupNames(const std::string& bootstrap, int count) : bootstrap_(bootstrap) {
    for (int i = 0; i < count; i++) names_.push_back(new_name());
}

GroupNames::~GroupNames() {
    try {
        Connection connection(bootstrap_);
        for (size_t at = 0; at < names_.size(); at += groups_at_once) {
            const auto first = names_.begin() + ptrdiff_t(at);
            wire::delete_groups::Request request;
            request.groups_names.assign(first,
                                        first + ptrdiff_t(std::min(groups_at_once, names_.size() - at)));
            for (const auto& result : ask(connection, request).results)
                if (result.error_code != wire::ErrorCode::group_id_not_found)
                    check(result.error_code, "delete groups");
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench: groups stay: %s\n", e.what());
    }
}

} // namespace bench
