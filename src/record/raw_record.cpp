// Record: length, attributes (unused), timestamp delta, offset delta, key, value, headers; all numbers are
// varints.
#include "record/raw_record.h"

namespace kafka::record {

const char* read_record(Cursor& in, RawRecord& record) {
    const int32_t length = in.varint();
    if (!in.ok()) return "there are fewer records than the batch says, or one is cut short";
    if (length < 0 || size_t(length) > in.left()) return "a record is longer than what is left of the batch";
    Cursor body(in.take(size_t(length)));
    body.take(1);
    record.timestamp_delta = body.varlong();
    record.offset_delta = body.varint();
    record.key = body.nullable_bytes();
    record.value = body.nullable_bytes();
    record.header_count = body.varint();
    if (!body.ok()) return "the fields of a record do not fit into its length";
    record.headers = body.take(body.left());
    return nullptr;
}

const char* read_headers(const RawRecord& record, std::vector<Header>* into) {
    if (into) into->clear();
    Cursor in(record.headers);
    const int32_t count = record.header_count;
    if (count < 0 || size_t(count) > in.left()) return "a record has an impossible number of headers";
    for (int32_t i = 0; i < count; i++) {
        const std::optional<wire::View> key = in.nullable_bytes();
        const std::optional<wire::View> value = in.nullable_bytes();
        if (!in.ok()) return "the headers of a record do not fit into its length";
        if (!key) return "a record has a header without a name";
        if (into) into->push_back({*key, value});
    }
    return in.left() == 0 ? nullptr : "a record is longer than its fields";
}

} // namespace kafka::record
