// Values laid out as the server wants its parameters. Private to pg/. The memory is malloc'd and reused from
// one execution to the next: the server only reads parameters, so one copy into a varlena is all that a bytea
// costs.
#pragma once
#include "pg/value.h"

#include <span>
#include <vector>

#include "pg/guard.h"

namespace kafka::pg {

class Arguments {
public:
    /// Lays out these values; they must stay alive until the execution is over, for uuids are pointed to.
    /// Throws Error for a value that is longer than the server allows.
    void assign(std::span<const Value> values);
    /// Frees what an unusually large execution has left.
    void trim();

    int count() const { return static_cast<int>(datums_.size()); }
    const std::vector<Oid>& types() const { return types_; }
    Datum* datums() { return datums_.data(); }
    const char* nulls() const { return nulls_.data(); } ///< 'n' or ' ' for each
    Oid* types_array() { return types_.data(); }

private:
    void add(const Value& value);
    char* reserve(size_t size);

    std::vector<Datum> datums_;
    std::vector<char> nulls_;
    std::vector<Oid> types_;
    std::vector<uint64_t> memory_; ///< words, so that everything in it is aligned
    size_t used_ = 0;              ///< words of memory_ that are laid out
};

} // namespace kafka::pg
