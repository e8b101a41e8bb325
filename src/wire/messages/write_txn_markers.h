// WriteTxnMarkers (API key 27): ends what producers have open in single partitions. Brokers send it to each other, and
// kafka-transactions to end a transaction that hangs.
// v1 flexible; v2 transaction_version (KIP-1228).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::write_txn_markers {

struct Response;

struct WritableTxnMarkerTopic {
    std::string name;
    std::vector<int32_t> partition_indexes;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partition_indexes);
    }
};

struct WritableTxnMarker {
    int64_t producer_id = 0;
    int16_t producer_epoch = 0;
    bool transaction_result = false; ///< true: committed
    std::vector<WritableTxnMarkerTopic> topics;
    int32_t coordinator_epoch = 0;
    int8_t transaction_version = 0; ///< 2: the epoch of the marker is above that of the batches (KIP-890)
    static void fields(auto& io, auto& m) {
        io(m.producer_id);
        io(m.producer_epoch);
        io(m.transaction_result);
        io(m.topics);
        io(m.coordinator_epoch);
        io(m.transaction_version, v(2));
    }
};

struct Request {
    using Response = write_txn_markers::Response;
    static constexpr Api api{27, "WriteTxnMarkers", {1, 2}, 1};
    std::vector<WritableTxnMarker> markers;
    static void fields(auto& io, auto& m) { io(m.markers); }
};

struct WritableTxnMarkerPartitionResult {
    int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    static void fields(auto& io, auto& m) {
        io(m.partition_index);
        io(m.error_code);
    }
};

struct WritableTxnMarkerTopicResult {
    std::string name;
    std::vector<WritableTxnMarkerPartitionResult> partitions;
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.partitions);
    }
};

struct WritableTxnMarkerResult {
    int64_t producer_id = 0;
    std::vector<WritableTxnMarkerTopicResult> topics;
    static void fields(auto& io, auto& m) {
        io(m.producer_id);
        io(m.topics);
    }
};

struct Response {
    std::vector<WritableTxnMarkerResult> markers;
    static void fields(auto& io, auto& m) { io(m.markers); }
};

} // namespace kafka::wire::write_txn_markers
