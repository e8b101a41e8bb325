// What several APIs say of the cluster: its one broker, and what a client may do.
#pragma once
#include "wire/bytes.h"

#include <cstdint>

namespace kafka::api {

/// Sets of the operations that a client may do, one bit for each AclOperation code (KIP-430). Without an
/// authorizer everything that makes sense is allowed.
namespace operations {
constexpr int32_t read = 1 << 3, write = 1 << 4, create = 1 << 5, remove = 1 << 6, alter = 1 << 7,
                  describe = 1 << 8, cluster_action = 1 << 9, describe_configs = 1 << 10,
                  alter_configs = 1 << 11, idempotent_write = 1 << 12;
constexpr int32_t on_topic =
    read | write | create | remove | alter | describe | describe_configs | alter_configs;
constexpr int32_t on_cluster =
    create | alter | describe | cluster_action | describe_configs | alter_configs | idempotent_write;
constexpr int32_t on_group = read | remove | describe | describe_configs | alter_configs;
} // namespace operations

/// Stands for "no topic id" on the wire.
constexpr wire::Uuid no_topic_id{};

} // namespace kafka::api
