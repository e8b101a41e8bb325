// ListGroups, DescribeGroups and DeleteGroups.
#include "group/groups.h"
#include "group/limits.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace kafka::group {
namespace {

std::string lower(wire::View text) {
    std::string result(text);
    for (char& c : result) c = char(std::tolower(uint8_t(c)));
    return result;
}

/// What a filter lets through: everything where it is empty; case and spaces around do not count.
class Filter {
public:
    explicit Filter(const std::vector<std::string>& wanted) {
        for (const std::string& word : wanted) {
            const size_t first = std::min(word.find_first_not_of(" \t"), word.size());
            wanted_.insert(lower(word.substr(first, word.find_last_not_of(" \t") + 1 - first)));
        }
    }
    bool passes(wire::View word) const { return wanted_.empty() || wanted_.contains(lower(word)); }

private:
    std::set<std::string> wanted_;
};

const char* type_name(const ClassicGroup&) { return "classic"; }
const char* type_name(const ConsumerGroup&) { return "consumer"; }

/// DescribeGroups is for classic groups; what it says of others, and of none.
wire::describe_groups::DescribedGroup unknown(int16_t version, const std::string& group_id) {
    wire::describe_groups::DescribedGroup described;
    described.group_id = group_id;
    described.group_state = "Dead";
    if (version < 6) return described;
    described.error_code = ErrorCode::group_id_not_found;
    described.error_message = "Group " + group_id + " not found.";
    return described;
}

ErrorCode may_delete(const Group* group) {
    if (!group) return ErrorCode::group_id_not_found;
    return is_empty(*group) ? ErrorCode::none : ErrorCode::non_empty_group;
}

} // namespace

wire::list_groups::Response Groups::list(const wire::list_groups::Request& request) const {
    const Filter states(request.states_filter), types(request.types_filter);
    wire::list_groups::Response response;
    for (const auto& [id, group] : groups_)
        std::visit(
            [&, &id = id](const auto& kind) {
                if (!states.passes(kind.state_name()) || !types.passes(type_name(kind))) return;
                response.groups.push_back({id, kind.protocol_type(), kind.state_name(), type_name(kind)});
            },
            group.kind);
    return response;
}

wire::describe_groups::Response Groups::describe(int16_t version,
                                                 const wire::describe_groups::Request& request) const {
    wire::describe_groups::Response response;
    std::set<wire::View> answered; // each once: a small request is not to make a large response
    for (const std::string& id : request.groups) {
        if (!answered.insert(id).second) continue;
        const Group* group = find(id);
        const ClassicGroup* classic = group ? std::get_if<ClassicGroup>(&group->kind) : nullptr;
        response.groups.push_back(classic ? classic->describe() : unknown(version, id));
    }
    return response;
}

wire::consumer_group_describe::Response
Groups::describe_consumers(const TopicLookup& topics, const Settings& settings,
                           const wire::consumer_group_describe::Request& request) const {
    wire::consumer_group_describe::Response response;
    std::set<wire::View> answered; // as above
    for (const std::string& id : request.group_ids) {
        if (!answered.insert(id).second) continue;
        const Group* group = find(id);
        const ConsumerGroup* consumer = group ? std::get_if<ConsumerGroup>(&group->kind) : nullptr;
        if (consumer) {
            response.groups.push_back(consumer->describe(topics, settings));
            continue;
        }
        auto& unknown = response.groups.emplace_back();
        unknown.group_id = id;
        unknown.error_code = id.empty() ? ErrorCode::invalid_group_id : ErrorCode::group_id_not_found;
        unknown.error_message = "There is no consumer group " + id + ".";
    }
    return response;
}

void Groups::delete_groups(Turn& turn, const Caller& caller, const wire::delete_groups::Request& request) {
    wire::delete_groups::Response response;
    for (const std::string& id : request.groups_names) {
        const ErrorCode error = may_delete(find(id));
        if (error == ErrorCode::none) remove(turn, id);
        response.results.push_back({id, error});
    }
    turn.effects.reply(caller.ticket, std::move(response));
}

} // namespace kafka::group
