// See arguments.h.
#include "sql/arguments.h"

namespace kafka::sql {

void refuse(std::string_view state, const std::string& message, std::string detail, std::string hint) {
    pg::Error error(message, state);
    error.detail = std::move(detail);
    error.hint = std::move(hint);
    throw error;
}

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string text_argument(FunctionCallInfo call, int index, const char* name) {
    auto text = nullable_text_argument(call, index);
    if (!text) refuse(sqlstate::null_value_not_allowed, std::string(name) + " must not be null");
    return std::move(*text);
}

std::optional<std::string> nullable_text_argument(FunctionCallInfo call, int index) {
    if (call->args[index].isnull) return std::nullopt;
    const text* value = pg::call([=] { return DatumGetTextPP(call->args[index].value); });
    return std::string(VARDATA_ANY(value), size_t(VARSIZE_ANY_EXHDR(value)));
}

std::optional<int32_t> nullable_int32_argument(FunctionCallInfo call, int index) {
    if (call->args[index].isnull) return std::nullopt;
    return DatumGetInt32(call->args[index].value);
}

} // namespace kafka::sql
