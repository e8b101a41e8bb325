// How each C++ value becomes a Datum; see arguments.h. Main thread only.
#include "pg/arguments.h"

#include <cstring>

extern "C" {
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/uuid.h"
}

namespace kafka::pg {
namespace {

static_assert(SIZEOF_DATUM == 8, "int8 and float8 are passed by value");

constexpr size_t word = sizeof(uint64_t);
constexpr size_t kept_words =
    (size_t(1) << 20) / word; ///< what one statement may keep between executions: 1 MiB
constexpr size_t largest_varlena = MaxAllocSize;

constexpr size_t array_header = ARR_OVERHEAD_NONULLS(1);

size_t words(size_t bytes) { return (bytes + word - 1) / word; }

size_t text_array_size(std::span<const std::string> texts) {
    size_t size = array_header;
    for (const std::string& text : texts) size += INTALIGN(VARHDRSZ + text.size());
    return size;
}

/// Bytes of memory that a value needs besides its Datum.
size_t size_of(const Value& value) {
    if (auto* text = std::get_if<std::string_view>(&value)) return VARHDRSZ + text->size();
    if (auto* bytes = std::get_if<Bytes>(&value)) return VARHDRSZ + bytes->data.size();
    if (auto* ints = std::get_if<std::span<const int32_t>>(&value)) return array_header + ints->size_bytes();
    if (auto* longs = std::get_if<std::span<const int64_t>>(&value))
        return array_header + longs->size_bytes();
    if (auto* uuids = std::get_if<std::span<const Uuid>>(&value)) return array_header + uuids->size_bytes();
    if (auto* texts = std::get_if<std::span<const std::string>>(&value)) return text_array_size(*texts);
    return 0;
}

Oid oid_of(Type type) {
    switch (type) {
    case Type::boolean:
        return BOOLOID;
    case Type::int4:
        return INT4OID;
    case Type::int8:
        return INT8OID;
    case Type::float8:
        return FLOAT8OID;
    case Type::text:
        return TEXTOID;
    case Type::bytea:
        return BYTEAOID;
    case Type::uuid:
        return UUIDOID;
    case Type::int4_array:
        return INT4ARRAYOID;
    case Type::int8_array:
        return INT8ARRAYOID;
    case Type::uuid_array:
        return UUIDARRAYOID;
    case Type::text_array:
        return TEXTARRAYOID;
    }
    return InvalidOid;
}

Datum varlena(char* to, std::string_view data) {
    SET_VARSIZE(to, VARHDRSZ + data.size());
    if (!data.empty()) std::memcpy(VARDATA(to), data.data(), data.size());
    return PointerGetDatum(to);
}

/// Writes the header of a one-dimensional array without nulls (of no dimension if empty); returns where
/// elements start.
char* start_array(char* to, size_t size, size_t elements, Oid type) {
    auto* array = reinterpret_cast<ArrayType*>(to);
    SET_VARSIZE(array, size);
    array->ndim = elements ? 1 : 0;
    array->dataoffset = 0;
    array->elemtype = type;
    ARR_DIMS(array)[0] = static_cast<int>(elements);
    ARR_DIMS(array)[1] = 1; // the lower bound follows the length
    return to + array_header;
}

/// Of elements that lie in the array as they lie in memory.
template <class T> Datum plain_array(char* to, std::span<const T> values, Oid type) {
    const size_t size = values.empty() ? ARR_OVERHEAD_NONULLS(0) : array_header + values.size_bytes();
    char* elements = start_array(to, size, values.size(), type);
    if (!values.empty()) std::memcpy(elements, values.data(), values.size_bytes());
    return PointerGetDatum(to);
}

Datum text_array(char* to, std::span<const std::string> texts) {
    const size_t size = texts.empty() ? ARR_OVERHEAD_NONULLS(0) : text_array_size(texts);
    std::memset(to, 0, size); // the padding between elements would otherwise show what was here before
    char* element = start_array(to, size, texts.size(), TEXTOID);
    for (const std::string& text : texts) {
        varlena(element, text);
        element += INTALIGN(VARHDRSZ + text.size());
    }
    return PointerGetDatum(to);
}

struct Parameter {
    Oid type;
    Datum datum;
    bool null = false;
};

/// Lays one value out at `to`, which has room for size_of(value) bytes.
struct Layout {
    char* to;

    Parameter operator()(const Null& null) const { return {oid_of(null.type), 0, true}; }
    Parameter operator()(const bool& value) const { return {BOOLOID, BoolGetDatum(value)}; }
    Parameter operator()(const int32_t& value) const { return {INT4OID, Int32GetDatum(value)}; }
    Parameter operator()(const int64_t& value) const { return {INT8OID, Int64GetDatum(value)}; }
    Parameter operator()(const double& value) const { return {FLOAT8OID, Float8GetDatum(value)}; }
    Parameter operator()(const std::string_view& text) const { return {TEXTOID, varlena(to, text)}; }
    Parameter operator()(const Bytes& bytes) const { return {BYTEAOID, varlena(to, bytes.data)}; }
    Parameter operator()(const Uuid& uuid) const { return {UUIDOID, PointerGetDatum(uuid.data())}; }
    Parameter operator()(const std::span<const int32_t>& values) const {
        return {INT4ARRAYOID, plain_array(to, values, INT4OID)};
    }
    Parameter operator()(const std::span<const int64_t>& values) const {
        return {INT8ARRAYOID, plain_array(to, values, INT8OID)};
    }
    Parameter operator()(const std::span<const Uuid>& values) const {
        return {UUIDARRAYOID, plain_array(to, values, UUIDOID)};
    }
    Parameter operator()(const std::span<const std::string>& values) const {
        return {TEXTARRAYOID, text_array(to, values)};
    }
};

} // namespace

void Arguments::assign(std::span<const Value> values) {
    datums_.clear();
    nulls_.clear();
    types_.clear();
    used_ = 0;
    size_t needed = 0;
    for (const Value& value : values) {
        const size_t size = size_of(value);
        if (size > largest_varlena) throw Error("value is longer than 1 GB", "54000");
        needed += words(size);
    }
    if (memory_.size() < needed) memory_.resize(needed);
    for (const Value& value : values) add(value);
}

void Arguments::add(const Value& value) {
    const Parameter parameter = std::visit(Layout{reserve(size_of(value))}, value);
    datums_.push_back(parameter.datum);
    nulls_.push_back(parameter.null ? 'n' : ' ');
    types_.push_back(parameter.type);
}

char* Arguments::reserve(size_t size) {
    char* at = reinterpret_cast<char*>(memory_.data() + used_);
    used_ += words(size);
    return at;
}

void Arguments::trim() {
    if (memory_.size() > kept_words) std::vector<uint64_t>().swap(memory_);
}

} // namespace kafka::pg
