// The rows that a function returns all at once, value by value. Runs in the session of a query; server code: functions end
// by ereport.
#pragma once
#include "sql/timestamps.h"
#include "sql/utf8_text.h"

#include <cstdint>
#include <string_view>

#include "pg/guard.h"

extern "C" {
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
}

namespace kafka::sql {

/// Of a function that RETURNS SETOF record and names its columns.
class Rows {
public:
    explicit Rows(FunctionCallInfo call) {
        InitMaterializedSRF(call, 0);
        result_ = reinterpret_cast<ReturnSetInfo*>(call->resultinfo);
    }

    // The next value of the row.
    void add(bool value) { add_datum(BoolGetDatum(value)); }
    void add(int32_t value) { add_datum(Int32GetDatum(value)); }
    void add(int64_t value) { add_datum(Int64GetDatum(value)); }
    void add(uint64_t value) { add(static_cast<int64_t>(value)); }
    void add(double value) { add_datum(Float8GetDatum(value)); }
    void add_timestamp(int64_t milliseconds) { add_datum(TimestampTzGetDatum(to_timestamptz(milliseconds))); }
    /// NULL if it is empty.
    void add_text(std::string_view utf8) {
        if (utf8.empty()) return add_null();
        add_datum(PointerGetDatum(text_from_utf8(utf8)));
    }
    void add_datum(Datum datum) {
        Assert(columns_ < result_->setDesc->natts);
        nulls_[columns_] = false;
        values_[columns_++] = datum;
    }
    void add_null() {
        Assert(columns_ < result_->setDesc->natts);
        nulls_[columns_++] = true;
    }

    /// Ends the row; values that were not added are NULL.
    void end_row() {
        while (columns_ < result_->setDesc->natts) add_null();
        tuplestore_putvalues(result_->setResult, result_->setDesc, values_, nulls_);
        columns_ = 0;
    }

private:
    static constexpr int max_columns = 40;

    ReturnSetInfo* result_;
    int columns_ = 0;
    Datum values_[max_columns];
    bool nulls_[max_columns];
};

} // namespace kafka::sql
