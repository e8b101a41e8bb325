// See marker.h. Key: version, type (0 abort, 1 commit); value: version, coordinator epoch; all big-endian.
#include "record/marker.h"

#include "record/builder.h"
#include "record/layout.h"
#include "record/records.h"

namespace kafka::record {
namespace {

constexpr size_t key_size = 4, value_size = 6;
enum Type : uint16_t { abort = 0, commit = 1 };

} // namespace

std::string make_marker(const Marker& marker, int64_t timestamp) {
    BatchOptions options;
    options.producer_id = marker.producer_id;
    options.producer_epoch = marker.producer_epoch;
    options.transactional = options.control = true;
    char key[key_size] = {}, value[value_size] = {};
    layout::store16(key + 2, marker.committed ? commit : abort);
    layout::store32(value + 2, uint32_t(marker.coordinator_epoch));
    BatchBuilder builder(options);
    builder.add(timestamp, wire::View(key, key_size), wire::View(value, value_size));
    return builder.finish();
}

std::optional<Marker> read_marker(wire::View batch) {
    const auto header = read_header(batch);
    if (!header || !header->is_control() || header->codec() != Codec::none) return std::nullopt;
    RecordReader reader(batch, 0);
    Record record;
    if (!reader.next(record) || !record.key || !record.value) return std::nullopt;
    if (record.key->size() < key_size || record.value->size() < value_size) return std::nullopt;
    const uint16_t type = layout::load16(record.key->data() + 2);
    if (type != abort && type != commit) return std::nullopt;
    return Marker{header->producer_id, header->producer_epoch, type == commit,
                  int32_t(layout::load32(record.value->data() + 2))};
}

} // namespace kafka::record
