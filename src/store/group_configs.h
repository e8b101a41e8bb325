// The rows of kafka.group_config. Called inside a pg::Transaction; throws pg::Error.
#pragma once
#include "group/types.h"

#include <optional>
#include <string>

namespace kafka::store {

/// The configs of all groups. Those that somebody has stored and that are no configs of groups are left out.
group::GroupConfigs load_group_configs();

/// Sets a config of a group, or takes it away.
void set_group_config(const std::string& group_id, const std::string& name,
                      const std::optional<std::string>& value);

} // namespace kafka::store
