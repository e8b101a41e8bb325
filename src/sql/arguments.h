// Arguments of functions that SQL calls, and how what they ask for is refused: each reason with an SQLSTATE of its own.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "pg/guard.h"

extern "C" {
#include "fmgr.h"
}

namespace kafka::sql {

namespace sqlstate {
constexpr std::string_view feature_not_supported = "0A000";
constexpr std::string_view null_value_not_allowed = "22004";
constexpr std::string_view invalid_parameter_value = "22023";
constexpr std::string_view invalid_name = "42602";
constexpr std::string_view undefined_object = "42704";
constexpr std::string_view duplicate_object = "42710";
constexpr std::string_view configuration_limit_exceeded = "53400";
constexpr std::string_view object_not_in_prerequisite_state = "55000";
constexpr std::string_view object_in_use = "55006";
} // namespace sqlstate

/// Throws pg::Error.
[[noreturn]] void refuse(std::string_view state, const std::string& message, std::string detail = {},
                         std::string hint = {});

/// The name in double quotes.
std::string in_quotes(std::string_view name);

/// A text argument; refuses NULL, and calls it `name` then.
std::string text_argument(FunctionCallInfo call, int index, const char* name);
/// The same where NULL is allowed.
std::optional<std::string> nullable_text_argument(FunctionCallInfo call, int index);
std::optional<int32_t> nullable_int32_argument(FunctionCallInfo call, int index);

} // namespace kafka::sql
