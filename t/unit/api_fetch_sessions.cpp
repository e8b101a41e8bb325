// Fetch sessions: how many of them, and of their partitions, are remembered, and which give way to others.
#include "api/fetch_sessions.h"
#include "test.h"

using namespace kafka;
using wire::ErrorCode;

namespace {

using Clock = api::FetchSessions::Clock;
constexpr std::chrono::seconds until_evictable{120};
constexpr int16_t by_name = 12, by_id = 13;

/// A request for that many partitions of one topic.
wire::fetch::Request request(int32_t session_id, int32_t session_epoch, int32_t partitions = 0) {
    wire::fetch::Request request;
    request.session_id = session_id;
    request.session_epoch = session_epoch;
    if (partitions == 0) return request;
    auto& topic = request.topics.emplace_back();
    topic.topic = "orders";
    for (int32_t i = 0; i < partitions; i++) topic.partitions.emplace_back().partition = i;
    return request;
}

/// Sessions and a clock of their own.
struct Sessions {
    api::FetchSessions all;
    Clock::time_point now{};

    std::variant<api::FetchPlan, ErrorCode> resolve(const wire::fetch::Request& asked,
                                                    int16_t version = by_name) {
        return all.resolve(asked, version, now);
    }
    /// Id of a new session; 0 if the client is served without one.
    int32_t open(int32_t partitions = 1) {
        const auto plan = std::get<api::FetchPlan>(resolve(request(0, 0, partitions)));
        CHECK_EQ(plan.partitions.size(), size_t(partitions));
        CHECK(!plan.incremental);
        return plan.session_id;
    }
    ErrorCode error(const wire::fetch::Request& asked, int16_t version = by_name) {
        const auto resolved = resolve(asked, version);
        const auto* error = std::get_if<ErrorCode>(&resolved);
        return error ? *error : ErrorCode::none;
    }
};

constexpr int32_t most = int32_t(api::FetchSessions::max_partitions);

} // namespace

TEST("fetch sessions: past the number of slots a client is served without a session") {
    Sessions sessions;
    sessions.all.set_slots(2);
    const int32_t first = sessions.open(), second = sessions.open();
    CHECK(first != 0 && second != 0 && first != second);
    CHECK_EQ(sessions.open(), 0);
    CHECK_EQ(sessions.all.size(), size_t(2));
    CHECK_EQ(sessions.error(request(first, 1)), ErrorCode::none);
}

TEST("fetch sessions: without slots nobody has a session") {
    Sessions sessions;
    sessions.all.set_slots(0);
    CHECK_EQ(sessions.open(), 0);
    sessions.now += until_evictable;
    CHECK_EQ(sessions.open(), 0);
}

TEST("fetch sessions: fewer slots close none that is in use") {
    Sessions sessions;
    const int32_t first = sessions.open(), second = sessions.open();
    sessions.all.set_slots(1);
    CHECK_EQ(sessions.error(request(first, 1)), ErrorCode::none);
    CHECK_EQ(sessions.error(request(second, 1)), ErrorCode::none);
    CHECK_EQ(sessions.open(), 0);
}

TEST("fetch sessions: the one that has not been used for longest gives way, once it has been idle for long") {
    Sessions sessions;
    sessions.all.set_slots(2);
    const int32_t first = sessions.open();
    sessions.now += std::chrono::seconds(1);
    const int32_t second = sessions.open();
    sessions.now += std::chrono::seconds(1);
    CHECK_EQ(sessions.error(request(first, 1)), ErrorCode::none); // so the second is the older one now
    sessions.now += until_evictable - std::chrono::seconds(2);
    CHECK_EQ(sessions.open(), 0);
    sessions.now += std::chrono::seconds(1);
    const int32_t third = sessions.open();
    CHECK(third != 0);
    CHECK_EQ(sessions.error(request(second, 1)), ErrorCode::fetch_session_id_not_found);
    CHECK_EQ(sessions.error(request(first, 2)), ErrorCode::none);
    CHECK_EQ(sessions.error(request(third, 1)), ErrorCode::none);
    CHECK_EQ(sessions.open(), 0); // both have just been used
}

TEST("fetch sessions: past the number of partitions a client is served without a session") {
    Sessions sessions;
    const int32_t large = sessions.open(most - 2);
    CHECK(large != 0);
    CHECK_EQ(sessions.open(3), 0);
    CHECK(sessions.open(2) != 0);
    CHECK_EQ(sessions.open(1), 0);
    CHECK_EQ(sessions.error(request(large, 1)), ErrorCode::none);
}

