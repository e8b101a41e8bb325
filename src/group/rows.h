// The rows of a turn as a transaction writes them: each key once, by table. Pure.
#pragma once
#include "group/types.h"

namespace kafka::group {

/// Points into the rows that it was made of.
/// To be written in the order of the members here. Removing a group removes its members and offsets as well; one
/// that is removed and made anew in the same turn is in both lists.
struct RowsByTable {
    std::vector<std::string> removed_groups;
    std::vector<const GroupRow*> groups;
    std::vector<const MemberRow*> removed_members, members;
    std::vector<const OffsetRow*> removed_offsets, offsets;
};

/// The last row of each key, which is all that counts. In the order of the keys, so that transactions of several
/// turns lock rows in the same order.
RowsByTable last_of_each(const std::vector<Row>& rows);
RowsByTable last_of_each(std::vector<Row>&&) = delete;

} // namespace kafka::group
