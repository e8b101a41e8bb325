// Changes of the pg_kafka.* settings from within the server, as ALTER SYSTEM makes them. Names are without the prefix. Main
// thread only; std types only; throws Error.
#pragma once
#include "pg/settings.h"

#include <optional>
#include <string>

namespace kafka::pg {

/// What the server has against this value for that setting; nothing if it would take it.
std::optional<std::string> setting_problem(const std::string& name, const std::string& value);

/// What ALTER SYSTEM SET does with a value, ALTER SYSTEM RESET without one. It is in the file when this returns, also if the
/// transaction is rolled back, and in effect after a reload (pg::request_reload). Inside a Transaction.
void alter_system(const std::string& name, const std::optional<std::string>& value);

/// Those settings that somebody has set. Private to pg/.
std::map<std::string, SettingSource, std::less<>> setting_sources();

} // namespace kafka::pg
