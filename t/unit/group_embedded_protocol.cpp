// What consumers tell each other through the broker, as far as it is read.
#include "group/embedded_protocol.h"
#include "test.h"

using namespace kafka::group;
using namespace std::string_literals;

TEST("group: topics are read from any version of a subscription, and from nothing else") {
    const auto both = subscribed_topics_of("\0\1\0\0\0\2\0\1a\0\2bc\0\0\0\0and more"s);
    CHECK(both && *both == (std::vector<std::string>{"a", "bc"}));
    CHECK(subscribed_topics_of("\0\0\0\0\0\0"s)->empty());
    for (const std::string& bad :
         {""s, "\0"s, "\0\0\0\0"s, "\xff\xff\0\0\0\0"s, "\0\0\xff\xff\xff\xff"s, "\0\0\x7f\xff\xff\xff\0\1a"s,
          "\0\0\0\0\0\1\0\2a"s, "\0\0\0\0\0\1\xff\xff"s})
        CHECK(!subscribed_topics_of(bad));
}

TEST("group: partitions are read from any version of an assignment, and from nothing else") {
    const std::string two = "\0\1\0\0\0\2\0\1a\0\0\0\2\0\0\0\7\0\0\0\0\0\2bc\0\0\0\0"s;
    const std::vector<NamedPartitions> expected{{"a", {7, 0}}, {"bc", {}}};
    for (const std::string& user_data : {"\xff\xff\xff\xff"s, "\0\0\0\3any"s, "\0\0\0\0and more"s}) {
        const auto read = read_assignment(two + user_data);
        CHECK(read && read->partitions == expected);
        CHECK(read && read->has_user_data == (user_data[3] == 3));
    }
    for (size_t size = 0; size < two.size() + 4; size++)
        CHECK(!read_assignment((two + "\xff\xff\xff\xff"s).substr(0, size)));
    for (const std::string& bad :
         {"\xff\xff\0\0\0\0"s, "\0\0\xff\xff\xff\xff"s, "\0\0\x7f\xff\xff\xff"s, "\0\0\0\0\0\1\xff\xff"s,
          "\0\0\0\0\0\1\0\1a\xff\xff\xff\xff"s, "\0\0\0\0\0\1\0\1a\x7f\xff\xff\xff\0\0\0\1"s})
        CHECK(!read_assignment(bad + "\xff\xff\xff\xff"s));
}
