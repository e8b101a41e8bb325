#include "group/rows.h"

#include <map>
#include <set>
#include <tuple>

namespace kafka::group {
namespace {

/// The index of the last row of each key.
struct LastRows {
    std::set<wire::View> removed_groups;
    std::map<wire::View, const GroupRow*> groups;
    std::map<wire::View, std::map<wire::View, const MemberRow*>> members;
    std::map<wire::View, std::map<std::pair<wire::Uuid, int32_t>, const OffsetRow*>> offsets;

    void operator()(const GroupRow& row) {
        if (!row.removed) {
            groups[row.group_id] = &row;
            return;
        }
        removed_groups.insert(row.group_id);
        groups.erase(row.group_id);
        members.erase(row.group_id);
        offsets.erase(row.group_id);
    }
    void operator()(const MemberRow& row) { members[row.group_id][row.member_id] = &row; }
    void operator()(const OffsetRow& row) { offsets[row.group_id][{row.topic_id, row.partition}] = &row; }
};

} // namespace

RowsByTable last_of_each(const std::vector<Row>& rows) {
    LastRows last;
    for (const Row& row : rows) std::visit(last, row);
    RowsByTable sorted;
    sorted.removed_groups.assign(last.removed_groups.begin(), last.removed_groups.end());
    for (const auto& [id, row] : last.groups) sorted.groups.push_back(row);
    for (const auto& [id, of_group] : last.members)
        for (const auto& [member_id, row] : of_group)
            (row->removed ? sorted.removed_members : sorted.members).push_back(row);
    for (const auto& [id, of_group] : last.offsets)
        for (const auto& [key, row] : of_group)
            (row->removed ? sorted.removed_offsets : sorted.offsets).push_back(row);
    return sorted;
}

} // namespace kafka::group
