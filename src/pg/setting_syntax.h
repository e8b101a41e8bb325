// What the text of a pg_kafka.* setting may look like. Private to pg/; used by the main thread and, for the
// check hooks, by every process that reads the configuration.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pg/guard.h"

extern "C" {
#include "utils/guc.h"
}

namespace kafka::pg {

/// The entries of a comma-separated list, without the white space around them; empty entries are left out.
std::vector<std::string> split_list(std::string_view list);

extern "C" {
bool check_hosts(char** value, void** extra, GucSource source);
bool check_advertised_host(char** value, void** extra, GucSource source);
bool check_database(char** value, void** extra, GucSource source);
bool check_retention_ms(double* value, void** extra, GucSource source);
bool check_assignors(char** value, void** extra, GucSource source);
}

} // namespace kafka::pg
