// The rows of kafka.topic, kafka.partition and kafka.topic_config. Called inside a pg::Transaction; throws
// pg::Error.
#pragma once
#include "wire/bytes.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kafka::store {

/// One topic as stored.
struct TopicRow {
    wire::Uuid id{};
    std::string name;
    std::vector<int64_t> log_start_offsets; ///< by partition
    std::map<std::string, std::string, std::less<>> config;
};

/// Every topic, in no order.
std::vector<TopicRow> load_topics();

/// For the rest of the transaction: a row that somebody else has changed and not committed yet is an error at
/// once.
void do_not_wait_for_locks();

/// A random id for a new topic. Never one that clients print with a dash in front, which their tools take for
/// an option.
wire::Uuid new_topic_id();

/// Stores a new topic; false if one of that name is there already (then nothing is stored).
bool insert_topic(const TopicRow& topic);

/// The id of the topic of that name, which nobody else changes or deletes for the rest of the transaction; nothing if there is none.
std::optional<wire::Uuid> lock_topic(std::string_view name);

/// The configs that are set for the topic, by name.
std::map<std::string, std::string, std::less<>> load_config(const wire::Uuid& topic);
/// Sets one of them, or takes it away.
void set_config(const wire::Uuid& topic, std::string_view name, const std::optional<std::string>& value);

int32_t count_partitions(const wire::Uuid& topic);
/// Of all topics together.
int64_t count_all_partitions();
/// Stores partitions numbered from `first` on and below `count`.
void add_partitions(const wire::Uuid& topic, int32_t first, int32_t count);

/// Moves the start of each of the topic's partitions to the offset that is given for it, if it is before that now.
void move_log_start(const wire::Uuid& topic, const std::vector<int64_t>& log_start_offsets);

/// Removes a topic from the catalog; the janitor drops its segments afterwards. False if there is none.
bool delete_topic(const wire::Uuid& id);
/// The same by name.
bool delete_topic(std::string_view name);

} // namespace kafka::store
