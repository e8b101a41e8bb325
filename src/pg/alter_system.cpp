// See alter_system.h.
#include "pg/alter_system.h"

#include "pg/transaction.h"

#include <cstring>
#include <span>

#include "pg/guard.h"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
}

namespace kafka::pg {
namespace {

constexpr std::string_view prefix = "pg_kafka.";

std::string full_name(const std::string& name) { return std::string(prefix) + name; }

/// Every setting of the server, in a list to be freed.
std::span<config_generic*> all_settings() {
    return call([] {
        int count = 0;
#if PG_VERSION_NUM >= 160000
        config_generic** settings = get_guc_variables(&count);
#else
        count = GetNumConfigOptions();
        const size_t size = size_t(count) * sizeof(config_generic*);
        auto** settings = static_cast<config_generic**>(memcpy(palloc(size), get_guc_variables(), size));
#endif
        return std::span(settings, size_t(count));
    });
}

SettingSource source_of(const config_generic& setting) {
    if (setting.source < PGC_S_FILE) return SettingSource::built_in;
    if (setting.source > PGC_S_FILE) return SettingSource::command_line;
    const std::string_view file = setting.sourcefile ? setting.sourcefile : "";
    return file.ends_with(PG_AUTOCONF_FILENAME) ? SettingSource::altered : SettingSource::configured;
}

/// As the parser would make it. The server copies what it keeps.
AlterSystemStmt* make_statement(const char* name, const char* value) {
    VariableSetStmt* set = makeNode(VariableSetStmt);
    set->kind = value ? VAR_SET_VALUE : VAR_RESET;
    set->name = pstrdup(name);
    if (value) {
        A_Const* constant = makeNode(A_Const);
        constant->val.sval.type = T_String;
        constant->val.sval.sval = pstrdup(value);
        constant->location = -1;
        set->args = list_make1(constant);
    }
    AlterSystemStmt* statement = makeNode(AlterSystemStmt);
    statement->setstmt = set;
    return statement;
}

} // namespace

std::map<std::string, SettingSource, std::less<>> setting_sources() {
    std::map<std::string, SettingSource, std::less<>> sources;
    const std::span<config_generic*> settings = all_settings();
    for (const config_generic* setting : settings) {
        const std::string_view name = setting->name;
        if (!name.starts_with(prefix)) continue;
        const SettingSource source = source_of(*setting);
        if (source != SettingSource::built_in) sources.emplace(name.substr(prefix.size()), source);
    }
    call([settings] { pfree(settings.data()); });
    return sources;
}

std::optional<std::string> setting_problem(const std::string& name, const std::string& value) {
    if (value.find('\0') != value.npos) return "a value ends before its zero byte";
    const std::string full = full_name(name);
    try {
        const Transaction transaction; // for the server to clean up after an error
        call([name = full.c_str(), value = value.c_str()] {
            constexpr bool change = false, is_reload = false;
            (void)set_config_option(name, value, PGC_SIGHUP, PGC_S_FILE, GUC_ACTION_SET, change, ERROR,
                                    is_reload);
        });
    } catch (const Error& error) {
        return error.what() + (error.detail.empty() ? "" : ": " + error.detail);
    }
    return std::nullopt;
}

void alter_system(const std::string& name, const std::optional<std::string>& value) {
    const std::string full = full_name(name);
    call([name = full.c_str(), value = value ? value->c_str() : nullptr] {
        AlterSystemSetConfigFile(make_statement(name, value));
    });
}

} // namespace kafka::pg
