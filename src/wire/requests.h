// The registry: every request that the broker reads, in one list, and what follows from the list. Pure; the
// net thread decodes requests and encodes responses, the main thread looks at names and versions.
//
// A frame is what one size field announces: header and body. An API is added here, with its message header,
// and then does not compile until it has a handler.
#pragma once
#include "wire/header.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/alter_replica_log_dirs.h"
#include "wire/messages/alter_user_scram_credentials.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/create_acls.h"
#include "wire/messages/create_delegation_token.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_acls.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_acls.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_delegation_token.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/describe_user_scram_credentials.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/expire_delegation_token.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_config_resources.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/list_partition_reassignments.h"
#include "wire/messages/list_transactions.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"
#include "wire/messages/renew_delegation_token.h"
#include "wire/messages/sasl_authenticate.h"
#include "wire/messages/sasl_handshake.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"
#include "wire/messages/unregister_broker.h"
#include "wire/messages/update_features.h"
#include "wire/messages/write_txn_markers.h"

#include <span>
#include <variant>

namespace kafka::wire {

// clang-format off
using Request = std::variant<
    produce::Request,
    fetch::Request,
    list_offsets::Request,
    metadata::Request,
    offset_commit::Request,
    offset_fetch::Request,
    find_coordinator::Request,
    join_group::Request,
    heartbeat::Request,
    leave_group::Request,
    sync_group::Request,
    describe_groups::Request,
    list_groups::Request,
    sasl_handshake::Request,
    api_versions::Request,
    create_topics::Request,
    delete_topics::Request,
    delete_records::Request,
    init_producer_id::Request,
    offset_for_leader_epoch::Request,
    add_partitions_to_txn::Request,
    add_offsets_to_txn::Request,
    end_txn::Request,
    write_txn_markers::Request,
    txn_offset_commit::Request,
    describe_acls::Request,
    create_acls::Request,
    delete_acls::Request,
    describe_configs::Request,
    alter_configs::Request,
    alter_replica_log_dirs::Request,
    describe_log_dirs::Request,
    sasl_authenticate::Request,
    create_partitions::Request,
    create_delegation_token::Request,
    renew_delegation_token::Request,
    expire_delegation_token::Request,
    describe_delegation_token::Request,
    delete_groups::Request,
    elect_leaders::Request,
    incremental_alter_configs::Request,
    alter_partition_reassignments::Request,
    list_partition_reassignments::Request,
    offset_delete::Request,
    describe_client_quotas::Request,
    alter_client_quotas::Request,
    describe_user_scram_credentials::Request,
    alter_user_scram_credentials::Request,
    describe_quorum::Request,
    update_features::Request,
    describe_cluster::Request,
    describe_producers::Request,
    unregister_broker::Request,
    describe_transactions::Request,
    list_transactions::Request,
    consumer_group_heartbeat::Request,
    consumer_group_describe::Request,
    list_config_resources::Request,
    describe_topic_partitions::Request>;
// clang-format on

template <class Requests> struct ResponsesOf;
template <class... R> struct ResponsesOf<std::variant<R...>> {
    using type = std::variant<typename R::Response...>;
};
/// The alternatives have the same order as those of Request.
using Response = ResponsesOf<Request>::type;

/// All APIs that are served, in the order of their keys.
std::span<const Api> apis();

const Api& api_of(const Request& request);

/// Why a frame is not a request that can be answered: the connection is to be closed.
enum class DecodeFailure {
    none,
    truncated_header,    ///< too short for a header, or a length in it is wrong
    unknown_api,         ///< not an API key that is served
    unsupported_version, ///< an API that is served, but not in this version
    malformed_body,      ///< too short, or something that Kafka does not read either
    too_many_elements, ///< names more than is done at once; to say so for each of them would be as much work
};

struct DecodeResult {
    DecodeFailure failure = DecodeFailure::none;
    RequestHeader header; ///< on failure: as far as it could be read
    Request request;      ///< meaningless on failure; views in it point into the frame
    size_t memory = 0;    ///< bytes that the request takes besides the frame, roughly

    bool ok() const { return failure == DecodeFailure::none; }
    /// What is wrong with the frame, for a log line; holds nothing that the client can choose but numbers.
    std::string describe() const;
};

/// Decodes a frame (without its size field). An ApiVersions request in a version that is not served is not a
/// failure: its body is not read and header.api_version stays as it was sent, to be answered with
/// UNSUPPORTED_VERSION in the layout of version 0 (KIP-511).
DecodeResult decode_request(View frame);

/// The whole frame: size field, header and body. `version` must be served by the API.
Encoded encode_response(const Response& response, int16_t version, int32_t correlation_id);

} // namespace kafka::wire
