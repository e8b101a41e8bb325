# The requests and responses that the test client speaks, in the notation of KafkaWire::Codec.
# One entry per API: [key, first flexible version, lowest and highest version, request, response].
package KafkaWire::Messages;

use strict;
use warnings;
use KafkaWire::Codec 'parse_schema';

my $node_endpoints = '[node_id:int32 host:string port:int32 rack:string?]';
my $leader         = '{leader_id:int32=-1 leader_epoch:int32=-1}';

# The first flexible version of an API that has none.
my $never = 99_999;

# Of OffsetFetch and ConsumerGroupDescribe.
my $topics_to_fetch = '[name:string(0-9) topic_id:uuid(10+) partition_indexes:[int32]]';
my $fetched_topics  = q{[name:string(0-9) topic_id:uuid(10+) partitions:[
    partition_index:int32 committed_offset:int64 committed_leader_epoch:int32(5+) metadata:string?
    error_code:int16]]};
my $assigned = '{topic_partitions:[topic_id:uuid topic_name:string partitions:[int32]]}';

# Of DescribeQuorum.
my $replica_states = q{[replica_id:int32 replica_directory_id:uuid(2+) log_end_offset:int64
    last_fetch_timestamp:int64(1+) last_caught_up_timestamp:int64(1+)]};

