#include "group/deadlines.h"
#include "test.h"

using namespace kafka::group;

TEST("group: deadlines come in order, and only the last one that was set counts") {
    Deadlines deadlines;
    const Time start;
    CHECK(!deadlines.next());
    deadlines.set("a", start + milliseconds(5));
    deadlines.set("b", start + milliseconds(3));
    deadlines.set("c", start + milliseconds(4));
    deadlines.set("b", start + milliseconds(9));
    deadlines.cancel("c");
    deadlines.cancel("none");
    CHECK(deadlines.next() == start + milliseconds(5));
    CHECK(deadlines.take_due(start + milliseconds(4)).empty());
    deadlines.set("d", start + milliseconds(1));
    CHECK_EQ(deadlines.take_due(start + milliseconds(9), 2).size(), 2u);
    CHECK_EQ(deadlines.take_due(start + milliseconds(9))[0], std::string("b"));
    CHECK(!deadlines.next());
}
