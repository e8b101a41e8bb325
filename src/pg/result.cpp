// Reading the rows that a statement returned; see spi.h. Main thread only.
#include "pg/spi.h"

#include <algorithm>
#include <cstring>

#include "pg/guard.h"

extern "C" {
#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/uuid.h"
}

namespace kafka::pg {
namespace {

[[noreturn]] void misuse(const char* what, int column) {
    throw UnexpectedValue(std::string(what) + " in column " + std::to_string(column) + " of a result",
                          "XX000");
}

/// A varlena with its bytes in memory; frees the copy that was made if it was stored elsewhere or compressed.
class Unpacked {
public:
    explicit Unpacked(Datum datum)
        : original_(DatumGetPointer(datum)), value_(call([datum] {
              return pg_detoast_datum(reinterpret_cast<varlena*>(DatumGetPointer(datum)));
          })) {}
    Unpacked(const Unpacked&) = delete;
    Unpacked& operator=(const Unpacked&) = delete;
    ~Unpacked() {
        if (reinterpret_cast<char*>(value_) != original_) pfree(value_);
    }

    std::string_view view() const { return {VARDATA(value_), VARSIZE(value_) - VARHDRSZ}; }
    ArrayType* array() const { return reinterpret_cast<ArrayType*>(value_); }

private:
    char* original_;
    varlena* value_;
};

/// A bitmap of nulls may be there without any null: where one was in an array that this is a slice of.
bool is_list(ArrayType* array) {
    if (ARR_NDIM(array) > 1) return false;
    return !ARR_HASNULL(array) || !call([array] { return array_contains_nulls(array); });
}

/// The elements of an array of a fixed width.
template <class T> std::vector<T> fixed(Datum datum, int column) {
    const Unpacked value(datum);
    ArrayType* array = value.array();
    if (!is_list(array)) misuse("array with nulls or several dimensions", column);
    if (ARR_NDIM(array) == 0) return {};
    std::vector<T> result(static_cast<size_t>(ARR_DIMS(array)[0]));
    std::memcpy(result.data(), ARR_DATA_PTR(array), result.size() * sizeof(T));
    return result;
}

std::vector<std::string> texts(Datum datum, int column) {
    const Unpacked value(datum);
    ArrayType* array = value.array();
    if (!is_list(array)) misuse("array with nulls or several dimensions", column);
    std::vector<std::string> result;
    if (ARR_NDIM(array) == 0) return result;
    const char* element = ARR_DATA_PTR(array);
    for (int left = ARR_DIMS(array)[0]; left > 0; --left) {
        element = reinterpret_cast<const char*>(att_align_pointer(element, TYPALIGN_INT, -1, element));
        result.emplace_back(VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element));
        element += VARSIZE_ANY(element);
    }
    return result;
}

// The server's macros name its types int32 and int64, which are getters inside Result; so they are used out
// here.
int32_t to_int32(Datum datum) { return DatumGetInt32(datum); }
int64_t to_int64(Datum datum) { return DatumGetInt64(datum); }
size_t size_without_header(Size raw_size) { return raw_size - VARHDRSZ; }

} // namespace

Result::Result(SPITupleTable* table, uint64_t rows) : table_(table), rows_(rows), era_(current_era()) {}

Result::Result(Result&& other) noexcept : table_(other.table_), rows_(other.rows_), era_(other.era_) {
    other.table_ = nullptr;
}

Result::~Result() {
    if (!table_ || era_ != current_era()) return;
    call_at_end([table = table_] { SPI_freetuptable(table); });
}

Result::Field Result::field(uint64_t row, int column) const {
    if (!table_ || row >= rows_) misuse("no such row", column);
    if (column < 0 || column >= table_->tupdesc->natts) misuse("no such column", column);
    Field found{};
    found.datum = heap_getattr(table_->vals[row], column + 1, table_->tupdesc, &found.null);
    return found;
}

uintptr_t Result::datum(uint64_t row, int column, unsigned type) const {
    const Field found = field(row, column);
    if (TupleDescAttr(table_->tupdesc, column)->atttypid != type) misuse("unexpected type", column);
    if (found.null) misuse("unexpected null", column);
    return found.datum;
}

bool Result::is_null(uint64_t row, int column) const { return field(row, column).null; }
bool Result::boolean(uint64_t row, int column) const { return DatumGetBool(datum(row, column, BOOLOID)); }
int32_t Result::int32(uint64_t row, int column) const { return to_int32(datum(row, column, INT4OID)); }
int64_t Result::int64(uint64_t row, int column) const { return to_int64(datum(row, column, INT8OID)); }
double Result::float64(uint64_t row, int column) const {
    return DatumGetFloat8(datum(row, column, FLOAT8OID));
}

std::string Result::text(uint64_t row, int column) const {
    const Unpacked value(datum(row, column, TEXTOID));
    return std::string(value.view());
}

Uuid Result::uuid(uint64_t row, int column) const {
    Uuid result;
    std::memcpy(result.data(), DatumGetUUIDP(datum(row, column, UUIDOID))->data, result.size());
    return result;
}

std::string Result::bytes(uint64_t row, int column) const {
    const Unpacked value(datum(row, column, BYTEAOID));
    return std::string(value.view());
}

size_t Result::size_of(uint64_t row, int column) const {
    const Datum value = datum(row, column, BYTEAOID);
    return size_without_header(call([value] { return toast_raw_datum_size(value); }));
}

void Result::copy_bytes(uint64_t row, int column, char* to) const {
    const Unpacked value(datum(row, column, BYTEAOID));
    if (!value.view().empty()) std::memcpy(to, value.view().data(), value.view().size());
}

size_t Result::copy_start(uint64_t row, int column, std::span<char> to) const {
    const Unpacked value(datum(row, column, BYTEAOID));
    const std::string_view start = value.view().substr(0, to.size());
    std::copy(start.begin(), start.end(), to.begin());
    return start.size();
}

std::vector<int32_t> Result::int32_array(uint64_t row, int column) const {
    return fixed<int32_t>(datum(row, column, INT4ARRAYOID), column);
}

std::vector<int64_t> Result::int64_array(uint64_t row, int column) const {
    return fixed<int64_t>(datum(row, column, INT8ARRAYOID), column);
}

std::vector<Uuid> Result::uuid_array(uint64_t row, int column) const {
    return fixed<Uuid>(datum(row, column, UUIDARRAYOID), column);
}

std::vector<std::string> Result::text_array(uint64_t row, int column) const {
    return texts(datum(row, column, TEXTARRAYOID), column);
}

} // namespace kafka::pg
