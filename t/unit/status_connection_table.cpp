// The list of connections: what readers see while the writer changes it.
#include "status/board.h"
#include "test.h"

#include <memory>
#include <thread>

using namespace kafka::status;
using Outcome = ConnectionSlot::Outcome;

namespace {

Client numbered(uint64_t number) {
    const std::string digit(40, char('0' + number % 10));
    Client client;
    client.id = client.port = number;
    client.since_ms = int64_t(number);
    client.address.set(digit);
    client.client_id.set(digit);
    client.software_name.set(digit);
    client.software_version.set(digit);
    return client;
}

bool is_whole(const Client& client) {
    const Client expected = numbered(client.id);
    return client.port == expected.port && client.since_ms == expected.since_ms &&
           client.address.view() == expected.address.view() &&
           client.client_id.view() == expected.client_id.view() &&
           client.software_name.view() == expected.software_name.view() &&
           client.software_version.view() == expected.software_version.view();
}

template <size_t Size> std::string cut(const std::string& text) {
    Text<Size> short_text;
    short_text.set(text);
    return std::string(short_text.view());
}

} // namespace

TEST("connection table: a text is cut at the end of a character") {
    CHECK_EQ(cut<8>("1234567"), std::string("1234567"));
    CHECK_EQ(cut<8>("12345678"), std::string("1234567"));
    CHECK_EQ(cut<8>("12345\xC3\xA4"), std::string("12345\xC3\xA4"));
    CHECK_EQ(cut<8>("123456\xC3\xA4"), std::string("123456"));
    CHECK_EQ(cut<8>("1234\xF0\x9F\x98\x80"), std::string("1234"));
    CHECK_EQ(cut<8>("\xF0\x9F\x98\x80\xF0\x9F\x98\x80"), std::string("\xF0\x9F\x98\x80"));
    CHECK_EQ(cut<8>(std::string(20, '\x80')), std::string()); // no UTF-8 at all
    CHECK_EQ(cut<8>(""), std::string());
}

TEST("connection table: a slot shows what it was given, and nothing when it is given back") {
    std::vector<ConnectionSlot> slots(2);
    ConnectionTable table(slots);
    ConnectionSlot::Copy copy;
    CHECK(slots[0].read(copy) == Outcome::empty);
    ConnectionSlot* slot = table.take();
    CHECK(slot == &slots[0]);
    slot->replace(numbered(7));
    slot->requests.add(3);
    slot->in_flight.set(1);
    slot->change([](Client& client) { client.client_id.set("renamed"); });
    CHECK(slots[0].read(copy) == Outcome::copied);
    CHECK_EQ(copy.client.id, uint64_t(7));
    CHECK_EQ(copy.client.client_id.view(), "renamed");
    CHECK_EQ(copy.client.address.view(), std::string(40, '7'));
    CHECK_EQ(copy.requests, uint64_t(3));
    CHECK_EQ(copy.in_flight, uint64_t(1));
    table.give_back(*slot);
    CHECK(slots[0].read(copy) == Outcome::empty);
    table.take()->replace(numbered(8));
    CHECK(slots[0].read(copy) == Outcome::copied);
    CHECK_EQ(copy.requests, uint64_t(0));
}

TEST("connection table: when all slots are taken there is none, until one is given back") {
    std::vector<ConnectionSlot> slots(2);
    ConnectionTable table(slots);
    ConnectionSlot* first = table.take();
    CHECK(table.take() != nullptr);
    CHECK(table.take() == nullptr);
    table.give_back(*first);
    CHECK(table.take() == first);
    CHECK(ConnectionTable(std::span<ConnectionSlot>()).take() == nullptr);
}

TEST("connection table: a reader never sees half of a change") {
    ConnectionSlot slot;
    std::atomic<bool> stop = false;
    uint64_t copied = 0, torn = 0;
    std::thread reader([&] {
        ConnectionSlot::Copy copy;
        for (; copied < 200'000 && !stop;) {
            if (slot.read(copy) != Outcome::copied) continue;
            copied++;
            torn += !is_whole(copy.client) || copy.requests > copy.client.id;
        }
        stop = true;
    });
    uint64_t number = 1;
    for (; !stop && number < 50'000'000; number++) {
        slot.replace(numbered(number));
        slot.requests.add(number);
        slot.change([&](Client& client) { client = numbered(number); });
        if (number % 16 == 0) std::this_thread::yield(); // for readers on a machine with one processor
    }
    stop = true;
    reader.join();
    CHECK_EQ(copied, uint64_t(200'000));
    CHECK_EQ(torn, uint64_t(0));
}

TEST("board: lists as many connections as its memory has room for") {
    for (const size_t connections : {0, 1, 5}) {
        std::vector<Board> memory(2 + connections); // for its alignment
        const auto bytes = std::as_writable_bytes(std::span(memory)).first(Board::size_for(connections));
        Board& board = Board::make(bytes);
        CHECK_EQ(board.slots().size(), connections);
        CHECK(&Board::at(bytes) == &board);
        CHECK_EQ(board.process(), 0);
        board.begin(4711, 12345);
        CHECK_EQ(board.process(), 4711);
        CHECK_EQ(board.started_ms(), int64_t(12345));
        for (ConnectionSlot& slot : board.slots()) slot.replace(numbered(3));
        board.net.accepted.add();
        Board& again = Board::make(bytes);
        CHECK_EQ(again.process(), 0);
        CHECK_EQ(again.net.accepted.get(), uint64_t(0));
        ConnectionSlot::Copy copy;
        for (ConnectionSlot& slot : again.slots()) CHECK(slot.read(copy) == Outcome::empty);
    }
    CHECK_EQ(Board::size_for(Board::max_slots), Board::size_for(1'000'000));
}

TEST("board: nobody is there in memory that is all zero") {
    alignas(Board) std::array<std::byte, sizeof(Board)> memory{};
    CHECK_EQ(Board::at(memory).process(), 0);
    CHECK(Board::at(memory).slots().empty());
}
