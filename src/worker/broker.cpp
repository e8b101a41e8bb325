// See broker.h.
#include "worker/broker.h"

#include "pg/process.h"
#include "pg/shared.h"
#include "worker/database.h"
#include "worker/loop.h"

namespace kafka::worker {
namespace {

/// Waits, with one line in the log for each reason, until there is something to serve. False when the process is to end.
bool wait_for_database() {
    std::string told;
    while (!pg::shutdown_requested()) {
        if (pg::reload_requested()) pg::reload();
        const uint64_t generation = pg::catalog_generation();
        const std::optional<Obstacle> obstacle = find_obstacle();
        if (!obstacle) return true;
        if (told != obstacle->message)
            pg::log(pg::Level::log, obstacle->message, obstacle->detail, obstacle->hint);
        told = obstacle->message;
        if (pg::catalog_generation() == generation) pg::wait(std::nullopt); // whoever changes that wakes us
    }
    return false;
}

std::unique_ptr<api::Broker> make_broker(status::BrokerFigures& figures) {
    const store::Cluster cluster = join_cluster();
    return std::make_unique<api::Broker>(pg::current_settings_and_sources(), cluster.id, cluster.leader_epoch,
                                         figures);
}

Loop* running = nullptr; ///< for the end of the process, which does not unwind the stack

void serve() {
    const uint64_t generation = pg::catalog_generation(); // before anything is read
    status::Board& board = status::Board::make(pg::status_memory());
    Loop loop(make_broker(board.broker), generation, board);
    const struct Running {
        explicit Running(Loop* loop) { running = loop; }
        ~Running() { running = nullptr; }
    } mark(&loop);
    loop.run();
}

} // namespace

void run_broker() {
    pg::on_exit([] {
        if (running) running->stop_net();
    });
    while (wait_for_database()) serve();
}

} // namespace kafka::worker
