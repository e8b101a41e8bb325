// See groups.h. A group, once removed, takes its members and offsets with it; those are stored one statement for each group and
// member. Of offsets a turn may have thousands: those that are stored already, nearly all, are replaced without a statement.
#include "store/groups.h"

#include "group/rows.h"
#include "pg/keyed_update.h"
#include "store/table.h"

#include <algorithm>

namespace kafka::store {
namespace {

using group::ClassicMember, group::ConsumerMember, group::GroupRow, group::MemberRow, group::OffsetRow;
using group::TopicPartitions;

// Writing ---------------------------------------------------------------------------------------------------

/// Partitions as two arrays of the same length.
struct FlatPartitions {
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions;
    explicit FlatPartitions(const std::vector<TopicPartitions>& all) {
        for (const TopicPartitions& t : all)
            for (const int32_t partition : t.partitions) {
                topics.push_back(t.topic_id);
                partitions.push_back(partition);
            }
    }
};

/// A classic member's protocols as three columns.
struct FlatProtocols {
    std::vector<std::string> names;
    std::vector<int32_t> sizes;
    std::string metadata;
    explicit FlatProtocols(const ClassicMember& member) {
        for (const group::Protocol& protocol : member.protocols) {
            const wire::View bytes = group::view_of(protocol.metadata);
            names.push_back(protocol.name);
            sizes.push_back(int32_t(bytes.size()));
            metadata.append(bytes);
        }
    }
};

constexpr std::string_view group_columns[] = {"group_id",     "type",   "epoch",    "protocol_type",
                                              "protocol",     "leader", "state_ms", "assignment_epoch",
                                              "metadata_hash"};
constexpr std::string_view member_columns[] = {"group_id",
                                               "member_id",
                                               "instance_id",
                                               "rack_id",
                                               "client_id",
                                               "client_host",
                                               "session_timeout_ms",
                                               "rebalance_timeout_ms",
                                               "protocols",
                                               "metadata_sizes",
                                               "metadata",
                                               "assignment",
                                               "topics",
                                               "topic_regex",
                                               "assignor",
                                               "epoch",
                                               "previous_epoch",
                                               "assigned_topics",
                                               "assigned_partitions",
                                               "revoked_topics",
                                               "revoked_partitions",
                                               "target_topics",
                                               "target_partitions"};
constexpr std::string_view offset_columns[] = {"group_id",     "topic_id", "partition", "committed_offset",
                                               "leader_epoch", "metadata", "commit_ms", "expire_ms"};
constexpr Table group_table{"consumer_group", group_columns, 1};
constexpr Table member_table{"group_member", member_columns, 2};
constexpr Table offset_table{"consumer_offset", offset_columns, 3};

/// Offsets of a topic that is being deleted would outlive it: its row is looked for, without waiting for whoever deletes it.
std::string upsert_offsets() {
    return upsert(offset_table,
                  "SELECT u.* FROM " + unnested(offset_columns) + each("", "topic", "t.id = u.topic_id"));
}

void remove_groups(const std::vector<std::string>& ids) {
    for (const Table& table : {group_table, member_table, offset_table})
        pg::execute("DELETE FROM kafka." + std::string(table.name) + " WHERE group_id = ANY ($1)",
                    {std::span<const std::string>(ids)});
}

void put_row(pg::Statement& statement, const GroupRow& row) {
    const std::string_view type = row.type == group::GroupType::classic ? "classic" : "consumer";
    statement.execute({std::string_view(row.group_id), type, row.epoch, std::string_view(row.protocol_type),
                       pg::nullable_text(row.protocol), pg::nullable_text(row.leader), row.state_timestamp_ms,
                       row.assignment_epoch, row.metadata_hash});
}

void put_row(pg::Statement& statement, const MemberRow& row) {
    using pg::Null, pg::Type;
    const auto* consumer = std::get_if<ConsumerMember>(&row.state);
    const auto* classic = std::get_if<ClassicMember>(&row.state);
    if (consumer && consumer->classic) classic = &*consumer->classic;
    const FlatProtocols protocols(classic ? *classic : ClassicMember());
    const ConsumerMember none;
    const ConsumerMember& c = consumer ? *consumer : none;
    const FlatPartitions assigned(c.assigned), revoked(c.pending_revocation), target(c.target);
    const auto of_classic = [&](pg::Value value, Type type) {
        return classic ? value : pg::Value(Null{type});
    };
    const auto of_consumer = [&](pg::Value value, Type type) {
        return consumer ? value : pg::Value(Null{type});
    };
    using Texts = std::span<const std::string>;
    using Numbers = std::span<const int32_t>;
    using Ids = std::span<const pg::Uuid>;
    statement.execute(
        {std::string_view(row.group_id),
         std::string_view(row.member_id),
         pg::nullable_text(row.instance_id),
         pg::nullable_text(row.rack_id),
         std::string_view(row.client_id),
         std::string_view(row.client_host),
         row.session_timeout_ms,
         row.rebalance_timeout_ms,
         of_classic(Texts(protocols.names), Type::text_array),
         of_classic(Numbers(protocols.sizes), Type::int4_array),
         of_classic(pg::Bytes{protocols.metadata}, Type::bytea),
         of_classic(pg::Bytes{classic ? group::view_of(classic->assignment) : wire::View()}, Type::bytea),
         of_consumer(Texts(c.topics), Type::text_array),
         pg::nullable_text(c.topic_regex),
         pg::nullable_text(c.assignor),
         of_consumer(c.epoch, Type::int4),
         of_consumer(c.previous_epoch, Type::int4),
         of_consumer(Ids(assigned.topics), Type::uuid_array),
         of_consumer(Numbers(assigned.partitions), Type::int4_array),
         of_consumer(Ids(revoked.topics), Type::uuid_array),
         of_consumer(Numbers(revoked.partitions), Type::int4_array),
         of_consumer(Ids(target.topics), Type::uuid_array),
         of_consumer(Numbers(target.partitions), Type::int4_array)});
}

/// The columns of many rows of kafka.consumer_offset.
struct OffsetColumns {
    std::vector<std::string> groups, metadata;
    std::vector<pg::Uuid> topics;
    std::vector<int32_t> partitions, leader_epochs;
    std::vector<int64_t> offsets, commit_ms, expire_ms;

