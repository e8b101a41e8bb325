// How errors change form at the border; see guard.h. Main thread of a process only.
#include "pg/guard.h"

#include <cstring>
#include <new>

namespace kafka::pg {
namespace {

uint64_t era = 1;
char kept_error[200]; ///< empty: none

const char* text_or(const char* text, const char* otherwise) { return text ? text : otherwise; }

/// A copy in the current memory context; null where the text is empty, a fixed text where memory is short.
const char* keep(const char* text) noexcept {
    const size_t size = std::strlen(text) + 1;
    if (size == 1) return nullptr;
    void* copy = palloc_extended(size, MCXT_ALLOC_NO_OOM);
    return copy ? static_cast<const char*>(std::memcpy(copy, text, size)) : "out of memory";
}

int pack(const std::string& state) {
    return state.size() == 5 ? MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])
                             : ERRCODE_INTERNAL_ERROR;
}

} // namespace

uint64_t current_era() noexcept { return era; }
void end_era() noexcept { era++; }

void throw_error(MemoryContext context) {
    end_era();
    MemoryContextSwitchTo(context);
    ErrorData* data = CopyErrorData();
    FlushErrorState();
    Error error(text_or(data->message, "unknown error"), unpack_sql_state(data->sqlerrcode));
    error.detail = text_or(data->detail, "");
    error.hint = text_or(data->hint, "");
    error.context = text_or(data->context, "");
    FreeErrorData(data);
    throw error;
}

void keep_error(const Error& error) noexcept {
    if (!kept_error[0])
        strlcpy(kept_error, *error.what() ? error.what() : "unknown error", sizeof kept_error);
}

void throw_kept_error() {
    if (!kept_error[0]) return;
    const Error error(kept_error, "XX000");
    drop_kept_error();
    throw error;
}

void drop_kept_error() noexcept { kept_error[0] = '\0'; }

Report report_of(const Error& error) noexcept {
    return {pack(error.sqlstate), keep(error.what()), keep(error.detail.c_str()), keep(error.hint.c_str())};
}

Report report_of(const std::exception& error) noexcept {
    const bool memory = dynamic_cast<const std::bad_alloc*>(&error);
    return {memory ? ERRCODE_OUT_OF_MEMORY : ERRCODE_INTERNAL_ERROR, keep(error.what()), nullptr, nullptr};
}

Report report_of_unknown() noexcept { return {ERRCODE_INTERNAL_ERROR, nullptr, nullptr, nullptr}; }

void raise(const Report& report) {
    ereport(ERROR, (errcode(report.sqlstate),
                    errmsg_internal("%s", report.message ? report.message : "unknown error"),
                    report.detail ? errdetail_internal("%s", report.detail) : 0,
                    report.hint ? errhint("%s", report.hint) : 0));
    pg_unreachable();
}

} // namespace kafka::pg
