// JoinGroup (API key 11): enters a group, or its next generation; answered once all members have done so.
// v1 rebalance_timeout_ms (KIP-62); v2 throttle_time_ms; v4 MEMBER_ID_REQUIRED: new members join twice
// (KIP-394); v5 group_instance_id (KIP-345); v6 flexible; v7 protocol_type (KIP-559); v8 reason (KIP-800); v9
// skip_assignment (KIP-814).
#pragma once
#include "wire/schema.h"

namespace kafka::wire::join_group {

struct Response;

struct JoinGroupRequestProtocol {
    std::string name;
    View metadata; ///< for the leader; of consumers: what they subscribe to and own
    static void fields(auto& io, auto& m) {
        io(m.name);
        io(m.metadata);
    }
};

struct Request {
    using Response = join_group::Response;
    static constexpr Api api{11, "JoinGroup", {0, 9}, 6};
    std::string group_id;
    int32_t session_timeout_ms = 0;    ///< a member that is silent for longer is removed
    int32_t rebalance_timeout_ms = -1; ///< for joining again in a rebalance; v0: session_timeout_ms holds
    std::string member_id;             ///< empty: a new member
    std::optional<std::string> group_instance_id;    ///< null: not a static member
    std::string protocol_type;                       ///< "consumer", "connect", ...
    std::vector<JoinGroupRequestProtocol> protocols; ///< the preferred one first
    std::optional<std::string> reason;               ///< for the log
    static void fields(auto& io, auto& m) {
        io(m.group_id);
        io(m.session_timeout_ms);
        io(m.rebalance_timeout_ms, v(1));
        io(m.member_id);
        io(m.group_instance_id, v(5));
        io(m.protocol_type);
        io(m.protocols);
        io(m.reason, v(8));
    }
};

struct JoinGroupResponseMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    Slice metadata; ///< for the protocol that was chosen
    static void fields(auto& io, auto& m) {
        io(m.member_id);
        io(m.group_instance_id, v(5));
        io(m.metadata);
    }
};

struct Response {
    int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    int32_t generation_id = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name = ""; ///< the one that was chosen
    std::string leader;                            ///< its member id
    bool skip_assignment = false; ///< the leader's assignment of before stays; it is not to make a new one
    std::string member_id;
    std::vector<JoinGroupResponseMember> members; ///< for the leader alone
    static void fields(auto& io, auto& m) {
        io(m.throttle_time_ms, v(2));
        io(m.error_code);
        io(m.generation_id);
        io(m.protocol_type, v(7));
        io(m.protocol_name, v(0), nullable(7));
        io(m.leader);
        io(m.skip_assignment, v(9));
        io(m.member_id);
        io(m.members);
    }
};

} // namespace kafka::wire::join_group
