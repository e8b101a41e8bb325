#include "group/deadlines.h"
#include "group/subscription.h"
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

TEST("group: topics are read from any version of a subscription, and from nothing else") {
    using namespace std::string_literals;
    const auto both = subscribed_topics_of("\0\1\0\0\0\2\0\1a\0\2bc\0\0\0\0and more"s);
    CHECK(both && *both == (std::vector<std::string>{"a", "bc"}));
    CHECK(subscribed_topics_of("\0\0\0\0\0\0"s)->empty());
    for (const std::string& bad :
         {""s, "\0"s, "\0\0\0\0"s, "\xff\xff\0\0\0\0"s, "\0\0\xff\xff\xff\xff"s, "\0\0\x7f\xff\xff\xff\0\1a"s,
          "\0\0\0\0\0\1\0\2a"s, "\0\0\0\0\0\1\xff\xff"s})
        CHECK(!subscribed_topics_of(bad));
}