my %text = (
    Produce => [0, 9, 3, 13, q{
        transactional_id:string? acks:int16=-1 timeout_ms:int32=10000
        topic_data:[name:string(0-12) topic_id:uuid(13+) partition_data:[index:int32 records:records?]]
    }, qq{
        responses:[name:string(0-12) topic_id:uuid(13+) partition_responses:[
            index:int32 error_code:int16 base_offset:int64 log_append_time_ms:int64 log_start_offset:int64(5+)
            record_errors:[batch_index:int32 batch_index_error_message:string?](8+) error_message:string?(8+)
            current_leader:$leader(10+)#0]]
        throttle_time_ms:int32 node_endpoints:$node_endpoints(10+)#0
    }],
    Fetch => [1, 12, 4, 18, q{
        cluster_id:string?(12+)#0 replica_id:int32(0-14)=-1
        replica_state:{replica_id:int32=-1 replica_epoch:int64=-1}(15+)#1
        max_wait_ms:int32 min_bytes:int32 max_bytes:int32=52428800 isolation_level:int8
        session_id:int32(7+) session_epoch:int32(7+)=-1
        topics:[topic:string(0-12) topic_id:uuid(13+) partitions:[
            partition:int32 current_leader_epoch:int32(9+)=-1 fetch_offset:int64
            last_fetched_epoch:int32(12+)=-1
            log_start_offset:int64(5+)=-1 partition_max_bytes:int32=1048576
            replica_directory_id:uuid(17+)#0 high_watermark:int64(18+)#1]]
        forgotten_topics_data:[topic:string(7-12) topic_id:uuid(13+) partitions:[int32]](7+)
        rack_id:string(11+)
    }, qq{
        throttle_time_ms:int32 error_code:int16(7+) session_id:int32(7+)
        responses:[topic:string(0-12) topic_id:uuid(13+) partitions:[
            partition_index:int32 error_code:int16 high_watermark:int64 last_stable_offset:int64
            log_start_offset:int64(5+) diverging_epoch:{epoch:int32 end_offset:int64}(12+)#0
            current_leader:$leader(12+)#1 snapshot_id:{end_offset:int64 epoch:int32}(12+)#2
            aborted_transactions:[producer_id:int64 first_offset:int64]? preferred_read_replica:int32(11+)
            records:records?]]
        node_endpoints:$node_endpoints(16+)#0
    }],
    ListOffsets => [2, 6, 1, 11, q{
        replica_id:int32=-1 isolation_level:int8(2+)
        topics:[name:string partitions:[
            partition_index:int32 current_leader_epoch:int32(4+)=-1 timestamp:int64]]
        timeout_ms:int32(10+)
    }, q{
        throttle_time_ms:int32(2+)
        topics:[name:string partitions:[
            partition_index:int32 error_code:int16 timestamp:int64 offset:int64 leader_epoch:int32(4+)]]
    }],
    Metadata => [3, 9, 0, 13, q{
        topics:[topic_id:uuid(10+) name:string?10+]?1+ allow_auto_topic_creation:bool(4+)=1
        include_cluster_authorized_operations:bool(8-10) include_topic_authorized_operations:bool(8+)
    }, q{
        throttle_time_ms:int32(3+) brokers:[node_id:int32 host:string port:int32 rack:string?(1+)]
        cluster_id:string?(2+) controller_id:int32(1+)
        topics:[error_code:int16 name:string?12+ topic_id:uuid(10+) is_internal:bool(1+) partitions:[
                error_code:int16 partition_index:int32 leader_id:int32 leader_epoch:int32(7+)
                replica_nodes:[int32] isr_nodes:[int32] offline_replicas:[int32](5+)]
            topic_authorized_operations:int32(8+)]
        cluster_authorized_operations:int32(8-10) error_code:int16(13+)
    }],
    OffsetCommit => [8, 8, 2, 10, q{
        group_id:string generation_id_or_member_epoch:int32=-1 member_id:string
        group_instance_id:string?(7+) retention_time_ms:int64(2-4)=-1
        topics:[name:string(0-9) topic_id:uuid(10+) partitions:[
            partition_index:int32 committed_offset:int64 committed_leader_epoch:int32(6+)=-1
            committed_metadata:string?]]
    }, q{
        throttle_time_ms:int32(3+)
        topics:[name:string(0-9) topic_id:uuid(10+) partitions:[partition_index:int32 error_code:int16]]
    }],
    OffsetFetch => [9, 6, 1, 10, qq{
        group_id:string(0-7) topics:$topics_to_fetch?2+(0-7)
        groups:[group_id:string member_id:string?(9+) member_epoch:int32(9+)=-1 topics:$topics_to_fetch?](8+)
        require_stable:bool(7+)
    }, qq{
        throttle_time_ms:int32(3+) topics:$fetched_topics(0-7) error_code:int16(2-7)
        groups:[group_id:string topics:$fetched_topics error_code:int16](8+)
    }],
    FindCoordinator => [10, 3, 0, 6, q{
        key:string(0-3) key_type:int8(1+) coordinator_keys:[string](4+)
    }, q{
        throttle_time_ms:int32(1+) error_code:int16(0-3) error_message:string?(1-3)
        node_id:int32(0-3) host:string(0-3) port:int32(0-3)
        coordinators:[
            key:string node_id:int32 host:string port:int32 error_code:int16 error_message:string?](4+)
    }],
    JoinGroup => [11, 6, 0, 9, q{
        group_id:string session_timeout_ms:int32=30000 rebalance_timeout_ms:int32(1+)=60000 member_id:string
        group_instance_id:string?(5+) protocol_type:string=consumer
        protocols:[name:string metadata:bytes] reason:string?(8+)
    }, q{
        throttle_time_ms:int32(2+) error_code:int16 generation_id:int32 protocol_type:string?(7+)
        protocol_name:string?7+ leader:string skip_assignment:bool(9+) member_id:string
        members:[member_id:string group_instance_id:string?(5+) metadata:bytes]
    }],
    Heartbeat => [12, 4, 0, 4, q{
        group_id:string generation_id:int32 member_id:string group_instance_id:string?(3+)
    }, q{
        throttle_time_ms:int32(1+) error_code:int16
    }],
    LeaveGroup => [13, 4, 0, 5, q{
        group_id:string member_id:string(0-2)
        members:[member_id:string group_instance_id:string? reason:string?(5+)](3+)
    }, q{
        throttle_time_ms:int32(1+) error_code:int16
        members:[member_id:string group_instance_id:string? error_code:int16](3+)
    }],
    SyncGroup => [14, 4, 0, 5, q{
        group_id:string generation_id:int32 member_id:string group_instance_id:string?(3+)
        protocol_type:string?(5+) protocol_name:string?(5+)
        assignments:[member_id:string assignment:bytes]
    }, q{
        throttle_time_ms:int32(1+) error_code:int16 protocol_type:string?(5+) protocol_name:string?(5+)
        assignment:bytes
    }],
    DescribeGroups => [15, 5, 0, 6, q{
        groups:[string] include_authorized_operations:bool(3+)
    }, q{
        throttle_time_ms:int32(1+)
        groups:[error_code:int16 error_message:string?(6+) group_id:string group_state:string
            protocol_type:string protocol_data:string members:[
                member_id:string group_instance_id:string?(4+) client_id:string client_host:string
                member_metadata:bytes member_assignment:bytes]
            authorized_operations:int32(3+)]
    }],
    ListGroups => [16, 3, 0, 5, q{
        states_filter:[string](4+) types_filter:[string](5+)
    }, q{
        throttle_time_ms:int32(1+) error_code:int16
        groups:[group_id:string protocol_type:string group_state:string(4+) group_type:string(5+)]
    }],
    SaslHandshake => [17, $never, 0, 1, q{
        mechanism:string
    }, q{
        error_code:int16 mechanisms:[string]
    }],
    ApiVersions => [18, 3, 0, 4, q{
        client_software_name:string(3+)=perl-tests client_software_version:string(3+)=1.0
    }, q{
        error_code:int16 api_keys:[api_key:int16 min_version:int16 max_version:int16]
        throttle_time_ms:int32(1+)
        supported_features:[name:string min_version:int16 max_version:int16](3+)#0
        finalized_features_epoch:int64(3+)#1
        finalized_features:[name:string max_version_level:int16 min_version_level:int16](3+)#2
        zk_migration_ready:bool(3+)#3
    }],
    CreateTopics => [19, 5, 2, 7, q{
        topics:[name:string num_partitions:int32=1 replication_factor:int16=1
            assignments:[partition_index:int32 broker_ids:[int32]] configs:[name:string value:string?]]
        timeout_ms:int32=60000 validate_only:bool
    }, q{
        throttle_time_ms:int32
        topics:[name:string topic_id:uuid(7+) error_code:int16 error_message:string?
            topic_config_error_code:int16(5+)#0 num_partitions:int32(5+) replication_factor:int16(5+)
            configs:[name:string value:string? read_only:bool config_source:int8 is_sensitive:bool]?(5+)]
    }],
    DeleteTopics => [20, 4, 1, 6, q{
        topics:[name:string? topic_id:uuid](6+) topic_names:[string](0-5) timeout_ms:int32=60000
    }, q{
        throttle_time_ms:int32
        responses:[name:string?6+ topic_id:uuid(6+) error_code:int16 error_message:string?(5+)]
    }],
    DeleteRecords => [21, 2, 0, 2, q{
        topics:[name:string partitions:[partition_index:int32 offset:int64]] timeout_ms:int32
    }, q{
        throttle_time_ms:int32
        topics:[name:string partitions:[partition_index:int32 low_watermark:int64 error_code:int16]]
    }],
    InitProducerId => [22, 2, 0, 5, q{
        transactional_id:string? transaction_timeout_ms:int32=60000 producer_id:int64(3+)=-1 producer_epoch:int16(3+)=-1
    }, q{
        throttle_time_ms:int32 error_code:int16 producer_id:int64 producer_epoch:int16
    }],
    OffsetForLeaderEpoch => [23, 4, 2, 4, q{
        replica_id:int32(3+)=-2 topics:[topic:string
            partitions:[partition:int32 current_leader_epoch:int32=-1 leader_epoch:int32]]
    }, q{
        throttle_time_ms:int32 topics:[topic:string
            partitions:[error_code:int16 partition:int32 leader_epoch:int32 end_offset:int64]]
    }],
    AddPartitionsToTxn => [24, 3, 0, 5, q{
        transactions:[transactional_id:string producer_id:int64 producer_epoch:int16 verify_only:bool
            topics:[name:string partitions:[int32]]](4+)
        v3_and_below_transactional_id:string(0-3) v3_and_below_producer_id:int64(0-3)
        v3_and_below_producer_epoch:int16(0-3) v3_and_below_topics:[name:string partitions:[int32]](0-3)
    }, q{
        throttle_time_ms:int32 error_code:int16(4+)
        results_by_transaction:[transactional_id:string
            topic_results:[name:string results_by_partition:[partition_index:int32 partition_error_code:int16]]](4+)
        results_by_topic_v3_and_below:[name:string
            results_by_partition:[partition_index:int32 partition_error_code:int16]](0-3)
    }],
    AddOffsetsToTxn => [25, 3, 0, 4, q{
        transactional_id:string producer_id:int64 producer_epoch:int16 group_id:string
    }, q{
        throttle_time_ms:int32 error_code:int16
    }],
    EndTxn => [26, 3, 0, 5, q{
        transactional_id:string producer_id:int64 producer_epoch:int16 committed:bool
    }, q{
        throttle_time_ms:int32 error_code:int16 producer_id:int64(5+) producer_epoch:int16(5+)
    }],
    WriteTxnMarkers => [27, 1, 1, 2, q{
        markers:[producer_id:int64 producer_epoch:int16 transaction_result:bool
            topics:[name:string partition_indexes:[int32]] coordinator_epoch:int32 transaction_version:int8(2+)]
    }, q{
        markers:[producer_id:int64 topics:[name:string partitions:[partition_index:int32 error_code:int16]]]
    }],
    TxnOffsetCommit => [28, 3, 0, 5, q{
        transactional_id:string group_id:string producer_id:int64 producer_epoch:int16
        generation_id:int32(3+)=-1 member_id:string(3+) group_instance_id:string?(3+)
        topics:[name:string partitions:[partition_index:int32 committed_offset:int64
            committed_leader_epoch:int32(2+)=-1 committed_metadata:string?]]
    }, q{
        throttle_time_ms:int32 topics:[name:string partitions:[partition_index:int32 error_code:int16]]
    }],
    DescribeAcls => [29, 2, 1, 3, q{
        resource_type_filter:int8 resource_name_filter:string? pattern_type_filter:int8 principal_filter:string?
        host_filter:string? operation:int8 permission_type:int8
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
        resources:[resource_type:int8 resource_name:string pattern_type:int8
            acls:[principal:string host:string operation:int8 permission_type:int8]]
    }],
    CreateAcls => [30, 2, 1, 3, q{
        creations:[resource_type:int8 resource_name:string resource_pattern_type:int8=3 principal:string host:string
            operation:int8 permission_type:int8]
    }, q{
        throttle_time_ms:int32 results:[error_code:int16 error_message:string?]
    }],
    DeleteAcls => [31, 2, 1, 3, q{
        filters:[resource_type_filter:int8 resource_name_filter:string? pattern_type_filter:int8=3
            principal_filter:string? host_filter:string? operation:int8 permission_type:int8]
    }, q{
        throttle_time_ms:int32 filter_results:[error_code:int16 error_message:string? matching_acls:[
            error_code:int16 error_message:string? resource_type:int8 resource_name:string pattern_type:int8
            principal:string host:string operation:int8 permission_type:int8]]
    }],
    DescribeConfigs => [32, 4, 1, 4, q{
        resources:[resource_type:int8 resource_name:string configuration_keys:[string]?] include_synonyms:bool
        include_documentation:bool(3+)
    }, q{
        throttle_time_ms:int32 results:[error_code:int16 error_message:string? resource_type:int8 resource_name:string
            configs:[name:string value:string? read_only:bool config_source:int8 is_sensitive:bool
                synonyms:[name:string value:string? source:int8] config_type:int8(3+) documentation:string?(3+)]]
    }],
    AlterConfigs => [33, 2, 0, 2, q{
        resources:[resource_type:int8 resource_name:string configs:[name:string value:string?]] validate_only:bool
    }, q{
        throttle_time_ms:int32
        responses:[error_code:int16 error_message:string? resource_type:int8 resource_name:string]
    }],
    AlterReplicaLogDirs => [34, 2, 1, 2, q{
        dirs:[path:string topics:[name:string partitions:[int32]]]
    }, q{
        throttle_time_ms:int32 results:[topic_name:string partitions:[partition_index:int32 error_code:int16]]
    }],
    SaslAuthenticate => [36, 2, 0, 2, q{
        auth_bytes:bytes
    }, q{
        error_code:int16 error_message:string? auth_bytes:bytes session_lifetime_ms:int64(1+)
    }],
    CreatePartitions => [37, 2, 0, 3, q{
        topics:[name:string count:int32 assignments:[broker_ids:[int32]]?] timeout_ms:int32 validate_only:bool
    }, q{
        throttle_time_ms:int32 results:[name:string error_code:int16 error_message:string?]
    }],
    CreateDelegationToken => [38, 2, 1, 3, q{
        owner_principal_type:string?(3+) owner_principal_name:string?(3+)
        renewers:[principal_type:string principal_name:string] max_lifetime_ms:int64=-1
    }, q{
        error_code:int16 principal_type:string principal_name:string token_requester_principal_type:string(3+)
        token_requester_principal_name:string(3+) issue_timestamp_ms:int64 expiry_timestamp_ms:int64
        max_timestamp_ms:int64 token_id:string hmac:bytes throttle_time_ms:int32
    }],
    RenewDelegationToken => [39, 2, 1, 2, q{
        hmac:bytes renew_period_ms:int64
    }, q{
        error_code:int16 expiry_timestamp_ms:int64 throttle_time_ms:int32
    }],
    ExpireDelegationToken => [40, 2, 1, 2, q{
        hmac:bytes expiry_time_period_ms:int64
    }, q{
        error_code:int16 expiry_timestamp_ms:int64 throttle_time_ms:int32
    }],
    DescribeDelegationToken => [41, 2, 1, 3, q{
        owners:[principal_type:string principal_name:string]?
    }, q{
        error_code:int16 tokens:[principal_type:string principal_name:string
            token_requester_principal_type:string(3+) token_requester_principal_name:string(3+)
            issue_timestamp:int64 expiry_timestamp:int64 max_timestamp:int64 token_id:string hmac:bytes
            renewers:[principal_type:string principal_name:string]]
        throttle_time_ms:int32
    }],
    DeleteGroups => [42, 2, 0, 2, q{
        groups_names:[string]
    }, q{
        throttle_time_ms:int32 results:[group_id:string error_code:int16]
    }],
    ElectLeaders => [43, 2, 0, 2, q{
        election_type:int8(1+) topic_partitions:[topic:string partitions:[int32]]? timeout_ms:int32=60000
    }, q{
        throttle_time_ms:int32 error_code:int16(1+)
        replica_election_results:[topic:string partition_result:[partition_id:int32 error_code:int16 error_message:string?]]
    }],
    IncrementalAlterConfigs => [44, 1, 0, 1, q{
        resources:[resource_type:int8 resource_name:string configs:[name:string config_operation:int8 value:string?]] validate_only:bool
    }, q{
        throttle_time_ms:int32
        responses:[error_code:int16 error_message:string? resource_type:int8 resource_name:string]
    }],
    AlterPartitionReassignments => [45, 0, 0, 1, q{
        timeout_ms:int32=60000 allow_replication_factor_change:bool(1+)=1
        topics:[name:string partitions:[partition_index:int32 replicas:[int32]?]]
    }, q{
        throttle_time_ms:int32 allow_replication_factor_change:bool(1+) error_code:int16 error_message:string?
        responses:[name:string partitions:[partition_index:int32 error_code:int16 error_message:string?]]
    }],
    ListPartitionReassignments => [46, 0, 0, 0, q{
        timeout_ms:int32=60000 topics:[name:string partition_indexes:[int32]]?
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
        topics:[name:string partitions:[partition_index:int32 replicas:[int32] adding_replicas:[int32] removing_replicas:[int32]]]
    }],
    OffsetDelete => [47, $never, 0, 0, q{
        group_id:string topics:[name:string partitions:[partition_index:int32]]
    }, q{
        error_code:int16 throttle_time_ms:int32
        topics:[name:string partitions:[partition_index:int32 error_code:int16]]
    }],
    DescribeLogDirs => [35, 2, 1, 4, q{
        topics:[topic:string partitions:[int32]]?
    }, q{
        throttle_time_ms:int32 error_code:int16(3+)
        results:[error_code:int16 log_dir:string
            topics:[name:string partitions:[partition_index:int32 partition_size:int64 offset_lag:int64 is_future_key:bool]]
            total_bytes:int64(4+)=-1 usable_bytes:int64(4+)=-1]
    }],
    DescribeClientQuotas => [48, 1, 0, 1, q{
        components:[entity_type:string match_type:int8 match:string?] strict:bool
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
        entries:[entity:[entity_type:string entity_name:string?] values:[key:string value:float64]]?
    }],
    AlterClientQuotas => [49, 1, 0, 1, q{
        entries:[entity:[entity_type:string entity_name:string?] ops:[key:string value:float64 remove:bool]] validate_only:bool
    }, q{
        throttle_time_ms:int32 entries:[error_code:int16 error_message:string? entity:[entity_type:string entity_name:string?]]
    }],
    DescribeUserScramCredentials => [50, 0, 0, 0, q{
        users:[name:string]?
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
        results:[user:string error_code:int16 error_message:string?
            credential_infos:[mechanism:int8 iterations:int32]]
    }],
    AlterUserScramCredentials => [51, 0, 0, 0, q{
        deletions:[name:string mechanism:int8]
        upsertions:[name:string mechanism:int8 iterations:int32 salt:bytes salted_password:bytes]
    }, q{
        throttle_time_ms:int32 results:[user:string error_code:int16 error_message:string?]
    }],
    DescribeQuorum => [55, 0, 0, 2, q{
        topics:[topic_name:string partitions:[partition_index:int32]]
    }, qq{
        error_code:int16 error_message:string?(2+)
        topics:[topic_name:string partitions:[
            partition_index:int32 error_code:int16 error_message:string?(2+) leader_id:int32 leader_epoch:int32
            high_watermark:int64 current_voters:$replica_states observers:$replica_states]]
        nodes:[node_id:int32 listeners:[name:string host:string port:uint16]](2+)
    }],
    UpdateFeatures => [57, 0, 0, 2, q{
        timeout_ms:int32=60000
        feature_updates:[feature:string max_version_level:int16 allow_downgrade:bool(0) upgrade_type:int8(1+)=1]
        validate_only:bool(1+)
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
        results:[feature:string error_code:int16 error_message:string?](0-1)
    }],
    DescribeCluster => [60, 0, 0, 2, q{
        include_cluster_authorized_operations:bool endpoint_type:int8(1+)=1 include_fenced_brokers:bool(2+)
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string? endpoint_type:int8(1+) cluster_id:string
        controller_id:int32 brokers:[broker_id:int32 host:string port:int32 rack:string? is_fenced:bool(2+)]
        cluster_authorized_operations:int32
    }],
    DescribeProducers => [61, 0, 0, 0, q{
        topics:[name:string partition_indexes:[int32]]
    }, q{
        throttle_time_ms:int32 topics:[name:string partitions:[partition_index:int32 error_code:int16
            error_message:string? active_producers:[producer_id:int64 producer_epoch:int32 last_sequence:int32
                last_timestamp:int64 coordinator_epoch:int32 current_txn_start_offset:int64]]]
    }],
    UnregisterBroker => [64, 0, 0, 0, q{
        broker_id:int32
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string?
    }],
    DescribeTransactions => [65, 0, 0, 0, q{
        transactional_ids:[string]
    }, q{
        throttle_time_ms:int32 transaction_states:[error_code:int16 transactional_id:string transaction_state:string
            transaction_timeout_ms:int32 transaction_start_time_ms:int64 producer_id:int64 producer_epoch:int16
            topics:[topic:string partitions:[int32]]]
    }],
    ListTransactions => [66, 0, 0, 2, q{
        state_filters:[string] producer_id_filters:[int64] duration_filter:int64(1+)=-1
        transactional_id_pattern:string?(2+)
    }, q{
        throttle_time_ms:int32 error_code:int16 unknown_state_filters:[string]
        transaction_states:[transactional_id:string producer_id:int64 transaction_state:string]
    }],
    ConsumerGroupHeartbeat => [68, 0, 0, 1, q{
        group_id:string member_id:string member_epoch:int32 instance_id:string? rack_id:string?
        rebalance_timeout_ms:int32=-1 subscribed_topic_names:[string]? subscribed_topic_regex:string?(1+)
        server_assignor:string? topic_partitions:[topic_id:uuid partitions:[int32]]?
    }, q{
        throttle_time_ms:int32 error_code:int16 error_message:string? member_id:string? member_epoch:int32
        heartbeat_interval_ms:int32
        assignment:{topic_partitions:[topic_id:uuid partitions:[int32]]}?
    }],
    ConsumerGroupDescribe => [69, 0, 0, 1, q{
        group_ids:[string] include_authorized_operations:bool
    }, qq{
        throttle_time_ms:int32
        groups:[error_code:int16 error_message:string? group_id:string group_state:string group_epoch:int32
            assignment_epoch:int32 assignor_name:string members:[
                member_id:string instance_id:string? rack_id:string? member_epoch:int32 client_id:string
                client_host:string subscribed_topic_names:[string] subscribed_topic_regex:string?
                assignment:$assigned target_assignment:$assigned member_type:int8(1+)]
            authorized_operations:int32]
    }],
    ListConfigResources => [74, 0, 0, 1, q{
        resource_types:[int8](1+)
    }, q{
        throttle_time_ms:int32 error_code:int16 config_resources:[resource_name:string resource_type:int8(1+)]
    }],
    DescribeTopicPartitions => [75, 0, 0, 0, q{
        topics:[name:string] response_partition_limit:int32=2000 cursor:{topic_name:string partition_index:int32}?
    }, q{
        throttle_time_ms:int32
        topics:[error_code:int16 name:string? topic_id:uuid is_internal:bool
            partitions:[error_code:int16 partition_index:int32 leader_id:int32 leader_epoch:int32 replica_nodes:[int32]
                isr_nodes:[int32] eligible_leader_replicas:[int32]? last_known_elr:[int32]? offline_replicas:[int32]]
            topic_authorized_operations:int32]
        next_cursor:{topic_name:string partition_index:int32}?
    }]);

my %api;
for my $name (keys %text) {
    my ($key, $flexible, $lowest, $highest, $request, $response) = @{ $text{$name} };
    $api{$name} = {
        name => $name, key => $key, flexible => $flexible, lowest => $lowest, highest => $highest,
        request => parse_schema($request), response => parse_schema($response)
    };
}

# The description of an API by its Kafka name: key, flexible (first such version), lowest, highest, request,
# response.
sub api {
    my ($name) = @_;
    return $api{$name} // die "no API named $name";
}

# The versions of an API that this client speaks, which are those of Kafka 4.2.
sub versions {
    my ($name) = @_;
    return api($name)->{lowest} .. api($name)->{highest};
}

sub names { return sort { $api{$a}{key} <=> $api{$b}{key} } keys %api; }

1;
