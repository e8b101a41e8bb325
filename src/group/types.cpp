#include "group/types.h"

#include <iterator>

namespace kafka::group {

Bytes copy_bytes(wire::View bytes) {
    return bytes.empty() ? nullptr : std::make_shared<const std::string>(bytes);
}

wire::Slice slice_of(const Bytes& bytes) { return {bytes, view_of(bytes)}; }

wire::View view_of(const Bytes& bytes) { return bytes ? wire::View(*bytes) : wire::View(); }

bool same(const Bytes& a, const Bytes& b) { return a == b || view_of(a) == view_of(b); }

const Protocol& ClassicMember::preferred() const {
    static const Protocol none;
    return protocols.empty() ? none : protocols.front();
}

void Effects::append(Effects later) {
    rows.insert(rows.end(), std::move_iterator(later.rows.begin()), std::move_iterator(later.rows.end()));
    replies.insert(replies.end(), std::move_iterator(later.replies.begin()),
                   std::move_iterator(later.replies.end()));
}

} // namespace kafka::group