    explicit OffsetColumns(const std::vector<const OffsetRow*>& rows) {
        for (const OffsetRow* row : rows) {
            groups.push_back(row->group_id);
            topics.push_back(row->topic_id);
            partitions.push_back(row->partition);
            offsets.push_back(row->offset);
            leader_epochs.push_back(row->leader_epoch);
            metadata.push_back(row->metadata);
            commit_ms.push_back(row->commit_timestamp_ms);
            expire_ms.push_back(row->expire_timestamp_ms);
        }
    }
};

} // namespace

Groups::Groups()
    : put_group_(upsert_one(group_table)), put_member_(upsert_one(member_table)),
      put_offsets_(upsert_offsets()), remove_members_(remove_rows(member_table)),
      remove_offsets_(remove_rows(offset_table)) {}

void Groups::write(const std::vector<group::Row>& rows) {
    const group::RowsByTable last = group::last_of_each(rows);
    if (!last.removed_groups.empty()) remove_groups(last.removed_groups);
    for (const GroupRow* row : last.groups) put_row(put_group_, *row);
    remove(last.removed_members);
    for (const MemberRow* row : last.members) put_row(put_member_, *row);
    remove(last.removed_offsets);
    put(last.offsets);
}

void Groups::remove(const std::vector<const MemberRow*>& rows) {
    if (rows.empty()) return;
    std::vector<std::string> groups, members;
    for (const MemberRow* row : rows) {
        groups.push_back(row->group_id);
        members.push_back(row->member_id);
    }
    remove_members_.execute({std::span<const std::string>(groups), std::span<const std::string>(members)});
}

void Groups::remove(const std::vector<const OffsetRow*>& rows) {
    if (rows.empty()) return;
    const OffsetColumns columns(rows);
    remove_offsets_.execute({std::span<const std::string>(columns.groups),
                             std::span<const pg::Uuid>(columns.topics),
                             std::span<const int32_t>(columns.partitions)});
}

/// In the order of the keys, also where somebody else has a row: from the first that cannot be replaced all are left to the statement.
/// An offset of a topic that is being deleted may be replaced once more: the broker removes it when it has heard of that.
void Groups::put(const std::vector<const OffsetRow*>& rows) {
    if (rows.empty()) return;
    pg::KeyedUpdate stored({"kafka", "consumer_offset", offset_table.key_columns, "groups_changed"});
    const auto replace = [&](const OffsetRow* row) {
        return stored.replace({std::string_view(row->group_id), row->topic_id, row->partition, row->offset,
                               row->leader_epoch, std::string_view(row->metadata), row->commit_timestamp_ms,
                               row->expire_timestamp_ms});
    };
    const auto first_left = std::find_if_not(rows.begin(), rows.end(), replace);
    stored.finish();
    if (first_left != rows.end()) upsert({first_left, rows.end()});
}

void Groups::upsert(const std::vector<const OffsetRow*>& rows) {
    const OffsetColumns c(rows);
    put_offsets_.execute({std::span<const std::string>(c.groups), std::span<const pg::Uuid>(c.topics),
                          std::span<const int32_t>(c.partitions), std::span<const int64_t>(c.offsets),
                          std::span<const int32_t>(c.leader_epochs), std::span<const std::string>(c.metadata),
                          std::span<const int64_t>(c.commit_ms), std::span<const int64_t>(c.expire_ms)});
}

// Reading ---------------------------------------------------------------------------------------------------

namespace {

std::optional<std::string> nullable_text(const pg::Result& rows, size_t row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.text(row, column);
}

GroupRow read_group(const pg::Result& rows, size_t i) {
    GroupRow row;
    row.group_id = rows.text(i, 0);
    row.type = rows.text(i, 1) == "classic" ? group::GroupType::classic : group::GroupType::consumer;
    row.epoch = rows.int32(i, 2);
    row.protocol_type = rows.text(i, 3);
    row.protocol = nullable_text(rows, i, 4);
    row.leader = nullable_text(rows, i, 5);
    row.state_timestamp_ms = rows.int64(i, 6);
    row.assignment_epoch = rows.int32(i, 7);
    row.metadata_hash = rows.int64(i, 8);
    return row;
}

ClassicMember read_classic(const pg::Result& rows, size_t i, int column) {
    ClassicMember member;
    const std::vector<std::string> names = rows.text_array(i, column);
    const std::vector<int32_t> sizes = rows.int32_array(i, column + 1);
    const std::string metadata = rows.bytes(i, column + 2);
    wire::View left = metadata;
    for (size_t p = 0; p < names.size() && p < sizes.size(); p++) {
        const size_t size = std::min(left.size(), size_t(std::max(sizes[p], 0)));
        member.protocols.push_back({names[p], group::copy_bytes(left.substr(0, size))});
        left.remove_prefix(size);
    }
    member.assignment = group::copy_bytes(rows.bytes(i, column + 3));
    return member;
}

std::vector<TopicPartitions> read_partitions(const pg::Result& rows, size_t i, int column) {
    const std::vector<pg::Uuid> topics = rows.uuid_array(i, column);
    const std::vector<int32_t> partitions = rows.int32_array(i, column + 1);
    std::vector<TopicPartitions> all;
    for (size_t p = 0; p < topics.size() && p < partitions.size(); p++) {
        if (all.empty() || all.back().topic_id != topics[p]) all.push_back({topics[p], {}});
        all.back().partitions.push_back(partitions[p]);
    }
    return all;
}

ConsumerMember read_consumer(const pg::Result& rows, size_t i, int column) {
    ConsumerMember member;
    member.topics = rows.text_array(i, column);
    member.topic_regex = nullable_text(rows, i, column + 1);
    member.assignor = nullable_text(rows, i, column + 2);
    member.epoch = rows.int32(i, column + 3);
    member.previous_epoch = rows.int32(i, column + 4);
    member.assigned = read_partitions(rows, i, column + 5);
    member.pending_revocation = read_partitions(rows, i, column + 7);
    member.target = read_partitions(rows, i, column + 9);
    return member;
}

MemberRow read_member(const pg::Result& rows, size_t i) {
    constexpr int classic = 8, consumer = 12;
    MemberRow row;
    row.group_id = rows.text(i, 0);
    row.member_id = rows.text(i, 1);
    row.instance_id = nullable_text(rows, i, 2);
    row.rack_id = nullable_text(rows, i, 3);
    row.client_id = rows.text(i, 4);
    row.client_host = rows.text(i, 5);
    row.session_timeout_ms = rows.int32(i, 6);
    row.rebalance_timeout_ms = rows.int32(i, 7);
    if (rows.is_null(i, consumer)) {
        row.state = read_classic(rows, i, classic);
    } else {
        ConsumerMember member = read_consumer(rows, i, consumer);
        if (!rows.is_null(i, classic)) member.classic = read_classic(rows, i, classic);
        row.state = std::move(member);
    }
    return row;
}

OffsetRow read_offset(const pg::Result& rows, size_t i) {
    OffsetRow row;
    row.group_id = rows.text(i, 0);
    row.topic_id = rows.uuid(i, 1);
    row.partition = rows.int32(i, 2);
    row.offset = rows.int64(i, 3);
    row.leader_epoch = rows.int32(i, 4);
    row.metadata = rows.text(i, 5);
    row.commit_timestamp_ms = rows.int64(i, 6);
    row.expire_timestamp_ms = rows.int64(i, 7);
    return row;
}

template <class Read>
void load_rows(const Groups::Take& take, const std::string& query, std::initializer_list<pg::Value> values,
               Read read) {
    pg::Statement statement(query);
    statement.open(values).each_row([&](const pg::Result& rows, size_t i) { take(read(rows, i)); });
}

/// All tables are locked first: where one of them cannot be, none is read in vain.
void load_all(const Groups::Take& take, const std::string& where, std::initializer_list<pg::Value> values) {
    pg::execute(
        "LOCK TABLE kafka.consumer_group, kafka.group_member, kafka.consumer_offset IN ACCESS SHARE MODE");
    const auto from = [&](const Table& table) {
        return "SELECT " + names(table.columns) + " FROM kafka." + std::string(table.name) + where;
    };
    load_rows(take, from(group_table), values, read_group);
    load_rows(take, from(member_table), values, read_member);
    load_rows(take, from(offset_table), values, read_offset);
}

} // namespace

void Groups::load(const Take& take) { load_all(take, "", {}); }

void Groups::load(const std::vector<std::string>& group_ids, const Take& take) {
    load_all(take, " WHERE group_id = ANY ($1)", {std::span<const std::string>(group_ids)});
}

} // namespace kafka::store
