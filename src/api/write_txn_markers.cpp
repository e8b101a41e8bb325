// WriteTxnMarkers: ends what producers have open in partitions, for an operator who aborts a transaction that hangs.
//
// v2 transaction_version (KIP-1228).
#include "api/handlers.h"

namespace kafka::api {

using namespace wire::write_txn_markers;

namespace {

std::vector<log::Topic*> topics_of(const Broker& broker, const Request& request) {
    std::vector<log::Topic*> topics;
    for (const WritableTxnMarker& marker : request.markers)
        for (const WritableTxnMarkerTopic& asked : marker.topics)
            if (log::Topic* topic = broker.catalog.find(asked.name)) topics.push_back(topic);
    return topics;
}

} // namespace

void handle(Broker& broker, Call& call, Request& request) {
    broker.transactions.ask(call, request, "", &txn::Transactions::write_markers, topics_of(broker, request));
}

Response refuse(const Request& request, int16_t, wire::ErrorCode error) {
    Response response;
    for (const WritableTxnMarker& marker : request.markers) {
        WritableTxnMarkerResult& result = response.markers.emplace_back();
        result.producer_id = marker.producer_id;
        for (const WritableTxnMarkerTopic& topic : marker.topics) {
            WritableTxnMarkerTopicResult& refused = result.topics.emplace_back();
            refused.name = topic.name;
            for (const int32_t partition : topic.partition_indexes)
                refused.partitions.push_back({partition, error});
        }
    }
    return response;
}

} // namespace kafka::api
