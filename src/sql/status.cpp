// kafka.status, kafka.api_status and kafka.connections: what is on the broker's notice board (status/board.h). Read where
// it lies, in shared memory; the broker takes no notice. Server code without a destructor in its frames, so that it may be
// left by ereport.
#include "pg/shared.h"
#include "sql/rows.h"
#include "status/board.h"
#include "wire/requests.h"

extern "C" {
#include "miscadmin.h"
#include "utils/inet.h"

PG_FUNCTION_INFO_V1(pg_kafka_broker_status);
PG_FUNCTION_INFO_V1(pg_kafka_broker_api_status);
PG_FUNCTION_INFO_V1(pg_kafka_broker_connections);
}

namespace kafka::sql {
namespace {

using status::Board;

/// The board of the broker that serves now; null if there is none.
const Board* current_board() {
    const Board& board = Board::at(pg::status_memory());
    const int32_t process = board.process();
    return process != 0 && pg::process_exists(process) ? &board : nullptr;
}

double milliseconds(uint64_t microseconds) { return static_cast<double>(microseconds) / 1000; }

int64_t bytes(const std::atomic<int64_t>& memory) { return memory.load(std::memory_order_relaxed); }

/// Percentiles and the longest; NULL if nothing was measured.
void add_times(Rows& rows, const status::Histogram::Snapshot& times) {
    for (const unsigned percent : {50, 95, 99})
        times.count > 0 ? rows.add(milliseconds(times.percentile(percent))) : rows.add_null();
    times.count > 0 ? rows.add(milliseconds(times.longest)) : rows.add_null();
}

void add_net(Rows& rows, const status::NetFigures& net) {
    uint64_t requests = 0, errors = 0;
    for (const status::ApiFigures& api : net.apis) {
        requests += api.requests.get();
        errors += api.errors.get();
    }
    rows.add(net.listening.get());
    rows.add(net.connections.get());
    rows.add(net.accepted.get());
    rows.add(net.refused.get());
    rows.add(requests);
    rows.add(errors);
    rows.add(net.malformed.get());
    rows.add(net.bytes_received.get());
    rows.add(net.bytes_sent.get());
}

void add_turns(Rows& rows, const status::BrokerFigures& broker) {
    const status::Histogram::Snapshot commit_time = broker.commit_time.read();
    rows.add(broker.turns.get());
    rows.add(broker.most_turn_requests.get());
    rows.add(broker.commits.get());
    rows.add(broker.failed_commits.get());
    rows.add(broker.batches.get());
    rows.add(broker.batch_bytes.get());
    rows.add(broker.most_commit_bytes.get());
    rows.add(milliseconds(commit_time.total));
    add_times(rows, commit_time);
    rows.add(broker.transaction_ids.get());
}

void add_memory(Rows& rows, const Board& board) {
    rows.add(board.broker.cache_bytes.get());
    rows.add(board.broker.cache_read_bytes.get());
    rows.add(board.broker.table_read_bytes.get());
    rows.add(board.broker.parked.get());
    rows.add(bytes(board.net.request_memory));
    rows.add(bytes(board.broker.response_memory));
}

void show_status(Rows& rows) {
    const Board* board = current_board();
    rows.add(board != nullptr);
    if (board) {
        rows.add(board->process());
        rows.add_timestamp(board->started_ms());
        add_net(rows, board->net);
        add_turns(rows, board->broker);
        add_memory(rows, *board);
    }
    rows.end_row();
}

void show_apis(Rows& rows) {
    const Board* board = current_board();
    for (size_t i = 0; i < wire::apis().size(); i++) {
        rows.add_text(wire::apis()[i].name);
        if (board) {
            const status::ApiFigures& api = board->net.apis[i];
            rows.add(api.requests.get());
            rows.add(api.errors.get());
            add_times(rows, api.latency.read());
        }
        rows.end_row();
    }
}

/// A copy of the slot; false if it is empty. A change takes the broker no time, but it may be interrupted in it; should
/// that last, the connection is left out.
bool copy(const status::ConnectionSlot& slot, status::ConnectionSlot::Copy& row) {
    using Outcome = status::ConnectionSlot::Outcome;
    Outcome outcome = slot.read(row);
    for (int tries = 0; outcome == Outcome::changing && tries < 1000; tries++) {
        if (tries > 10) pg_usleep(100);
        outcome = slot.read(row);
    }
    return outcome == Outcome::copied;
}

void add_address(Rows& rows, const status::Client& client) {
    char text[sizeof client.address + 1] = {}; // ends with a zero
    client.address.view().copy(text, sizeof text - 1);
    rows.add_datum(DirectFunctionCall1(inet_in, CStringGetDatum(text)));
    rows.add(static_cast<int32_t>(client.port));
}

void show_connections(Rows& rows) {
    const Board* board = current_board();
    if (!board) return;
    status::ConnectionSlot::Copy row;
    for (const status::ConnectionSlot& slot : board->slots()) {
        CHECK_FOR_INTERRUPTS();
        if (!copy(slot, row)) continue;
        rows.add(row.client.id);
        rows.add_text(row.client.client_id.view());
        rows.add_text(row.client.software_name.view());
        rows.add_text(row.client.software_version.view());
        add_address(rows, row.client);
        rows.add_timestamp(row.client.since_ms);
        rows.add(row.requests);
        rows.add(row.in_flight);
        rows.add(row.bytes_received);
        rows.add(row.bytes_sent);
        rows.end_row();
    }
}

} // namespace
} // namespace kafka::sql

Datum pg_kafka_broker_status(PG_FUNCTION_ARGS) {
    kafka::sql::Rows rows(fcinfo);
    kafka::sql::show_status(rows);
    return 0;
}

Datum pg_kafka_broker_api_status(PG_FUNCTION_ARGS) {
    kafka::sql::Rows rows(fcinfo);
    kafka::sql::show_apis(rows);
    return 0;
}

Datum pg_kafka_broker_connections(PG_FUNCTION_ARGS) {
    kafka::sql::Rows rows(fcinfo);
    kafka::sql::show_connections(rows);
    return 0;
}
