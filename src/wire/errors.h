// Kafka's error codes, as of Kafka 4.2: one list, from which the enum, the names and the meanings come. Pure.
#pragma once
#include <cstdint>

namespace kafka::wire {

// clang-format off
/// X(code, name, meaning): the code on the wire, Kafka's name in small letters, and in our words when it is sent.
#define KAFKA_ERROR_CODES(X) \
    X(-1, unknown_server_error, "the broker failed in a way that has no code of its own") \
    X(0, none, "success") \
    X(1, offset_out_of_range, "the offset is outside of what the partition holds") \
    X(2, corrupt_message, "a record batch has a wrong checksum or a wrong form") \
    X(3, unknown_topic_or_partition, "there is no such topic or partition here") \
    X(4, invalid_fetch_size, "the fetch size is not acceptable") \
    X(5, leader_not_available, "the partition has no leader at present") \
    X(6, not_leader_or_follower, "another broker leads the partition") \
    X(7, request_timed_out, "the time limit of the request is over") \
    X(8, broker_not_available, "the broker is not available") \
    X(9, replica_not_available, "the replica is not available") \
    X(10, message_too_large, "the record batch is larger than the topic allows") \
    X(11, stale_controller_epoch, "another controller has taken over") \
    X(12, offset_metadata_too_large, "the metadata of an offset commit are too long") \
    X(13, network_exception, "the connection broke before the response") \
    X(14, coordinator_load_in_progress, "the coordinator is still loading its state") \
    X(15, coordinator_not_available, "there is no coordinator at present") \
    X(16, not_coordinator, "another broker is the coordinator") \
    X(17, invalid_topic_exception, "the topic's name is not legal, or its topic is not for clients") \
    X(18, record_list_too_large, "the batches are larger than a segment may be") \
    X(19, not_enough_replicas, "too few replicas are in sync") \
    X(20, not_enough_replicas_after_append, "written, but then too few replicas were in sync") \
    X(21, invalid_required_acks, "acks is neither -1 nor 0 nor 1") \
    X(22, illegal_generation, "the generation is not the group's current one") \
    X(23, inconsistent_group_protocol, "the member's protocols do not fit those of the group") \
    X(24, invalid_group_id, "the group id is not legal") \
    X(25, unknown_member_id, "the group does not know this member") \
    X(26, invalid_session_timeout, "the session timeout is outside of what is allowed") \
    X(27, rebalance_in_progress, "the group is rebalancing: join again") \
    X(28, invalid_commit_offset_size, "the offset commit is too large") \
    X(29, topic_authorization_failed, "no permission on a topic") \
    X(30, group_authorization_failed, "no permission on a group") \
    X(31, cluster_authorization_failed, "no permission on the cluster") \
    X(32, invalid_timestamp, "a timestamp is outside of what the topic allows") \
    X(33, unsupported_sasl_mechanism, "the SASL mechanism is not offered") \
    X(34, illegal_sasl_state, "the request is not legal at this stage of SASL") \
    X(35, unsupported_version, "the version of the request is not served") \
    X(36, topic_already_exists, "a topic of this name exists already") \
    X(37, invalid_partitions, "the number of partitions is not legal") \
    X(38, invalid_replication_factor, "the replication factor is not possible") \
    X(39, invalid_replica_assignment, "the assignment of replicas is not possible") \
    X(40, invalid_config, "a configuration value is not legal") \
    X(41, not_controller, "another node is the controller") \
    X(42, invalid_request, "the request contradicts itself or lacks something") \
    X(43, unsupported_for_message_format, "the stored message format cannot do this") \
    X(44, policy_violation, "a policy of this cluster forbids it") \
    X(45, out_of_order_sequence_number, "a sequence number was left out") \
    X(46, duplicate_sequence_number, "the batch was written before") \
    X(47, invalid_producer_epoch, "the producer epoch is older than the current one") \
    X(48, invalid_txn_state, "the transaction is not in a state for this") \
    X(49, invalid_producer_id_mapping, "the producer id does not belong to this transactional id") \
    X(50, invalid_transaction_timeout, "the transaction timeout is longer than allowed") \
    X(51, concurrent_transactions, "another operation on the transaction has not ended yet") \
    X(52, transaction_coordinator_fenced, "the markers come from a coordinator that was replaced") \
    X(53, transactional_id_authorization_failed, "no permission on a transactional id") \
    X(54, security_disabled, "there is no authorizer, so there are no ACLs") \
    X(55, operation_not_attempted, "not tried, because something before it failed") \
    X(56, kafka_storage_error, "the log could not be read or written; try again") \
    X(57, log_dir_not_found, "there is no such log directory") \
    X(58, sasl_authentication_failed, "the credentials were not accepted") \
    X(59, unknown_producer_id, "nothing is known of this producer id any more") \
    X(60, reassignment_in_progress, "the partitions are being reassigned already") \
    X(61, delegation_token_auth_disabled, "delegation tokens are switched off") \
    X(62, delegation_token_not_found, "there is no such delegation token") \
    X(63, delegation_token_owner_mismatch, "the delegation token belongs to somebody else") \
    X(64, delegation_token_request_not_allowed, "delegation tokens are not for this kind of connection") \
    X(65, delegation_token_authorization_failed, "no permission on a delegation token") \
    X(66, delegation_token_expired, "the delegation token has expired") \
    X(67, invalid_principal_type, "this type of principal is not supported") \
    X(68, non_empty_group, "the group still has members") \
    X(69, group_id_not_found, "there is no such group") \
    X(70, fetch_session_id_not_found, "there is no such fetch session") \
    X(71, invalid_fetch_session_epoch, "the epoch is not the next one of the fetch session") \
    X(72, listener_not_found, "the leader has no such listener") \
    X(73, topic_deletion_disabled, "topics may not be deleted here") \
    X(74, fenced_leader_epoch, "the leader epoch is older than the current one") \
    X(75, unknown_leader_epoch, "the leader epoch is newer than the current one") \
    X(76, unsupported_compression_type, "the compression type is not for this version or not known") \
    X(77, stale_broker_epoch, "the broker has registered again since") \
    X(78, offset_not_available, "the leader does not know its high watermark yet") \
    X(79, member_id_required, "join again with the member id in this response") \
    X(80, preferred_leader_not_available, "the preferred leader is not available") \
    X(81, group_max_size_reached, "the group has all the members that it may have") \
    X(82, fenced_instance_id, "another member with the same instance id has taken over") \
    X(83, eligible_leaders_not_available, "no replica may become leader") \
    X(84, election_not_needed, "the leader is the wanted one already") \
    X(85, no_reassignment_in_progress, "no reassignment is going on") \
    X(86, group_subscribed_to_topic, "a group still consumes from this topic") \
    X(87, invalid_record, "the broker's checks refused a record") \
    X(88, unstable_offset_commit, "a transaction has offsets that are neither committed nor aborted") \
    X(89, throttling_quota_exceeded, "a quota is used up") \
    X(90, producer_fenced, "a newer producer with the same transactional id has taken over") \
    X(91, resource_not_found, "there is no such resource") \
    X(92, duplicate_resource, "a resource is named twice") \
    X(93, unacceptable_credential, "the credential is not good enough") \
    X(94, inconsistent_voter_set, "the voters are not the expected ones") \
    X(95, invalid_update_version, "the update carries an old version") \
    X(96, feature_update_failed, "a feature could not be updated") \
    X(97, principal_deserialization_failure, "the forwarded principal cannot be read") \
    X(98, snapshot_not_found, "there is no such snapshot") \
    X(99, position_out_of_range, "the position is outside of the snapshot") \
    X(100, unknown_topic_id, "no topic has this id") \
    X(101, duplicate_broker_registration, "this broker id is registered already") \
    X(102, broker_id_not_registered, "this broker id is not registered") \
    X(103, inconsistent_topic_id, "the topic's id in the log is another one") \
    X(104, inconsistent_cluster_id, "the cluster's id is another one") \
    X(105, transactional_id_not_found, "there is no such transactional id") \
    X(106, fetch_session_topic_id_error, "the fetch session uses topic ids differently") \
    X(107, ineligible_replica, "the replica may not join the in-sync ones") \
    X(108, new_leader_elected, "the partition's state changed its leader") \
    X(109, offset_moved_to_tiered_storage, "the offset was moved to tiered storage") \
    X(110, fenced_member_epoch, "the member epoch is not the current one") \
    X(111, unreleased_instance_id, "another member still holds the instance id") \
    X(112, unsupported_assignor, "the assignor is not offered") \
    X(113, stale_member_epoch, "the member epoch is older than the current one") \
    X(114, mismatched_endpoint_type, "the connection is to the wrong kind of endpoint") \
    X(115, unsupported_endpoint_type, "this kind of endpoint is not supported") \
    X(116, unknown_controller_id, "there is no such controller") \
    X(117, unknown_subscription_id, "there is no such telemetry subscription") \
    X(118, telemetry_too_large, "the telemetry is larger than allowed") \
    X(119, invalid_registration, "the broker's registration is not legal") \
    X(120, transaction_abortable, "the transaction has to be aborted") \
    X(121, invalid_record_state, "the record is not in a state for this") \
    X(122, share_session_not_found, "there is no such share session") \
    X(123, invalid_share_session_epoch, "the epoch is not the next one of the share session") \
    X(124, fenced_state_epoch, "the state epoch is older than the current one") \
    X(125, invalid_voter_key, "the key of the voter is another one") \
    X(126, duplicate_voter, "the voter exists already") \
    X(127, voter_not_found, "there is no such voter") \
    X(128, invalid_regular_expression, "the regular expression is not legal") \
    X(129, rebootstrap_required, "start again from the bootstrap servers") \
    X(130, streams_invalid_topology, "the topology is not legal") \
    X(131, streams_invalid_topology_epoch, "the epoch of the topology is not legal") \
    X(132, streams_topology_fenced, "the epoch of the topology is older than the current one") \
    X(133, share_session_limit_reached, "there are as many share sessions as allowed")
// clang-format on

enum class ErrorCode : int16_t {
#define KAFKA_ENUMERATOR(code, name, meaning) name = code,
    KAFKA_ERROR_CODES(KAFKA_ENUMERATOR)
#undef KAFKA_ENUMERATOR
};

/// Kafka's name in capitals ("OFFSET_OUT_OF_RANGE"), "UNKNOWN" for a code that is not in the list.
const char* name(ErrorCode code);

/// When the code is sent, as part of a sentence; empty for a code that is not in the list.
const char* meaning(ErrorCode code);

} // namespace kafka::wire
