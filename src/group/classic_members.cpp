#include "group/classic_members.h"

#include <algorithm>

namespace kafka::group {

Bytes Member::metadata(const std::string& protocol) const {
    for (const Protocol& known : classic().protocols)
        if (known.name == protocol) return known.metadata;
    return nullptr;
}

Member& ClassicMembers::add(MemberRow row) {
    auto& member = by_id_[row.member_id];
    member = std::make_unique<Member>();
    member->row = std::move(row);
    if (member->is_static()) by_instance_[*member->row.instance_id] = member.get();
    in_order_.push_back(member.get());
    count_protocols(*member, +1);
    return *member;
}

void ClassicMembers::remove(const std::string& id) {
    const auto at = by_id_.find(id);
    if (at == by_id_.end()) return;
    Member& member = *at->second;
    set_joining(member, std::nullopt);
    count_protocols(member, -1);
    if (member.is_static()) by_instance_.erase(*member.row.instance_id);
    std::erase(in_order_, &member);
    by_id_.erase(at);
}

void ClassicMembers::rename(Member& member, const std::string& id) {
    auto node = by_id_.extract(member.id());
    member.row.member_id = node.key() = id;
    by_id_.insert(std::move(node));
}

void ClassicMembers::set_protocols(Member& member, std::vector<Protocol> protocols) {
    count_protocols(member, -1);
    member.classic().protocols = std::move(protocols);
    count_protocols(member, +1);
}

void ClassicMembers::set_joining(Member& member, std::optional<Ticket> ticket) {
    joining_ += ticket.has_value();
    joining_ -= member.joining.has_value();
    member.joining = ticket;
}

Member* ClassicMembers::find(const std::string& id) {
    const auto at = by_id_.find(id);
    return at == by_id_.end() ? nullptr : at->second.get();
}

const Member* ClassicMembers::find(const std::string& id) const {
    return const_cast<ClassicMembers*>(this)->find(id);
}

Member* ClassicMembers::find_static(const std::string& instance_id) {
    const auto at = by_instance_.find(instance_id);
    return at == by_instance_.end() ? nullptr : at->second;
}

const Member* ClassicMembers::find_static(const std::string& instance_id) const {
    return const_cast<ClassicMembers*>(this)->find_static(instance_id);
}

void ClassicMembers::count_protocols(const Member& member, int change) {
    for (const Protocol& protocol : member.classic().protocols) {
        const auto at = having_.try_emplace(protocol.name, 0).first;
        at->second += change;
        if (at->second == 0) having_.erase(at);
    }
}

bool ClassicMembers::all_have(const std::string& protocol) const {
    const auto at = having_.find(protocol);
    return (at == having_.end() ? 0 : size_t(at->second)) == size();
}

std::string ClassicMembers::select_protocol() const {
    std::unordered_map<std::string, int> votes;
    for (const Member* member : in_order_)
        for (const Protocol& protocol : member->classic().protocols)
            if (all_have(protocol.name)) {
                votes[protocol.name]++;
                break;
            }
    std::string selected;
    int most = 0;
    for (const Protocol& protocol : in_order_.front()->classic().protocols) {
        const auto at = votes.find(protocol.name);
        if (at == votes.end() || at->second <= most) continue;
        most = at->second;
        selected = protocol.name;
    }
    return selected;
}

milliseconds ClassicMembers::rebalance_timeout() const {
    int32_t longest = 0;
    for (const Member* member : in_order_) longest = std::max(longest, member->row.rebalance_timeout_ms);
    return milliseconds(longest);
}

} // namespace kafka::group
