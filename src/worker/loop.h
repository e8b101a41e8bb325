// The main loop of the broker: wait, take, handle, commit, reply. Main thread only, but for what the net
// thread posts.
#pragma once
#include "api/broker.h"
#include "api/receive.h"
#include "net/mailbox.h"
#include "net/server.h"

#include <deque>

namespace kafka::worker {

/// Serves clients from construction until run() returns.
class Loop {
public:
    /// `catalog_generation` is that of before the broker was made; `board` outlives it.
    Loop(std::unique_ptr<api::Broker> broker, uint64_t catalog_generation, status::Board& board);
    ~Loop();

    /// Returns when the process is to end, or the database holds nothing to serve any more, or
    /// something else.
    void run();
    /// Ends the net thread at once; clients are disconnected. For the end of the process.
    void stop_net();

private:
    void wait();
    bool same_cluster();
    bool still_to_be_served();
    void reload_settings();
    void take_inbox();
    void turn();
    void handle(api::Inbound message);
    void resume_deferred();
    void resume_waiting();
    void resume_waiting_for_memory();
    void show_turn(size_t requests);
    void send_replies();
    void publish_policy();
    void finish();

    net::Callbacks callbacks();
    void post(api::Inbound message);
    void answer(net::Reply&& reply);

    std::unique_ptr<api::Broker> broker_;
    net::Mailbox<api::Inbound> inbox_; ///< net -> main
    std::deque<api::Inbound> taken_;   ///< from the inbox, not yet handled
    bool only_signs_of_life_ = false;  ///< of members of groups, in the last turn
    std::string catalog_failure_;      ///< why the catalog could not be read; empty: it could
    uint64_t generation_;              ///< of the catalog in memory
    uint64_t log_generation_;          ///< pg::generation_of() what memory knows of the log
    uint64_t transactions_generation_; ///< the same of transactions
    status::Board& board_;
    const uint64_t first_transaction_id_; ///< pg::transaction_ids_used() at the start
    api::Receiver receiver_;
    net::Server server_;
};

} // namespace kafka::worker