TEST("fetch sessions: a request for more partitions than all sessions may have is served without one") {
    Sessions sessions;
    CHECK_EQ(sessions.open(most + 1), 0);
    CHECK_EQ(sessions.all.size(), size_t(0));
    CHECK(sessions.open(most) != 0);
}

TEST("fetch sessions: nobody gives way to a request that has no room even then") {
    Sessions sessions;
    const int32_t idle = sessions.open();
    sessions.now += until_evictable;
    CHECK_EQ(sessions.open(most + 1), 0);
    CHECK_EQ(sessions.error(request(idle, 1)), ErrorCode::none);
}

TEST("fetch sessions: as many idle ones give way as there are partitions needed") {
    Sessions sessions;
    const int32_t oldest = sessions.open(most / 2), next = sessions.open(most / 4),
                  youngest = sessions.open(most / 4);
    CHECK(oldest != 0 && next != 0 && youngest != 0);
    sessions.now += until_evictable;
    CHECK(sessions.open(most / 2 + 1) != 0);
    CHECK_EQ(sessions.error(request(oldest, 1)), ErrorCode::fetch_session_id_not_found);
    CHECK_EQ(sessions.error(request(next, 1)), ErrorCode::fetch_session_id_not_found);
    CHECK_EQ(sessions.error(request(youngest, 1)), ErrorCode::none);
}

TEST("fetch sessions: one that grows past the number of partitions ends, and makes room") {
    Sessions sessions;
    const int32_t large = sessions.open(most - 10), growing = sessions.open(5);
    CHECK_EQ(sessions.error(request(growing, 1, 10)), ErrorCode::none);
    CHECK_EQ(sessions.error(request(growing, 2, 11)), ErrorCode::fetch_session_id_not_found);
    CHECK_EQ(sessions.error(request(growing, 3)), ErrorCode::fetch_session_id_not_found);
    CHECK_EQ(sessions.error(request(large, 1)), ErrorCode::none);
    CHECK(sessions.open(10) != 0);
}

TEST("fetch sessions: partitions that are forgotten, and sessions that are closed, make room") {
    Sessions sessions;
    const int32_t large = sessions.open(most);
    wire::fetch::Request forgetting = request(large, 1);
    auto& forgotten = forgetting.forgotten_topics_data.emplace_back();
    forgotten.topic = "orders";
    for (int32_t i = 0; i < 100; i++) forgotten.partitions.push_back(i);
    CHECK_EQ(std::get<api::FetchPlan>(sessions.resolve(forgetting)).partitions.size(), size_t(most - 100));
    CHECK(sessions.open(100) != 0);
    CHECK_EQ(sessions.open(1), 0);
    CHECK_EQ(sessions.error(request(large, -1)), ErrorCode::none);
    CHECK(sessions.open(most - 100) != 0);
}

TEST("fetch sessions: a partition that is named twice counts once") {
    Sessions sessions;
    wire::fetch::Request twice = request(0, 0, 2);
    twice.topics.push_back(twice.topics.front());
    const int32_t id = std::get<api::FetchPlan>(sessions.resolve(twice)).session_id;
    CHECK_EQ(std::get<api::FetchPlan>(sessions.resolve(request(id, 1))).partitions.size(), size_t(2));
    CHECK(sessions.open(most - 2) != 0);
}

TEST("fetch sessions: each epoch is good once, for names or for ids") {
    Sessions sessions;
    const int32_t id = sessions.open();
    CHECK_EQ(sessions.error(request(id, 2)), ErrorCode::invalid_fetch_session_epoch);
    CHECK_EQ(sessions.error(request(id, 1)), ErrorCode::none);
    CHECK_EQ(sessions.error(request(id, 1)), ErrorCode::invalid_fetch_session_epoch);
    CHECK_EQ(sessions.error(request(id, 2), by_id), ErrorCode::fetch_session_topic_id_error);
    CHECK_EQ(sessions.error(request(id, 2)), ErrorCode::none);
}

TEST("fetch sessions: a partition that got data is served last from then on") {
    Sessions sessions;
    const int32_t id = sessions.open(3);
    auto plan = std::get<api::FetchPlan>(sessions.resolve(request(id, 1)));
    sessions.all.told(id, plan.partitions[0], true);
    sessions.all.told(id, plan.partitions[1], false);
    plan = std::get<api::FetchPlan>(sessions.resolve(request(id, 2)));
    std::vector<int32_t> order;
    for (const api::FetchPartition& p : plan.partitions) order.push_back(p.index);
    CHECK(order == (std::vector<int32_t>{1, 2, 0}));
}
