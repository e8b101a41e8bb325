// Strings that may be stored as text.
#include "test.h"
#include "wire/messages/join_group.h"
#include "wire/text.h"

using namespace kafka::wire;

TEST("text: UTF-8 of every length is text, and nothing else") {
    for (const std::string good :
         {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(is_text(good, TextRule::utf8));
    for (const std::string bad :
         {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "a\xff", "\xe2\x82"})
        CHECK(!is_text(bad, TextRule::utf8));
    CHECK(!is_text(std::string("a\0b", 3), TextRule::utf8));
    CHECK(is_text("abc", TextRule::ascii) && !is_text("\xc3\xa9", TextRule::ascii));
}

TEST("text: every string of a message is looked at, its bytes are not") {
    const auto is_stored = [](auto change) {
        join_group::Request request;
        request.group_id = "group";
        request.protocols.emplace_back().metadata = "\xff\0";
        change(request);
        return has_text_only(request, TextRule::utf8);
    };
    CHECK(is_stored([](auto&) {}));
    CHECK(!is_stored([](auto& r) { r.group_id = "\xff"; }));
    CHECK(!is_stored([](auto& r) { r.group_instance_id = "\xff"; }));
    CHECK(!is_stored([](auto& r) { r.protocols[0].name = "\xff"; }));
    CHECK(is_stored([](auto& r) { r.group_instance_id.reset(); }));
}

TEST("text: is cut between characters") {
    CHECK_EQ(std::string(text_prefix("abc", 3)), "abc");
    CHECK_EQ(std::string(text_prefix("abc", 2)), "ab");
    CHECK_EQ(std::string(text_prefix("a\xc3\xa9z", 2)), "a");
    CHECK_EQ(std::string(text_prefix("a\xc3\xa9z", 3)), "a\xc3\xa9");
    CHECK_EQ(std::string(text_prefix("\xf0\x9f\x90\x98", 3)), "");
}
