// See group_configs.h.
#include "store/group_configs.h"

#include "group/config.h"
#include "pg/spi.h"

namespace kafka::store {

group::GroupConfigs load_group_configs() {
    const pg::Result rows = pg::execute("SELECT group_id, name, value FROM kafka.group_config");
    group::GroupConfigs configs;
    for (uint64_t i = 0; i < rows.size(); i++)
        (void)group::set_config(configs[rows.text(i, 0)], rows.text(i, 1), rows.text(i, 2));
    return configs;
}

void set_group_config(const std::string& group_id, const std::string& name,
                      const std::optional<std::string>& value) {
    if (value)
        pg::execute("INSERT INTO kafka.group_config (group_id, name, value) VALUES ($1, $2, $3)"
                    " ON CONFLICT (group_id, name) DO UPDATE SET value = excluded.value",
                    {std::string_view(group_id), std::string_view(name), std::string_view(*value)});
    else
        pg::execute("DELETE FROM kafka.group_config WHERE group_id = $1 AND name = $2",
                    {std::string_view(group_id), std::string_view(name)});
}

} // namespace kafka::store
