// The rows of kafka.consumer_group, kafka.group_member and kafka.consumer_offset. Called inside a pg::Transaction; throws
// pg::Error.
#pragma once
#include "group/types.h"
#include "pg/spi.h"

#include <functional>
#include <string>
#include <vector>

namespace kafka::store {

/// Prepared statements for the tables of groups.
class Groups {
public:
    Groups();

    using Take = std::function<void(const group::Row&)>;
    /// Hands over everything that is stored, each group before its members and offsets; also offsets of topics that are gone.
    void load(const Take& take);
    /// Hands over what is stored of some groups.
    void load(const std::vector<std::string>& group_ids, const Take& take);
    /// Stores rows in their order; of several with one key the last one counts.
    void write(const std::vector<group::Row>& rows);

private:
    void put(const std::vector<const group::OffsetRow*>& rows);
    void upsert(const std::vector<const group::OffsetRow*>& rows);
    void remove(const std::vector<const group::MemberRow*>& rows);
    void remove(const std::vector<const group::OffsetRow*>& rows);

    pg::Statement put_group_, put_member_, put_offsets_, remove_members_, remove_offsets_;
};

} // namespace kafka::store
