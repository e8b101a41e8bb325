// The broker's table of contents: each API that is served, with its two functions.
//
//   handle(broker, call, request)
//       does what the request asks for, and moves the call to where it is answered, now or later; when it throws
//       pg::Error before that, the caller refuses the request
//   refuse(request, version, error)
//       the same request answered with an error in its own shape
//
// A request type of wire::Request without its pair here does not compile (worker/dispatch.cpp).
#pragma once
#include "api/broker.h"

namespace kafka::api {

void handle(Broker& broker, Call& call, wire::produce::Request& request);
void handle(Broker& broker, Call& call, wire::fetch::Request& request);
void handle(Broker& broker, Call& call, wire::list_offsets::Request& request);
void handle(Broker& broker, Call& call, wire::metadata::Request& request);
void handle(Broker& broker, Call& call, wire::find_coordinator::Request& request);
void handle(Broker& broker, Call& call, wire::api_versions::Request& request);
void handle(Broker& broker, Call& call, wire::sasl_handshake::Request& request);
void handle(Broker& broker, Call& call, wire::sasl_authenticate::Request& request);
void handle(Broker& broker, Call& call, wire::create_topics::Request& request);
void handle(Broker& broker, Call& call, wire::delete_topics::Request& request);
void handle(Broker& broker, Call& call, wire::create_partitions::Request& request);
void handle(Broker& broker, Call& call, wire::describe_topic_partitions::Request& request);
void handle(Broker& broker, Call& call, wire::describe_acls::Request& request);
void handle(Broker& broker, Call& call, wire::create_acls::Request& request);
void handle(Broker& broker, Call& call, wire::delete_acls::Request& request);
void handle(Broker& broker, Call& call, wire::describe_configs::Request& request);
void handle(Broker& broker, Call& call, wire::alter_configs::Request& request);
void handle(Broker& broker, Call& call, wire::incremental_alter_configs::Request& request);
void handle(Broker& broker, Call& call, wire::list_config_resources::Request& request);
void handle(Broker& broker, Call& call, wire::elect_leaders::Request& request);
void handle(Broker& broker, Call& call, wire::alter_partition_reassignments::Request& request);
void handle(Broker& broker, Call& call, wire::list_partition_reassignments::Request& request);
void handle(Broker& broker, Call& call, wire::describe_log_dirs::Request& request);
void handle(Broker& broker, Call& call, wire::alter_replica_log_dirs::Request& request);
void handle(Broker& broker, Call& call, wire::describe_client_quotas::Request& request);
void handle(Broker& broker, Call& call, wire::alter_client_quotas::Request& request);
void handle(Broker& broker, Call& call, wire::create_delegation_token::Request& request);
void handle(Broker& broker, Call& call, wire::renew_delegation_token::Request& request);
void handle(Broker& broker, Call& call, wire::expire_delegation_token::Request& request);
void handle(Broker& broker, Call& call, wire::describe_delegation_token::Request& request);
void handle(Broker& broker, Call& call, wire::describe_user_scram_credentials::Request& request);
void handle(Broker& broker, Call& call, wire::alter_user_scram_credentials::Request& request);
void handle(Broker& broker, Call& call, wire::describe_quorum::Request& request);
void handle(Broker& broker, Call& call, wire::update_features::Request& request);
void handle(Broker& broker, Call& call, wire::delete_records::Request& request);
void handle(Broker& broker, Call& call, wire::init_producer_id::Request& request);
void handle(Broker& broker, Call& call, wire::offset_for_leader_epoch::Request& request);
void handle(Broker& broker, Call& call, wire::describe_cluster::Request& request);
void handle(Broker& broker, Call& call, wire::unregister_broker::Request& request);
void handle(Broker& broker, Call& call, wire::offset_commit::Request& request);
void handle(Broker& broker, Call& call, wire::offset_fetch::Request& request);
void handle(Broker& broker, Call& call, wire::join_group::Request& request);
void handle(Broker& broker, Call& call, wire::heartbeat::Request& request);
void handle(Broker& broker, Call& call, wire::leave_group::Request& request);
void handle(Broker& broker, Call& call, wire::sync_group::Request& request);
void handle(Broker& broker, Call& call, wire::describe_groups::Request& request);
void handle(Broker& broker, Call& call, wire::list_groups::Request& request);
void handle(Broker& broker, Call& call, wire::delete_groups::Request& request);
void handle(Broker& broker, Call& call, wire::offset_delete::Request& request);
void handle(Broker& broker, Call& call, wire::consumer_group_heartbeat::Request& request);
void handle(Broker& broker, Call& call, wire::consumer_group_describe::Request& request);
void handle(Broker& broker, Call& call, wire::add_partitions_to_txn::Request& request);
void handle(Broker& broker, Call& call, wire::add_offsets_to_txn::Request& request);
void handle(Broker& broker, Call& call, wire::end_txn::Request& request);
void handle(Broker& broker, Call& call, wire::write_txn_markers::Request& request);
void handle(Broker& broker, Call& call, wire::txn_offset_commit::Request& request);
void handle(Broker& broker, Call& call, wire::describe_producers::Request& request);
void handle(Broker& broker, Call& call, wire::describe_transactions::Request& request);
void handle(Broker& broker, Call& call, wire::list_transactions::Request& request);

wire::produce::Response refuse(const wire::produce::Request& request, int16_t version, wire::ErrorCode error);
wire::fetch::Response refuse(const wire::fetch::Request& request, int16_t version, wire::ErrorCode error);
wire::list_offsets::Response refuse(const wire::list_offsets::Request& request, int16_t version,
                                    wire::ErrorCode error);
wire::metadata::Response refuse(const wire::metadata::Request& request, int16_t version,
                                wire::ErrorCode error);
wire::find_coordinator::Response refuse(const wire::find_coordinator::Request& request, int16_t version,
                                        wire::ErrorCode error);
wire::api_versions::Response refuse(const wire::api_versions::Request& request, int16_t version,
                                    wire::ErrorCode error);
wire::sasl_handshake::Response refuse(const wire::sasl_handshake::Request& request, int16_t version,
                                      wire::ErrorCode error);
wire::sasl_authenticate::Response refuse(const wire::sasl_authenticate::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::create_topics::Response refuse(const wire::create_topics::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::delete_topics::Response refuse(const wire::delete_topics::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::describe_acls::Response refuse(const wire::describe_acls::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::create_acls::Response refuse(const wire::create_acls::Request& request, int16_t version,
                                   wire::ErrorCode error);
wire::delete_acls::Response refuse(const wire::delete_acls::Request& request, int16_t version,
                                   wire::ErrorCode error);
wire::describe_configs::Response refuse(const wire::describe_configs::Request& request, int16_t version,
                                        wire::ErrorCode error);
wire::alter_configs::Response refuse(const wire::alter_configs::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::incremental_alter_configs::Response refuse(const wire::incremental_alter_configs::Request& request,
                                                 int16_t version, wire::ErrorCode error);
wire::list_config_resources::Response refuse(const wire::list_config_resources::Request& request,
                                             int16_t version, wire::ErrorCode error);
wire::elect_leaders::Response refuse(const wire::elect_leaders::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::alter_partition_reassignments::Response
refuse(const wire::alter_partition_reassignments::Request& request, int16_t version, wire::ErrorCode error);
wire::list_partition_reassignments::Response
refuse(const wire::list_partition_reassignments::Request& request, int16_t version, wire::ErrorCode error);
wire::create_partitions::Response refuse(const wire::create_partitions::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::describe_topic_partitions::Response refuse(const wire::describe_topic_partitions::Request& request,
                                                 int16_t version, wire::ErrorCode error);
wire::describe_client_quotas::Response refuse(const wire::describe_client_quotas::Request& request,
                                              int16_t version, wire::ErrorCode error);
wire::alter_client_quotas::Response refuse(const wire::alter_client_quotas::Request& request, int16_t version,
                                           wire::ErrorCode error);
wire::create_delegation_token::Response refuse(const wire::create_delegation_token::Request& request,
                                               int16_t version, wire::ErrorCode error);
wire::renew_delegation_token::Response refuse(const wire::renew_delegation_token::Request& request,
                                              int16_t version, wire::ErrorCode error);
wire::expire_delegation_token::Response refuse(const wire::expire_delegation_token::Request& request,
                                               int16_t version, wire::ErrorCode error);
wire::describe_delegation_token::Response refuse(const wire::describe_delegation_token::Request& request,
                                                 int16_t version, wire::ErrorCode error);
wire::describe_user_scram_credentials::Response
refuse(const wire::describe_user_scram_credentials::Request& request, int16_t version, wire::ErrorCode error);
wire::alter_user_scram_credentials::Response
refuse(const wire::alter_user_scram_credentials::Request& request, int16_t version, wire::ErrorCode error);
wire::describe_log_dirs::Response refuse(const wire::describe_log_dirs::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::alter_replica_log_dirs::Response refuse(const wire::alter_replica_log_dirs::Request& request,
                                              int16_t version, wire::ErrorCode error);
wire::describe_quorum::Response refuse(const wire::describe_quorum::Request& request, int16_t version,
                                       wire::ErrorCode error);
wire::update_features::Response refuse(const wire::update_features::Request& request, int16_t version,
                                       wire::ErrorCode error);
wire::delete_records::Response refuse(const wire::delete_records::Request& request, int16_t version,
                                      wire::ErrorCode error);
wire::init_producer_id::Response refuse(const wire::init_producer_id::Request& request, int16_t version,
                                        wire::ErrorCode error);
wire::offset_for_leader_epoch::Response refuse(const wire::offset_for_leader_epoch::Request& request,
                                               int16_t version, wire::ErrorCode error);
wire::describe_cluster::Response refuse(const wire::describe_cluster::Request& request, int16_t version,
                                        wire::ErrorCode error);
wire::unregister_broker::Response refuse(const wire::unregister_broker::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::offset_commit::Response refuse(const wire::offset_commit::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::offset_fetch::Response refuse(const wire::offset_fetch::Request& request, int16_t version,
                                    wire::ErrorCode error);
wire::join_group::Response refuse(const wire::join_group::Request& request, int16_t version,
                                  wire::ErrorCode error);
wire::heartbeat::Response refuse(const wire::heartbeat::Request& request, int16_t version,
                                 wire::ErrorCode error);
wire::leave_group::Response refuse(const wire::leave_group::Request& request, int16_t version,
                                   wire::ErrorCode error);
wire::sync_group::Response refuse(const wire::sync_group::Request& request, int16_t version,
                                  wire::ErrorCode error);
wire::describe_groups::Response refuse(const wire::describe_groups::Request& request, int16_t version,
                                       wire::ErrorCode error);
wire::list_groups::Response refuse(const wire::list_groups::Request& request, int16_t version,
                                   wire::ErrorCode error);
wire::delete_groups::Response refuse(const wire::delete_groups::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::offset_delete::Response refuse(const wire::offset_delete::Request& request, int16_t version,
                                     wire::ErrorCode error);
wire::consumer_group_heartbeat::Response refuse(const wire::consumer_group_heartbeat::Request& request,
                                                int16_t version, wire::ErrorCode error);
wire::consumer_group_describe::Response refuse(const wire::consumer_group_describe::Request& request,
                                               int16_t version, wire::ErrorCode error);
wire::add_partitions_to_txn::Response refuse(const wire::add_partitions_to_txn::Request& request,
                                             int16_t version, wire::ErrorCode error);
wire::add_offsets_to_txn::Response refuse(const wire::add_offsets_to_txn::Request& request, int16_t version,
                                          wire::ErrorCode error);
wire::end_txn::Response refuse(const wire::end_txn::Request& request, int16_t version, wire::ErrorCode error);
wire::write_txn_markers::Response refuse(const wire::write_txn_markers::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::txn_offset_commit::Response refuse(const wire::txn_offset_commit::Request& request, int16_t version,
                                         wire::ErrorCode error);
wire::describe_producers::Response refuse(const wire::describe_producers::Request& request, int16_t version,
                                          wire::ErrorCode error);
wire::describe_transactions::Response refuse(const wire::describe_transactions::Request& request,
                                             int16_t version, wire::ErrorCode error);
wire::list_transactions::Response refuse(const wire::list_transactions::Request& request, int16_t version,
                                         wire::ErrorCode error);

/// A Produce that is stored in several parts is refused after some of them: puts the answers that they have been given into
/// the response that says nothing but the error.
void keep_stored(Call& call, wire::produce::Response& refused);

/// A fetch that was parked (api/waiting.h) is looked at again.
void resume(Broker& broker, PendingFetch& fetch);

} // namespace kafka::api
