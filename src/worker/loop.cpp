// See loop.h.
#include "worker/loop.h"

#include "pg/process.h"
#include "pg/shared.h"
#include "worker/database.h"
#include "worker/dispatch.h"

#include <unistd.h>

namespace kafka::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds catalog_retry_interval(100);
/// After a turn with nothing but signs of life the next ones wait this long for each other: to be woken for each of thousands would
/// cost more than they do.
constexpr std::chrono::milliseconds nap(10);

net::Settings net_settings(const pg::Settings& s) {
    net::Settings net;
    net.hosts = s.hosts;
    net.port = s.port;
    net.max_connections = s.max_connections;
    net.max_request_bytes = s.max_request_bytes;
    net.request_memory = s.request_memory;
    net.connections_max_idle = s.connections_max_idle.value_or(std::chrono::milliseconds(0));
    net.log_connections = s.log_connections;
    return net;
}

/// The request only tells that a member of a group is alive, to which a few milliseconds are nothing. What the client sends behind it
/// waits with it.
bool is_sign_of_life(const api::Inbound& message) {
    const auto* call = std::get_if<api::Call>(&message);
    if (!call) return false;
    if (std::holds_alternative<wire::heartbeat::Request>(call->request())) return true;
    const auto* member = std::get_if<wire::consumer_group_heartbeat::Request>(&call->request());
    return member && member->member_epoch > 0 && !member->subscribed_topic_names &&
           !member->subscribed_topic_regex && !member->topic_partitions;
}

void write_to_log(const net::Notice& notice) {
    using Level = net::Notice::Level;
    const pg::Level level = notice.level == Level::warning ? pg::Level::warning
                            : notice.level == Level::log   ? pg::Level::log
                                                           : pg::Level::debug;
    pg::log(level, notice.message, notice.detail, notice.hint);
}

} // namespace

Loop::Loop(std::unique_ptr<api::Broker> broker, uint64_t catalog_generation, status::Board& board)
    : broker_(std::move(broker)), generation_(catalog_generation),
      log_generation_(pg::generation_of(pg::Change::log)),
      transactions_generation_(pg::generation_of(pg::Change::transactions)), board_(board),
      first_transaction_id_(pg::transaction_ids_used()),
      receiver_([this](api::Call&& call) { post(std::move(call)); },
                [this](net::Reply&& reply) { answer(std::move(reply)); }),
      server_(net_settings(broker_->settings), callbacks(), &board) {
    pg::raise_open_file_limit(broker_->settings.max_connections);
    broker_->reload_catalog();
    publish_policy();
    board_.begin(getpid(), broker_->now_ms());
    server_.start();
}

Loop::~Loop() { stop_net(); }

void Loop::stop_net() {
    server_.stop(std::chrono::milliseconds(0));
    receiver_.stop();
    board_.end();
}

// From the threads beside ---------------------------------------------------------------------------------------

void Loop::post(api::Inbound message) {
    const bool can_wait = is_sign_of_life(message);
    if (inbox_.post(std::move(message), can_wait)) pg::wake_main();
}

void Loop::answer(net::Reply&& reply) {
    std::vector<net::Reply> replies;
    replies.push_back(std::move(reply));
    server_.reply(std::move(replies));
}

net::Callbacks Loop::callbacks() {
    return {
        [this](net::Received&& received) { receiver_.receive(std::move(received)); },
        [this](uint64_t connection) { post(api::ConnectionClosed{connection}); },
        [this](net::Notice&& notice) { post(std::move(notice)); },
        broker_->response_memory.is_wanted(),
    };
}

// The main thread -------------------------------------------------------------------------------------------

void Loop::run() {
    while (!pg::shutdown_requested()) {
        if (pg::reload_requested()) reload_settings();
        const uint64_t compactions = pg::compactions(); // of topics that the catalog then says are compacted
        if (!still_to_be_served()) break;
        broker_->notice_compactions();
        if (catalog_failure_.empty()) pg::notice_compactions(compactions);
        take_inbox();
        turn();
        send_replies();
        wait();
    }
    finish();
}

void Loop::wait() {
    if (!taken_.empty() || !broker_->deferred.empty()) return;
    // The transactions of this turn may have used up what set the latch meanwhile.
    if (!inbox_.empty() || pg::reload_requested()) return;
    if (catalog_failure_.empty() && !pg::all_compactions_noticed()) return;
    std::optional<std::chrono::milliseconds> timeout;
    if (pg::catalog_generation() != generation_) {
        if (catalog_failure_.empty()) return;
        timeout = catalog_retry_interval;
    }
    const Clock::time_point due =
        std::min({broker_->coordinator.next_deadline(), broker_->transactions.next_deadline(),
                  broker_->retention.next_deadline()});
    const Clock::time_point next = std::min(due, broker_->waiting.next_deadline().value_or(due));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    timeout = std::min(std::max(left, std::chrono::milliseconds(0)), timeout.value_or(left));
    if (only_signs_of_life_ && inbox_.nap()) timeout = std::min(*timeout, nap);
    pg::wait(timeout);
}

/// False if the database holds another cluster than the one that is served: the extension was dropped and made
/// again in one transaction, or restored.
bool Loop::same_cluster() {
    return join_cluster() == store::Cluster{broker_->cluster_id, broker_->leader_epoch};
}

