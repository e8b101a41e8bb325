// See board.h.
#include "status/board.h"

#include <algorithm>
#include <new>

namespace kafka::status {

static_assert(alignof(ConnectionSlot) <= alignof(Board));

size_t Board::size_for(size_t connections) {
    return sizeof(Board) + std::min(connections, max_slots) * sizeof(ConnectionSlot);
}

Board& Board::make(std::span<std::byte> memory) {
    Board* board = new (memory.data()) Board;
    const size_t slots = (memory.size() - sizeof(Board)) / sizeof(ConnectionSlot);
    for (size_t i = 0; i < slots; i++) new (board->first_slot() + i) ConnectionSlot;
    board->slot_count_.set(slots);
    return *board;
}

const Board& Board::at(std::span<const std::byte> memory) {
    return *reinterpret_cast<const Board*>(memory.data());
}

void Board::begin(int32_t process, int64_t now_ms) {
    started_ms_.set(uint64_t(now_ms));
    process_.store(process, std::memory_order_release);
}

} // namespace kafka::status
