// The catalog: topics by name, by id and by metric name; and what a topic knows of its segments.
#include "log/catalog.h"
#include "test.h"

using namespace kafka;

namespace {

wire::Uuid id_of(uint8_t n) {
    wire::Uuid id{};
    id[15] = n;
    return id;
}

log::Topic topic(uint8_t id, std::string name, size_t partitions = 1) {
    log::Topic made;
    made.id = id_of(id);
    made.name = std::move(name);
    made.partitions.resize(partitions);
    for (size_t i = 0; i < partitions; i++) made.partitions[i].index = int32_t(i);
    return made;
}

log::Segment segment(int64_t id, std::vector<int64_t> starts, std::vector<int64_t> max_timestamps = {}) {
    log::Segment made;
    made.id = id;
    made.start_offsets = std::move(starts);
    made.max_timestamps = std::move(max_timestamps);
    return made;
}

std::string names(const log::Catalog& catalog) {
    std::string all;
    for (const auto& [name, topic] : catalog.topics()) all += name + " ";
    return all;
}

} // namespace

TEST("a topic is found by its name and by its id, and stays in its place") {
    log::Catalog catalog;
    log::Topic& orders = catalog.add(topic(1, "orders"));
    for (uint8_t i = 2; i < 200; i++) catalog.add(topic(i, "t" + std::to_string(i)));
    CHECK(catalog.find("orders") == &orders);
    CHECK(catalog.find(id_of(1)) == &orders);
    CHECK_EQ(orders.name, "orders");
    CHECK(catalog.find("order") == nullptr);
    CHECK(catalog.find(id_of(200)) == nullptr);
}

TEST("topics are listed by name") {
    log::Catalog catalog;
    for (const char* name : {"b", "a", "B", "a.b"})
        catalog.add(topic(uint8_t(name[0] + std::string(name).size()), name));
    CHECK_EQ(names(catalog), "B a a.b b ");
}

TEST("newer topics come in the order in which they were added") {
    log::Catalog catalog;
    const auto newer = [&](uint64_t number) {
        std::string all;
        catalog.each_newer(number, [&](const log::Topic& topic) { all += topic.name + " "; });
        return all;
    };
    CHECK_EQ(catalog.newest(), 0u);
    catalog.add(topic(1, "b"));
    catalog.add(topic(2, "a"));
    CHECK_EQ(newer(0), "b a ");
    const uint64_t newest = catalog.newest();
    CHECK_EQ(newer(newest), "");
    catalog.add(topic(3, "c"));
    catalog.add(topic(1, "d")); // in the place of b
    CHECK_EQ(newer(newest), "c d ");
    CHECK_EQ(newer(0), "a c d ");
    catalog.remove(id_of(3));
    CHECK_EQ(newer(0), "a d ");
    catalog.clear();
    CHECK_EQ(newer(0), "");
}

TEST("a removed topic is found in no way") {
    log::Catalog catalog;
    catalog.add(topic(1, "a.b"));
    catalog.remove(id_of(1));
    catalog.remove(id_of(1));
    CHECK(catalog.find("a.b") == nullptr);
    CHECK(catalog.find(id_of(1)) == nullptr);
    CHECK(catalog.find_colliding("a_b") == nullptr);
    CHECK(catalog.topics().empty());
}

TEST("names that differ only by dots for underscores collide") {
    log::Catalog catalog;
    catalog.add(topic(1, "a.b_c"));
    CHECK(catalog.find_colliding("a_b.c") != nullptr);
    CHECK_EQ(catalog.find_colliding("a_b_c")->name, "a.b_c");
    CHECK(catalog.find_colliding("a.b_c") == nullptr);
    CHECK(catalog.find_colliding("a.b-c") == nullptr);
}

TEST("of two topics that collide each is found while it is there") {
    log::Catalog catalog;
    catalog.add(topic(1, "a.b"));
    catalog.add(topic(2, "a_b"));
    CHECK_EQ(catalog.find_colliding("a.b")->name, "a_b");
    CHECK_EQ(catalog.find_colliding("a_b")->name, "a.b");
    catalog.remove(id_of(2));
    CHECK_EQ(catalog.find_colliding("a_b")->name, "a.b");
    catalog.remove(id_of(1));
    CHECK(catalog.find_colliding("a_b") == nullptr);
}

TEST("a topic takes the place of its namesake, and of one with its id") {
    log::Catalog catalog;
    catalog.add(topic(1, "orders"));
    catalog.add(topic(2, "orders", 3));
    CHECK(catalog.find(id_of(1)) == nullptr);
    CHECK_EQ(catalog.find("orders")->partitions.size(), size_t(3));
    catalog.add(topic(2, "bills"));
    CHECK_EQ(names(catalog), "bills ");
    CHECK_EQ(catalog.find(id_of(2))->name, "bills");
}

TEST("clear leaves nothing behind") {
    log::Catalog catalog;
    catalog.add(topic(1, "a.b"));
    catalog.clear();
    CHECK(catalog.topics().empty());
    CHECK(catalog.find(id_of(1)) == nullptr);
    CHECK(catalog.find_colliding("a_b") == nullptr);
}

TEST("a topic has the partitions from 0 to its count") {
    log::Topic two = topic(1, "two", 2);
    CHECK(two.partition(0) == &two.partitions[0]);
    CHECK(two.partition(1) == &two.partitions[1]);
    CHECK(two.partition(2) == nullptr);
    CHECK(two.partition(-1) == nullptr);
}

TEST("an offset is looked for in the last segment that begins at or before it") {
    log::Topic two = topic(1, "two", 2);
    CHECK_EQ(two.segment_holding(0, 0), size_t(0));
    two.segments = {segment(7, {0, 0}, {5, 5}), segment(8, {10, 0}, {5, 5}), segment(9, {20, 0})};
    CHECK_EQ(two.segment_holding(0, 0), size_t(0));
    CHECK_EQ(two.segment_holding(0, 9), size_t(0));
    CHECK_EQ(two.segment_holding(0, 10), size_t(1));
    CHECK_EQ(two.segment_holding(0, 99), size_t(2));
    CHECK_EQ(two.segment_holding(1, 0), size_t(2)); // the others have no record of this partition
}

TEST("an offset before all segments is looked for in the first") {
    log::Topic one = topic(1, "one");
    one.segments = {segment(7, {10}, {5}), segment(8, {20})};
    CHECK_EQ(one.segment_holding(0, 3), size_t(0));
}

TEST("a partition that is younger than a segment begins there at 0") {
    const log::Segment old = segment(7, {10}, {5});
    CHECK_EQ(old.start_offset(0), int64_t(10));
    CHECK_EQ(old.start_offset(1), int64_t(0));
}

TEST("only the last segment can be open") {
    log::Topic one = topic(1, "one");
    CHECK(one.open_segment() == nullptr);
    one.segments = {segment(7, {0}, {5}), segment(8, {10})};
    CHECK_EQ(one.open_segment()->id, int64_t(8));
    one.segments[1].max_timestamps = {-1};
    CHECK(one.open_segment() == nullptr);
}
