// What readers of committed records are told of aborted transactions, as far as it is in memory.
#include "log/aborted.h"
#include "test.h"

using namespace kafka;

namespace {

/// Two producers whose transactions overlap; what ended below 10 or began at 40 or above is not known.
const log::AbortedStretch stretch{{{1, 8, 12}, {2, 5, 20}, {1, 13, 21}, {2, 30, 39}}, 10, 40};

std::string show(const std::vector<log::Aborted>& found) {
    std::string all;
    for (const log::Aborted& a : found)
        all += std::to_string(a.producer_id) + "@" + std::to_string(a.first_offset) + " ";
    return all;
}

TEST("aborted: told is what ended at the first offset or later and began before the end") {
    CHECK_EQ(show(stretch.between(10, 40)), "1@8 2@5 1@13 2@30 ");
    CHECK_EQ(show(stretch.between(12, 13)), "1@8 2@5 ");
    CHECK_EQ(show(stretch.between(13, 14)), "2@5 1@13 ");
    CHECK_EQ(show(stretch.between(21, 30)), "1@13 ");
    CHECK_EQ(show(stretch.between(22, 30)), "");
    CHECK_EQ(show(stretch.between(39, 40)), "2@30 ");
}

TEST("aborted: a stretch covers what lies within it") {
    CHECK(stretch.covers(10, 40));
    CHECK(!stretch.covers(9, 12));
    CHECK(!stretch.covers(12, 41));
    CHECK(!log::AbortedStretch{}.covers(0, 1));
}

} // namespace
