// Check hooks of the settings; see setting_syntax.h.
#include "pg/setting_syntax.h"

#include <algorithm>

namespace kafka::pg {
namespace {

constexpr size_t longest_host = 255; ///< of a DNS name

std::string_view trim(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%'; // IPv6 addresses with a zone
}

/// A name, an IPv4 or an IPv6 address; with just one colon it would be a host and a port.
bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= longest_host &&
           std::all_of(text.begin(), text.end(), is_host_character) &&
           std::count(text.begin(), text.end(), ':') != 1;
}

/// Calls `use` for every entry of the list, trimmed; stops and gives false when it does.
template <class F> bool for_each_entry(std::string_view list, F use) {
    while (true) {
        const size_t comma = list.find(',');
        if (!use(trim(list.substr(0, comma)))) return false;
        if (comma == std::string_view::npos) return true;
        list.remove_prefix(comma + 1);
    }
}

} // namespace

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> hosts;
    for_each_entry(list, [&hosts](std::string_view entry) {
        if (!entry.empty()) hosts.emplace_back(entry);
        return true;
    });
    return hosts;
}

bool check_hosts(char** value, void**, GucSource) {
    const std::string_view list = trim(*value);
    if (list.empty()) return true;
    if (for_each_entry(list, [](std::string_view entry) { return entry == "*" || is_host(entry); }))
        return true;
    GUC_check_errdetail("A list of host names and addresses, separated by commas, or * is expected.");
    return false;
}

bool check_advertised_host(char** value, void**, GucSource) {
    const std::string_view host = *value;
    if (host.empty()) return true;
    if (!is_host(host)) {
        GUC_check_errdetail("One host name or address without port is expected.");
        return false;
    }
    if (host != "0.0.0.0" && host != "::") return true;
    GUC_check_errdetail("Clients cannot connect to \"%s\".", *value);
    GUC_check_errhint("Leave it empty to tell each client the address that it connected to.");
    return false;
}

bool check_database(char** value, void**, GucSource) {
    if (**value != '\0' && std::string_view(*value).size() < NAMEDATALEN) return true;
    GUC_check_errdetail("The name of one database is expected.");
    return false;
}

bool check_retention_ms(double* value, void**, GucSource) {
    if (*value == -1 || *value >= 1) return true;
    GUC_check_errdetail("A time of at least one millisecond is expected, or -1.");
    return false;
}

bool check_assignors(char** value, void**, GucSource) {
    const auto is_known = [](std::string_view entry) { return entry == "uniform" || entry == "range"; };
    if (for_each_entry(*value, is_known)) return true;
    GUC_check_errdetail("A list of uniform and range, separated by a comma, is expected.");
    return false;
}

} // namespace kafka::pg
