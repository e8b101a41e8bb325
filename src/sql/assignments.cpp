// kafka.assigned_partitions(): what the leader of a group of consumers assigned to a member. Whatever the bytes
// are, it is no error: clients make them.
#include "group/embedded_protocol.h"
#include "log/topic_config.h"
#include "sql/rows.h"

#include <algorithm>
#include <vector>

extern "C" {
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(pg_kafka_assigned_partitions);
}

namespace kafka::sql {
namespace {

/// Names that no topic can have are left out, which bounds the rows that few bytes can make.
std::vector<group::NamedPartitions> partitions_in(wire::View assignment) {
    auto read = group::read_assignment(assignment);
    if (!read) return {};
    std::erase_if(read->partitions,
                  [](const auto& topic) { return log::topic_name_problem(topic.topic).has_value(); });
    return std::move(read->partitions);
}

void show_assignment(FunctionCallInfo call) {
    const bytea* bytes = pg::call([=] { return DatumGetByteaPP(call->args[0].value); });
    const auto topics = partitions_in({VARDATA_ANY(bytes), size_t(VARSIZE_ANY_EXHDR(bytes))});
    pg::call([&] {
        Rows rows(call);
        for (const group::NamedPartitions& topic : topics) {
            const Datum name = PointerGetDatum(text_from_utf8(topic.topic));
            for (const int32_t partition : topic.partitions) {
                CHECK_FOR_INTERRUPTS();
                rows.add_datum(name);
                rows.add(partition);
                rows.end_row();
            }
        }
    });
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_assigned_partitions(PG_FUNCTION_ARGS) {
    kafka::pg::entry([=] { kafka::sql::show_assignment(fcinfo); });
    return 0;
}
