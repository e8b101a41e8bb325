# Names of the error codes that the tests expect, so that a failure reads "got UNKNOWN_TOPIC_ID, expected
# NONE".
package KafkaWire::Errors;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(error_name);

my %name = (
    -1 => 'UNKNOWN_SERVER_ERROR', 0 => 'NONE', 1 => 'OFFSET_OUT_OF_RANGE', 2 => 'CORRUPT_MESSAGE',
    3 => 'UNKNOWN_TOPIC_OR_PARTITION', 10 => 'MESSAGE_TOO_LARGE', 15 => 'COORDINATOR_NOT_AVAILABLE',
    17 => 'INVALID_TOPIC_EXCEPTION', 18 => 'RECORD_LIST_TOO_LARGE', 21 => 'INVALID_REQUIRED_ACKS',
    32 => 'INVALID_TIMESTAMP', 35 => 'UNSUPPORTED_VERSION', 36 => 'TOPIC_ALREADY_EXISTS',
    37 => 'INVALID_PARTITIONS',
    38 => 'INVALID_REPLICATION_FACTOR', 39 => 'INVALID_REPLICA_ASSIGNMENT', 40 => 'INVALID_CONFIG',
    42 => 'INVALID_REQUEST', 43 => 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 44 => 'POLICY_VIOLATION',
    53 => 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 56 => 'KAFKA_STORAGE_ERROR', 70 => 'FETCH_SESSION_ID_NOT_FOUND',
    71 => 'INVALID_FETCH_SESSION_EPOCH', 73 => 'TOPIC_DELETION_DISABLED', 74 => 'FENCED_LEADER_EPOCH',
    75 => 'UNKNOWN_LEADER_EPOCH', 76 => 'UNSUPPORTED_COMPRESSION_TYPE', 87 => 'INVALID_RECORD',
    89 => 'THROTTLING_QUOTA_EXCEEDED', 100 => 'UNKNOWN_TOPIC_ID', 103 => 'INCONSISTENT_TOPIC_ID',
    106 => 'FETCH_SESSION_TOPIC_ID_ERROR', 114 => 'MISMATCHED_ENDPOINT_TYPE',
    115 => 'UNSUPPORTED_ENDPOINT_TYPE');

# Kafka's name of an error code; one that is not in the list stays a number.
sub error_name {
    my ($code) = @_;
    return defined $code ? $name{$code} // "error $code" : 'no error code';
}

1;
