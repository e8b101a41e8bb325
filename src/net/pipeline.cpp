// The requests of one connection between arrival and answer. See pipeline.h.
#include "net/pipeline.h"

namespace kafka::net {
namespace {

constexpr size_t max_produce_in_flight = 64; // idempotent producers send 5; more only gather for one commit

constexpr size_t bytes_beside_frame = 1024; // generous, so that many tiny requests count, too

bool is_produce(const Frame& frame) {
    wire::Reader in(frame.view());
    const int16_t api_key = in.big<int16_t>();
    return in.ok() && api_key == wire::produce::Request::api.key;
}

} // namespace

void Pipeline::arrived(std::shared_ptr<Frame> frame, uint64_t now_ns) {
    waiting_bytes_ += frame->size() + bytes_beside_frame;
    waiting_.push_back({std::move(frame), now_ns});
}

// Nothing is ever admitted behind another API, so the front stands for all that are in flight.
bool Pipeline::may_follow(bool produce) const {
    if (in_flight_.empty()) return true;
    return produce && in_flight_.front().produce && in_flight_.size() < max_produce_in_flight;
}

std::shared_ptr<Frame> Pipeline::admit() {
    if (waiting_.empty()) return nullptr;
    const bool produce = is_produce(*waiting_.front().frame);
    if (!may_follow(produce)) return nullptr;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.frame->size() + bytes_beside_frame;
    in_flight_.push_back({next.frame, produce, false, {}});
    in_flight_.back().answer.arrived_ns = next.arrived_ns;
    return std::move(next.frame);
}

bool Pipeline::expects_answer(uint64_t sequence) const {
    if (sequence < first_in_flight_ || sequence - first_in_flight_ >= in_flight_.size()) return false;
    return !in_flight_[sequence - first_in_flight_].answered;
}

void Pipeline::answer(uint64_t sequence, Answer answer) {
    InFlight& request = in_flight_[sequence - first_in_flight_];
    request.answer.bytes = std::move(answer.bytes);
    request.answer.close = answer.close;
    request.answered = true;
    if (const auto frame = request.frame.lock()) frame->release_budget();
}

Answer Pipeline::take_ready() {
    Answer answer = std::move(in_flight_.front().answer);
    in_flight_.pop_front();
    first_in_flight_++;
    return answer;
}

} // namespace kafka::net
