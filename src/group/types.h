// What the group coordinator is made of: who asks, what time it is, what it may look up, the rows that it
// stores and the answers that it gives. Pure; main thread only.
//
// A request names its caller by a ticket and is answered by a Reply to that ticket, in the same call or in a
// later one: whoever waits for other members has no reply yet. Rows mirror tables. Groups change what is
// stored of them by apply(row) alone, live as well as at start, so that the tables always say the same as
// memory once the turn's transaction has committed.
//
// Two kinds of time: timers run by the steady clock; what is stored bears wall-clock milliseconds since 1970.
#pragma once
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kafka::group {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;
using wire::ErrorCode;

/// Bytes that are kept and sent, and never looked into by a classic group: metadata, assignments. Null: none.
using Bytes = std::shared_ptr<const std::string>;

Bytes copy_bytes(wire::View bytes);        ///< null for none
wire::Slice slice_of(const Bytes& bytes);  ///< keeps them alive
wire::View view_of(const Bytes& bytes);    ///< empty for null
bool same(const Bytes& a, const Bytes& b); ///< the same bytes

struct Now {
    Time time;      ///< for timers
    int64_t ms = 0; ///< wall clock, for what is stored
};

/// A request that is to be answered. The api floor makes the number and knows whom it stands for; none is
/// given out twice.
using Ticket = uint64_t;

struct Client {
    std::string id;   ///< client.id
    std::string host; ///< "/192.0.2.1", as Kafka shows it
};

struct Caller {
    Ticket ticket = 0;
    Client client;
    int16_t version = 0; ///< of the request
};

/// Which groups with members may change from one protocol to the other. Groups without members always may.
enum class MigrationPolicy { disabled, upgrade, downgrade, bidirectional };

/// What is set for one group; where nothing is, the broker's settings hold.
struct GroupConfig {
    std::optional<int32_t> session_timeout_ms, heartbeat_interval_ms;
    bool operator==(const GroupConfig&) const = default;
};
/// By group id.
using GroupConfigs = std::map<std::string, GroupConfig, std::less<>>;

/// Kafka's broker settings for groups, with its defaults, and the configs of groups.
struct Settings {
    int32_t group_min_session_timeout_ms = 6'000;
    int32_t group_max_session_timeout_ms = 1'800'000;
    int32_t group_max_size = std::numeric_limits<int32_t>::max();
    int32_t group_initial_rebalance_delay_ms = 3'000;
    int32_t group_consumer_heartbeat_interval_ms = 5'000;
    int32_t group_consumer_min_heartbeat_interval_ms = 5'000;
    int32_t group_consumer_max_heartbeat_interval_ms = 15'000;
    int32_t group_consumer_session_timeout_ms = 45'000;
    int32_t group_consumer_min_session_timeout_ms = 45'000;
    int32_t group_consumer_max_session_timeout_ms = 60'000;
    int32_t group_consumer_max_size = std::numeric_limits<int32_t>::max();
    std::vector<std::string> group_consumer_assignors{"uniform", "range"}; ///< the first is the default
    MigrationPolicy group_consumer_migration_policy = MigrationPolicy::bidirectional;
    int32_t offsets_retention_minutes = 10'080;
    int32_t offset_metadata_max_bytes = 4'096;
    GroupConfigs group_configs;
};

/// What groups need to know of a topic.
struct TopicInfo {
    wire::Uuid id{};
    wire::View name; ///< valid until the catalog changes
    int32_t partitions = 0;
};

/// The way to the catalog.
struct TopicLookup {
    std::function<std::optional<TopicInfo>(wire::View name)> by_name;
    std::function<std::optional<TopicInfo>(const wire::Uuid& id)> by_id;
    /// Visits the topics that were added after the one of this number (0: all); the number of the newest.
    std::function<uint64_t(uint64_t after, const std::function<void(const TopicInfo&)>& visit)> each_newer;
    uint64_t changes = 0; ///< grows when topics come, go or get partitions
};

enum class GroupType { classic, consumer };

// The rows. Each is an upsert by its key, or, when `removed`, takes away what has that key; then only the key
// counts.

/// A row of kafka.consumer_group, keyed by group_id. A group that only ever stored offsets has one, too: classic, with
/// epoch 0 and an empty protocol type. Removing it removes the group's members and offsets as well.
struct GroupRow {
    std::string group_id;
    bool removed = false;
    GroupType type = GroupType::classic;
    int32_t epoch = 0;                   ///< classic: the generation; consumer: the group epoch
    std::string protocol_type;           ///< "consumer", "connect", ...; empty: nobody has ever joined
    std::optional<std::string> protocol; ///< classic: the chosen one. Null: no members
    std::optional<std::string> leader;   ///< classic: its member id. Null: no members
    int64_t state_timestamp_ms = -1;     ///< when it got into its stored state: Empty, or Stable
    int32_t assignment_epoch = 0;        ///< consumer: of the target assignment
    int64_t metadata_hash = 0;           ///< consumer: of the topics that it subscribes to
    bool operator==(const GroupRow&) const = default;
};

/// One way in which a classic member can take part, the preferred one first.
struct Protocol {
    std::string name;
    Bytes metadata;
    bool operator==(const Protocol& other) const {
        return name == other.name && same(metadata, other.metadata);
    }
};

struct TopicPartitions {
    wire::Uuid topic_id{};
    std::vector<int32_t> partitions; ///< ascending
    bool operator==(const TopicPartitions&) const = default;
};

struct ClassicMember {
    std::vector<Protocol> protocols;
    Bytes assignment; ///< of the stored generation
    /// Of a consumer all protocols bear the same subscription. An empty one if there is none, which is what a row says that somebody
    /// has changed.
    const Protocol& preferred() const;
    bool operator==(const ClassicMember& other) const {
        return protocols == other.protocols && same(assignment, other.assignment);
    }
};

/// A member of a consumer group (KIP-848). Lists of partitions are in the order of the topic ids.
struct ConsumerMember {
    std::vector<std::string> topics; ///< subscribed by name, in order
    std::optional<std::string> topic_regex;
    std::optional<std::string> assignor; ///< server-side. Null: no wish
    int32_t epoch = 0, previous_epoch = -1;
    std::vector<TopicPartitions> assigned;           ///< what it may have at its epoch
    std::vector<TopicPartitions> pending_revocation; ///< what it has to give up first
    std::vector<TopicPartitions> target;             ///< what it gets in the end
    std::optional<ClassicMember> classic; ///< it speaks the classic protocol. Without the assignment
    bool operator==(const ConsumerMember&) const = default;
};

/// A row of kafka.group_member, keyed by group_id and member_id.
struct MemberRow {
    std::string group_id, member_id;
    bool removed = false;
    std::optional<std::string> instance_id; ///< of a static member (KIP-345)
    std::optional<std::string> rack_id;
    std::string client_id, client_host;
    int32_t session_timeout_ms = -1, rebalance_timeout_ms = -1;
    std::variant<ClassicMember, ConsumerMember> state;
    bool operator==(const MemberRow&) const = default;
};

/// A row of kafka.consumer_offset, keyed by group_id, topic_id and partition.
struct OffsetRow {
    std::string group_id;
    wire::Uuid topic_id{};
    int32_t partition = 0;
    bool removed = false;
    int64_t offset = -1;
    int32_t leader_epoch = -1; ///< of the last record read; -1: unknown
    std::string metadata;
    int64_t commit_timestamp_ms = 0;
    int64_t expire_timestamp_ms =
        -1; ///< as a request before v5 asked for; -1: offsets.retention.minutes holds
    bool operator==(const OffsetRow&) const = default;
};

using Row = std::variant<GroupRow, MemberRow, OffsetRow>;

using Response =
    std::variant<wire::join_group::Response, wire::sync_group::Response, wire::heartbeat::Response,
                 wire::leave_group::Response, wire::offset_commit::Response, wire::offset_delete::Response,
                 wire::delete_groups::Response, wire::consumer_group_heartbeat::Response>;

struct Reply {
    Ticket ticket = 0;
    Response response;
};

/// What comes of requests and of time: rows for the turn's transaction, in this order, and replies, which are
/// sent when it has committed.
struct Effects {
    std::vector<Row> rows;
    std::vector<Reply> replies;

    void reply(Ticket ticket, Response response) { replies.push_back({ticket, std::move(response)}); }
    void append(Effects later);
};

/// What everything that happens to a group happens with. Lives as long as the call.
struct Turn {
    Now now;
    const Settings& settings;
    const TopicLookup& topics;
    const std::function<std::string()>& new_id; ///< never the same twice, e.g. a random UUID
    const std::function<bool(const std::string& group_id)>&
        has_pending_offsets; ///< of transactions: then those that the group has do not expire
    Effects& effects;
};

} // namespace kafka::group
