// The table of topic configs; see topic_config.h.
#include "log/topic_config.h"

#include <algorithm>
#include <iterator>

namespace kafka::log {
namespace {

using T = ConfigType;
constexpr int64_t int_max = INT32_MAX, long_max = INT64_MAX;
constexpr bool acts = true, kept = false; ///< whether a config has effect here

constexpr ConfigKey keys[] = {
    {"cleanup.policy", T::list, "delete", 0, 0, "compact delete", "log.cleanup.policy", acts,
     "What becomes of old records: delete removes them by age and size, compact keeps the last one of each "
     "key."},
    {"compression.gzip.level", T::integer, "-1", -1, 9, nullptr, "compression.gzip.level", acts,
     "How hard gzip tries where compression.type is gzip; -1 leaves it to the library."},
    {"compression.lz4.level", T::integer, "9", 1, 17, nullptr, "compression.lz4.level", acts,
     "How hard lz4 tries where compression.type is lz4."},
    {"compression.type", T::string, "producer", 0, 0, "uncompressed zstd lz4 snappy gzip producer",
     "compression.type", acts,
     "How batches are stored: producer leaves them as they were sent, the others convert them."},
    {"compression.zstd.level", T::integer, "3", -131072, 22, nullptr, "compression.zstd.level", acts,
     "How hard zstd tries where compression.type is zstd."},
    {"delete.retention.ms", T::long_integer, "86400000", 0, long_max, nullptr,
     "log.cleaner.delete.retention.ms", acts,
     "How long compaction leaves the records that delete a key, so that readers get to see them."},
    {"file.delete.delay.ms", T::long_integer, "60000", 0, long_max, nullptr, "log.segment.delete.delay.ms",
     kept,
     "How long a file outlives its deletion; segments are tables here, which go when nobody reads them."},
    {"flush.messages", T::long_integer, "9223372036854775807", 1, long_max, nullptr,
     "log.flush.interval.messages", kept,
     "After how many records the log is flushed; here it always is, before a record is acknowledged."},
    {"flush.ms", T::long_integer, "9223372036854775807", 0, long_max, nullptr, "log.flush.interval.ms", kept,
     "After which time the log is flushed; here it always is, before a record is acknowledged."},
    {"follower.replication.throttled.replicas", T::list, "", 0, 0, nullptr, nullptr, kept,
     "Replicas whose copying is slowed down where they receive, as partition:broker pairs or * for all."},
    {"index.interval.bytes", T::integer, "4096", 0, int_max, nullptr, "log.index.interval.bytes", kept,
     "Distance of the entries in the index of offsets; here the table of a segment has an index of its own."},
    {"leader.replication.throttled.replicas", T::list, "", 0, 0, nullptr, nullptr, kept,
     "Replicas whose copying is slowed down where they send, as partition:broker pairs or * for all."},
    {"local.retention.bytes", T::long_integer, "-2", -2, long_max, nullptr, "log.local.retention.bytes", kept,
     "How many bytes stay on the broker's disk when there is tiered storage; -2 stands for retention.bytes."},
    {"local.retention.ms", T::long_integer, "-2", -2, long_max, nullptr, "log.local.retention.ms", kept,
     "How long records stay on the broker's disk when there is tiered storage; -2 stands for retention.ms."},
    {"max.compaction.lag.ms", T::long_integer, "9223372036854775807", 1, long_max, nullptr,
     "log.cleaner.max.compaction.lag.ms", acts,
     "After which time at the latest a record is open to compaction."},
    {"max.message.bytes", T::integer, "1048588", 0, int_max, nullptr, "message.max.bytes", acts,
     "Largest batch that is accepted, in bytes, as it arrives."},
    {"message.timestamp.after.max.ms", T::long_integer, "3600000", 0, long_max, nullptr,
     "log.message.timestamp.after.max.ms", acts,
     "How far a record's timestamp may lie in the future; later ones are refused unless the broker sets "
     "them."},
    {"message.timestamp.before.max.ms", T::long_integer, "9223372036854775807", 0, long_max, nullptr,
     "log.message.timestamp.before.max.ms", acts,
     "How far a record's timestamp may lie in the past; earlier ones are refused unless the broker sets "
     "them."},
    {"message.timestamp.type", T::string, "CreateTime", 0, 0, "CreateTime LogAppendTime",
     "log.message.timestamp.type", acts,
     "Whose time records bear: that of the producer (CreateTime) or that of their arrival (LogAppendTime)."},
    {"min.cleanable.dirty.ratio", T::decimal, "0.5", 0, 1, nullptr, "log.cleaner.min.cleanable.ratio", acts,
     "Share of the log that has to be new since the last compaction for the next one to begin."},
    {"min.compaction.lag.ms", T::long_integer, "0", 0, long_max, nullptr, "log.cleaner.min.compaction.lag.ms",
     acts, "For which time a record is safe from compaction."},
    {"min.insync.replicas", T::integer, "1", 1, int_max, nullptr, "min.insync.replicas", acts,
     "Without so many replicas in sync acks=all is refused: this server and its synchronous standbys. Has no "
     "effect where synchronous_standby_names is empty."},
    {"preallocate", T::boolean, "false", 0, 0, nullptr, "log.preallocate", kept,
     "Whether the file of a new segment gets its full size at once."},
    {"remote.log.copy.disable", T::boolean, "false", 0, 0, nullptr, nullptr, kept,
     "Whether no more is copied to tiered storage, of which there is none here."},
    {"remote.log.delete.on.disable", T::boolean, "false", 0, 0, nullptr, nullptr, kept,
     "Whether what tiered storage holds goes when that is turned off; there is none here."},
    {"remote.storage.enable", T::boolean, "false", 0, 0, nullptr, nullptr, kept,
     "Whether the topic uses tiered storage, of which there is none here."},
    {"retention.bytes", T::long_integer, "-1", INT64_MIN, long_max, nullptr, "log.retention.bytes", acts,
     "Up to how many bytes of each partition are kept at the least; -1 keeps all."},
    {"retention.ms", T::long_integer, "604800000", -1, long_max, nullptr, "log.retention.ms", acts,
     "For how long records are kept at the least, by their timestamps; -1 keeps them forever."},
    {"segment.bytes", T::integer, "1073741824", 1048576, int_max, nullptr, "log.segment.bytes", acts,
     "Size at which the topic goes on in a new segment; all of its partitions share one."},
    {"segment.index.bytes", T::integer, "10485760", 4, int_max, nullptr, "log.index.size.max.bytes", kept,
     "Largest index of a segment file; here the table of a segment has an index of its own."},
    {"segment.jitter.ms", T::long_integer, "0", 0, long_max, nullptr, "log.roll.jitter.ms", kept,
     "By how much segment.ms is shortened at random, so that not all topics go on in a new segment at once."},
    {"segment.ms", T::long_integer, "604800000", 1, long_max, nullptr, "log.roll.ms", acts,
     "Age at which the topic goes on in a new segment, even if the old one is small."},
    {"unclean.leader.election.enable", T::boolean, "false", 0, 0, nullptr, "unclean.leader.election.enable",
     kept, "Whether a replica that lacks records may lead; here a standby is promoted by its administrator."},
};

} // namespace

std::span<const ConfigKey> topic_config_keys() { return keys; }

const ConfigKey* find_topic_config(std::string_view name) {
    const auto it =
        std::find_if(std::begin(keys), std::end(keys), [&](const ConfigKey& k) { return name == k.name; });
    return it == std::end(keys) ? nullptr : it;
}

std::string documentation_of(const ConfigKey& key) {
    return key.has_effect ? key.documentation
                          : std::string(key.documentation) + " Kept, but without effect here.";
}

} // namespace kafka::log
