// Markers of ended transactions, against one that Kafka has written.
#include "../hex.h"
#include "record/marker.h"
#include "test.h"

using namespace kafka;
using record::Marker;

namespace {
const std::string kafkas_commit = "00000000000000140000004200000002023defc5450030000000000000018bcfe568000000"
                                  "018bcfe568000000000000000fa10000ffffffff"
                                  "000000012000000008000000010c00000000000500";
} // namespace

TEST("markers: a commit is as Kafka writes it") {
    const Marker marker{4001, 0, true, 5};
    std::string batch = record::make_marker(marker, 1'700'000'000'000);
    record::stamp(batch.data(), 20, 2);
    CHECK_EQ(to_hex(batch), kafkas_commit);
    CHECK(record::read_marker(batch) == marker);
}

TEST("markers: what is none is not taken for one") {
    const std::string abort = record::make_marker({7, 3, false, 0}, 5);
    CHECK(record::read_marker(abort) == (Marker{7, 3, false, 0}));
    CHECK(!record::read_marker(wire::View(abort).substr(0, abort.size() - 1)));
    std::string other = abort;
    other[other.size() - 9] = 2; // a leader change
    CHECK(!record::read_marker(other));
    CHECK(!record::read_marker(""));
}
