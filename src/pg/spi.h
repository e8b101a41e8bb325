// SQL from C++: prepared statements, their results, cursors. Main thread only, inside a pg::Transaction or
// pg::Connection; std types only. Every function throws pg::Error when the server reports one.
#pragma once
#include "pg/error.h"
#include "pg/transaction.h"
#include "pg/value.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct SPITupleTable;
struct _SPI_plan;
struct PortalData;

namespace kafka::pg {

class Arguments;

/// Rows that a statement returned. Not to be read after the end of its transaction. Rows and columns count
/// from 0. A getter whose type is not the column's, and a getter of what is NULL, throw UnexpectedValue, and so do those of arrays with
/// nulls or several dimensions.
class Result {
public:
    Result(SPITupleTable* table, uint64_t rows);
    Result(Result&& other) noexcept;
    Result& operator=(Result&&) = delete;
    ~Result();

    /// Rows returned; of a statement without rows, rows affected.
    uint64_t size() const { return rows_; }
    bool empty() const { return rows_ == 0; }

    bool is_null(uint64_t row, int column) const;
    bool boolean(uint64_t row, int column) const;
    int32_t int32(uint64_t row, int column) const;
    int64_t int64(uint64_t row, int column) const;
    double float64(uint64_t row, int column) const;
    std::string text(uint64_t row, int column) const; ///< of a text; cast names and varchars in the query
    Uuid uuid(uint64_t row, int column) const;
    std::string bytes(uint64_t row, int column) const; ///< of a bytea
    /// Bytes in a bytea, found without reading it from its TOAST table.
    size_t size_of(uint64_t row, int column) const;
    /// Copies a bytea to `to`, which has room for size_of() bytes; the server's own copy is freed at once.
    void copy_bytes(uint64_t row, int column, char* to) const;
    /// Copies the first bytes of a bytea, as many as there are and as there is room for; returns how many.
    size_t copy_start(uint64_t row, int column, std::span<char> to) const;
    std::vector<int32_t> int32_array(uint64_t row, int column) const;
    std::vector<int64_t> int64_array(uint64_t row, int column) const;
    std::vector<Uuid> uuid_array(uint64_t row, int column) const;
    std::vector<std::string> text_array(uint64_t row, int column) const;

private:
    struct Field {
        uintptr_t datum;
        bool null;
    };
    Field field(uint64_t row, int column) const;
    uintptr_t datum(uint64_t row, int column, unsigned type) const;

    SPITupleTable* table_; ///< null: the statement returns no rows
    uint64_t rows_;
    uint64_t era_; ///< the server frees by itself what is left of an earlier era
};

/// A query whose rows are taken in portions. Not to be used after the end of its transaction.
class Cursor {
public:
    explicit Cursor(PortalData* portal);
    Cursor(Cursor&& other) noexcept;
    Cursor& operator=(Cursor&&) = delete;
    ~Cursor();

    /// The next rows, at most `limit` (> 0); fewer only at the end.
    Result fetch(int64_t limit);

    /// Calls take(rows, i) for each row that is left. In portions: there may be millions.
    template <class Take> void each_row(Take take) {
        constexpr int64_t portion = 1000;
        for (bool more = true; more;) {
            const Result rows = fetch(portion);
            for (uint64_t i = 0; i < rows.size(); i++) take(rows, i);
            more = rows.size() == uint64_t(portion);
        }
    }

private:
    PortalData* portal_;
    uint64_t era_; ///< the server frees by itself what is left of an earlier era
};

/// One SQL statement with parameters $1, $2, ...; prepared at its first use, with the types of the values
/// given then, and kept for the life of this object over all transactions. Later uses give values of the same
/// types.
class Statement {
public:
    explicit Statement(std::string sql);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    Result execute(std::span<const Value> values);
    Result execute(std::initializer_list<Value> values = {}) {
        return execute(std::span(values.begin(), values.size()));
    }
    Cursor open(std::span<const Value> values);
    Cursor open(std::initializer_list<Value> values = {}) {
        return open(std::span(values.begin(), values.size()));
    }

private:
    void bind(std::span<const Value> values);
    void prepare();

    std::string sql_;
    std::vector<unsigned> types_; ///< of the parameters, once prepared
    Arguments* arguments_;        ///< owned; reused, so that an execution allocates nothing
    _SPI_plan* plan_ = nullptr;
};

/// Runs a statement once, such as DDL; without values it may be several, separated by semicolons, and then
/// the result is the last one's.
Result execute(std::string_view sql, std::span<const Value> values);
inline Result execute(std::string_view sql, std::initializer_list<Value> values = {}) {
    return execute(sql, std::span(values.begin(), values.size()));
}

} // namespace kafka::pg
