// kafka.reset_offsets(), kafka.delete_offsets() and kafka.delete_group(): what Kafka's tools do to groups without members,
// within the transaction of the session that calls. Clients see the change once that transaction has committed; until then
// they are told to try again (pg/group_changes.h).
//
// What is changed is what the tables say. The broker has stored all there is to store before, and members that it has not stored
// yet, in the first rebalance of a group, have no partitions: they join again, and go on from the new offsets.
#include "store/groups.h"
#include "pg/group_changes.h"
#include "pg/spi.h"
#include "sql/arguments.h"
#include "sql/rows.h"
#include "store/positions.h"

#include <algorithm>
#include <vector>

extern "C" {
#include "access/xact.h"

PG_FUNCTION_INFO_V1(pg_kafka_reset_offsets_to_position);
PG_FUNCTION_INFO_V1(pg_kafka_reset_offsets_to_offset);
PG_FUNCTION_INFO_V1(pg_kafka_reset_offsets_to_timestamp);
PG_FUNCTION_INFO_V1(pg_kafka_delete_offsets);
PG_FUNCTION_INFO_V1(pg_kafka_delete_group);
}

namespace kafka::sql {
namespace {

using store::PartitionPosition, store::Position;

/// What a function is asked to change.
struct Selection {
    std::string group_id;
    std::optional<std::string> topic; ///< nothing: all that the group has committed
    std::optional<int32_t> partition; ///< nothing: all
};

Selection selection(FunctionCallInfo call, int partition_index) {
    Selection selected{text_argument(call, 0, "group id"), nullable_text_argument(call, 1),
                       nullable_int32_argument(call, partition_index)};
    if (selected.partition && !selected.topic)
        refuse(sqlstate::invalid_parameter_value, "a partition cannot be given without its topic");
    return selected;
}

// A group without members -----------------------------------------------------------------------------------

/// What is stored of the group; refuses one that is in use.
std::vector<group::Row> read_unused(store::Groups& tables, const std::string& group_id) {
    std::vector<group::Row> rows;
    tables.load({group_id}, [&](const group::Row& row) { rows.push_back(row); });
    if (rows.empty() || !std::holds_alternative<group::GroupRow>(rows[0]))
        refuse(sqlstate::undefined_object, "group " + in_quotes(group_id) + " does not exist");
    const auto members = std::count_if(rows.begin(), rows.end(), [](const auto& row) {
        return std::holds_alternative<group::MemberRow>(row);
    });
    if (members > 0)
        refuse(sqlstate::object_in_use, "group " + in_quotes(group_id) + " is in use",
               "It is not empty, but has " + std::to_string(members) +
                   (members == 1 ? " member." : " members."),
               "Stop its consumers first. One that has ended without leaving the group counts until its "
               "session times out.");
    return rows;
}

/// A snapshot from before the group is held may lack what clients have committed since: that would stay.
void refuse_kept_snapshot() {
    if (IsolationUsesXactSnapshot())
        refuse(sqlstate::feature_not_supported,
               "cannot change consumer groups at isolation level REPEATABLE READ or SERIALIZABLE",
               "What clients have committed since the snapshot of the transaction would be overlooked.",
               "Begin the transaction with ISOLATION LEVEL READ COMMITTED.");
}

/// A transaction that commits later than this one would put its offsets in the place of what is changed here.
void refuse_pending_offsets(const std::string& group_id) {
    const pg::Result pending =
        pg::execute("SELECT transactional_id FROM kafka.pending_offset WHERE group_id = $1 LIMIT 1",
                    {std::string_view(group_id)});
    if (!pending.empty())
        refuse(sqlstate::object_in_use,
               "transaction " + in_quotes(pending.text(0, 0)) + " is to commit offsets of group " +
                   in_quotes(group_id),
               {}, "Wait until it has ended, or abort it with Kafka's tool kafka-transactions.");
}

/// Calls `change` with the tables and with what is stored of the group, while nobody else changes it. What it does is kept and
/// published if the transaction commits.
template <class Change> auto change_group(const std::string& group_id, Change change) {
    refuse_kept_snapshot();
    const pg::Connection connection;
    store::Groups tables;
    read_unused(tables, group_id); // a group in use is not disturbed
    pg::GroupHold hold(group_id);
    hold.wait_for_broker();
    // Other sessions wait here.
    pg::execute("SELECT FROM kafka.consumer_group WHERE group_id = $1 FOR UPDATE",
                {std::string_view(group_id)});
    refuse_pending_offsets(group_id);
    auto result = change(tables, read_unused(tables, group_id));
    hold.changed();
    return result;
}

std::vector<group::OffsetRow> offsets_among(const std::vector<group::Row>& rows) {
    std::vector<group::OffsetRow> offsets;
    for (const group::Row& row : rows)
        if (const auto* offset = std::get_if<group::OffsetRow>(&row)) offsets.push_back(*offset);
    return offsets;
}

/// The position in all partitions that are selected; refuses what is not there.
std::vector<PartitionPosition>
find_positions(const Selection& selected, const std::vector<group::Row>& stored, const Position& position) {
    if (!selected.topic) return store::find_positions(offsets_among(stored), position);
    auto found = store::find_positions(*selected.topic, selected.partition, position);
    if (!found.empty()) return found;
    if (!store::topic_exists(*selected.topic))
        refuse(sqlstate::undefined_object, "topic " + in_quotes(*selected.topic) + " does not exist");
    refuse(sqlstate::undefined_object, "topic " + in_quotes(*selected.topic) + " has no partition " +
                                           std::to_string(selected.partition.value_or(0)));
}

// Reset -----------------------------------------------------------------------------------------------------

group::OffsetRow commit_of(const std::string& group_id, const PartitionPosition& position) {
    group::OffsetRow row;
    row.group_id = group_id;
    row.topic_id = position.topic_id;
    row.partition = position.partition;
    row.offset = position.offset;
    row.commit_timestamp_ms = now_ms();
    return row;
}

std::vector<PartitionPosition> reset(const Selection& selected, const Position& position) {
    return change_group(selected.group_id, [&](store::Groups& tables, const std::vector<group::Row>& stored) {
        auto positions = find_positions(selected, stored, position);
        std::vector<group::Row> rows;
        for (const PartitionPosition& p : positions) rows.emplace_back(commit_of(selected.group_id, p));
        tables.write(rows);
        return positions;
    });
}

/// Resets to the position, and returns one row for each partition.
void reset_offsets(FunctionCallInfo call, const Position& position) {
    constexpr int partition_argument = 3;
    const auto positions = reset(selection(call, partition_argument), position);
    pg::call([&] {
        Rows rows(call);
        for (const PartitionPosition& p : positions) {
            rows.add_text(p.topic);
            rows.add(p.partition);
            rows.add(p.offset);
            rows.end_row();
        }
    });
}

/// The argument that says where to.
NullableDatum position_argument(FunctionCallInfo call) {
    const NullableDatum argument = call->args[2];
    if (argument.isnull) refuse(sqlstate::null_value_not_allowed, "position must not be null");
    return argument;
}

Position named_position(FunctionCallInfo call) {
    const std::string name = text_argument(call, 2, "position");
    if (name == "earliest") return {Position::Kind::earliest};
    if (name == "latest") return {Position::Kind::latest};
    refuse(sqlstate::invalid_parameter_value, "invalid position " + in_quotes(name), {},
           "Give 'earliest', 'latest', an offset (bigint), or a time (timestamp with time zone).");
}

/// Records have milliseconds: those of this one count only if it has just begun.
Position position_of(TimestampTz time) {
    if (TIMESTAMP_IS_NOBEGIN(time)) return {Position::Kind::earliest};
    if (TIMESTAMP_IS_NOEND(time)) return {Position::Kind::latest};
    return {Position::Kind::timestamp, to_milliseconds(time - 1) + 1};
}

// Delete ----------------------------------------------------------------------------------------------------

/// Returns how many there were.
int64_t delete_offsets(const Selection& selected) {
    return change_group(selected.group_id, [&](store::Groups& tables, const std::vector<group::Row>& stored) {
        std::vector<group::OffsetRow> offsets = offsets_among(stored);
        if (selected.topic) {
            const auto topic_id =
                find_positions(selected, stored, {Position::Kind::earliest}).front().topic_id;
            std::erase_if(offsets, [&](const group::OffsetRow& row) {
                return row.topic_id != topic_id ||
                       row.partition != selected.partition.value_or(row.partition);
            });
        }
        for (group::OffsetRow& row : offsets) row.removed = true;
        tables.write(std::vector<group::Row>(offsets.begin(), offsets.end()));
        return int64_t(offsets.size());
    });
}

void delete_group(const std::string& group_id) {
    change_group(group_id, [&](store::Groups& tables, const std::vector<group::Row>&) {
        group::GroupRow row;
        row.group_id = group_id;
        row.removed = true;
        tables.write({row});
        return true;
    });
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_reset_offsets_to_position(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::reset_offsets(fcinfo, kafka::sql::named_position(fcinfo)); });
    return 0;
}

Datum pg_kafka_reset_offsets_to_offset(PG_FUNCTION_ARGS) {
    using kafka::store::Position;
    kafka::pg::entry([=] {
        const int64_t offset = DatumGetInt64(kafka::sql::position_argument(fcinfo).value);
        kafka::sql::reset_offsets(fcinfo, {Position::Kind::offset, offset});
    });
    return 0;
}

Datum pg_kafka_reset_offsets_to_timestamp(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] {
        const TimestampTz time = DatumGetTimestampTz(kafka::sql::position_argument(fcinfo).value);
        kafka::sql::reset_offsets(fcinfo, kafka::sql::position_of(time));
    });
    return 0;
}

Datum pg_kafka_delete_offsets(PG_FUNCTION_ARGS) {
    return Int64GetDatum(
        kafka::pg::entry([=] { return kafka::sql::delete_offsets(kafka::sql::selection(fcinfo, 2)); }));
}

Datum pg_kafka_delete_group(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::delete_group(kafka::sql::text_argument(fcinfo, 0, "group id")); });
    PG_RETURN_VOID();
}