/// Reads the catalog again if SQL has changed it. False if the extension is gone, or is not the one of before, or the log is
/// being restored.
bool Loop::still_to_be_served() {
    const uint64_t generation = pg::catalog_generation();
    if (generation == generation_) return true;
    const uint64_t log = pg::generation_of(pg::Change::log);
    const uint64_t transactions = pg::generation_of(pg::Change::transactions);
    try {
        if (find_obstacle() || !same_cluster()) return false;
        if (std::exchange(log_generation_, log) != log) broker_->log_changed();
        if (std::exchange(transactions_generation_, transactions) != transactions)
            broker_->transactions.distrust();
        broker_->reload_catalog();
    } catch (const pg::Error&
                 error) { // being dropped, or locked, in this moment: looked at again in the next turn
        if (catalog_failure_ != error.what()) broker_->log_failure("read its catalog", error);
        catalog_failure_ = error.what();
        return true;
    }
    catalog_failure_.clear();
    generation_ = generation;
    return true;
}

void Loop::reload_settings() {
    pg::reload();
    broker_->apply(pg::current_settings_and_sources());
    pg::raise_open_file_limit(broker_->settings.max_connections);
    server_.apply(net_settings(broker_->settings));
}

/// Before the replies to whoever changed it: the next batch of that client is treated as it says.
void Loop::publish_policy() {
    if (std::exchange(broker_->batch_policy_changed, false)) receiver_.set_policy(broker_->batch_policy());
}

void Loop::take_inbox() {
    for (api::Inbound& message : inbox_.take()) taken_.push_back(std::move(message));
}

void Loop::handle(api::Inbound message) {
    if (auto* call = std::get_if<api::Call>(&message))
        broker_->must_wait(*call) ? broker_->postpone(std::move(*call))
                                  : dispatch(*broker_, std::move(*call));
    else if (auto* closed = std::get_if<api::ConnectionClosed>(&message))
        broker_->connection_closed(closed->connection);
    else
        write_to_log(std::get<net::Notice>(message));
}

void Loop::turn() {
    broker_->begin_turn();
    broker_->transactions.tick();
    resume_deferred(); // before others use up what the turn may read
    size_t requests = 0;
    only_signs_of_life_ = !taken_.empty();
    while (!taken_.empty() && !broker_->staged_enough()) {
        api::Inbound message = std::move(taken_.front());
        taken_.pop_front();
        requests += std::holds_alternative<api::Call>(message);
        only_signs_of_life_ &= is_sign_of_life(message);
        handle(std::move(message));
    }
    broker_->coordinator.tick();
    broker_->producer_snapshots.expire();
    broker_->retention.tick();
    std::vector<api::Call> postponed = broker_->take_postponed();
    requests -= postponed.size();
    taken_.insert(taken_.begin(), std::move_iterator(postponed.begin()), std::move_iterator(postponed.end()));
    if (broker_->has_staged()) send_replies(); // those that need no commit do not wait for it
    broker_->commit();
    send_replies(); // producers do not wait for the reading that their records call for
    resume_waiting();
    resume_waiting_for_memory();
    show_turn(requests);
}

void Loop::show_turn(size_t requests) {
    status::BrokerFigures& figures = broker_->figures;
    if (requests > 0) figures.turns.add();
    figures.most_turn_requests.raise_to(requests);
    figures.parked.set(broker_->waiting.size() + broker_->coordinator.parked());
    figures.cache_bytes.set(broker_->tail_cache.bytes());
    figures.transaction_ids.set(pg::transaction_ids_used() - first_transaction_id_);
}

/// Once the turn has no reading left for one of them, those behind it keep their places without a look: to go through all that
/// they ask for, turn after turn, would take longer than the reading.
void Loop::resume_deferred() {
    for (api::PendingFetch& fetch : std::exchange(broker_->deferred, {})) {
        if (broker_->fetch_put_off)
            broker_->deferred.push_back(std::move(fetch));
        else
            resume(*broker_, std::move(fetch));
    }
}

void Loop::resume_waiting() {
    for (api::PendingFetch& fetch : broker_->waiting.take_ready(Clock::now()))
        resume(*broker_, std::move(fetch));
}

/// Each at most once, as long as there is memory for what it reads.
void Loop::resume_waiting_for_memory() {
    api::Waiting& waiting = broker_->waiting;
    for (size_t left = waiting.for_memory(); left > 0 && !broker_->response_memory.full(); left--)
        resume(*broker_, waiting.take_for_memory());
    if (waiting.for_memory() == 0) return;
    broker_->response_memory.want_wakeup();
    if (!broker_->response_memory.full()) pg::wake_main(); // released before we asked
}

void Loop::send_replies() {
    publish_policy();
    if (!broker_->replies.empty()) server_.reply(std::exchange(broker_->replies, {}));
}

/// What has been received, and checked, is still done and answered; then the connections are closed.
void Loop::finish() {
    receiver_.stop();
    take_inbox();
    while (!taken_.empty()) turn();
    send_replies();
    if (pg::shutdown_requested()) broker_->producer_snapshots.finish(); // else its tables are gone
    server_.stop(broker_->settings.shutdown_timeout);
}

} // namespace kafka::worker
