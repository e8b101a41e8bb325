// The pg_kafka.* settings as an immutable value. Main thread only (a copy may be given to other threads); std
// types only.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kafka::pg {

/// What pg_kafka.max_decompressed_bytes may be at most. Whatever has been stored can be read under this bound, though the setting
/// has been lowered since.
constexpr int64_t largest_max_decompressed_bytes = int64_t(1000) << 20;

/// Those of consumer groups.
struct GroupSettings {
    int32_t min_session_timeout_ms = 0, max_session_timeout_ms = 0;
    int32_t max_size = 0;
    int32_t initial_rebalance_delay_ms = 0;
    int32_t consumer_heartbeat_interval_ms = 0;
    int32_t consumer_min_heartbeat_interval_ms = 0, consumer_max_heartbeat_interval_ms = 0;
    int32_t consumer_session_timeout_ms = 0;
    int32_t consumer_min_session_timeout_ms = 0, consumer_max_session_timeout_ms = 0;
    int32_t consumer_max_size = 0;
    std::vector<std::string> consumer_assignors;
    std::string consumer_migration_policy; ///< bidirectional, upgrade, downgrade or disabled
};

/// Where the value of a setting comes from.
enum class SettingSource {
    built_in,     ///< nobody has set it
    configured,   ///< postgresql.conf, or what that includes
    altered,      ///< ALTER SYSTEM
    command_line, ///< of the server, against which a file does nothing
};

/// One field for each setting, with the same name without prefix and unit; their descriptions are in
/// pg_settings.
struct Settings {
    std::vector<std::string> hosts; ///< names or addresses to listen on; "*" is all; empty: do not listen
    uint16_t port = 0;
    std::string advertised_host;  ///< empty: the address that the client connected to
    uint16_t advertised_port = 0; ///< 0: the port that the client connected to
    std::string database;
    int32_t node_id = 0;

    int32_t default_partitions = 0;
    int32_t max_partitions = 0; ///< of all topics together
    bool auto_create_topics = false;
    std::string compression_type;  ///< producer, uncompressed, gzip, snappy, lz4 or zstd
    int32_t message_max_bytes = 0; ///< of a batch as it arrives
    int64_t segment_bytes = 0;
    int64_t segment_ms = 0;
    int64_t retention_ms = 0;    ///< -1: forever
    int64_t retention_bytes = 0; ///< -1: all
    std::chrono::milliseconds retention_check_interval{}, cleaner_backoff{};

    bool log_connections = false;
    int32_t max_connections = 0;
    std::optional<std::chrono::milliseconds> connections_max_idle; ///< nothing: idle connections stay
    std::chrono::milliseconds shutdown_timeout{};

    int32_t max_request_bytes = 0;
    int64_t request_memory = 0;         ///< bytes
    int64_t response_memory = 0;        ///< bytes
    int64_t tail_cache = 0;             ///< bytes
    int64_t max_decompressed_bytes = 0; ///< of a batch as it arrives
    int32_t fetch_max_bytes = 0;
    int32_t max_fetch_sessions = 0;

    GroupSettings group; ///< without the prefix group_
    int32_t offsets_retention_minutes = 0;
    int32_t offset_metadata_max_bytes = 0;
    int32_t producer_id_expiration_ms = 0;
    int32_t transaction_max_timeout_ms = 0;
    int32_t transactional_id_expiration_ms = 0;
    std::chrono::milliseconds transaction_time_out_interval{0};

    /// By name without prefix, of the settings that somebody has set; only in current_settings_and_sources().
    std::map<std::string, SettingSource, std::less<>> sources;
    SettingSource source_of(std::string_view name) const {
        const auto it = sources.find(name);
        return it == sources.end() ? SettingSource::built_in : it->second;
    }
};

/// Declares all settings to the server; when the library is loaded.
void define_settings();

/// The values of now.
Settings current_settings();
/// The same with where they come from, which takes a look at all of the server's settings.
Settings current_settings_and_sources();

} // namespace kafka::pg
