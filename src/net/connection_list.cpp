// Lists of connections in the order in which something happened to them. See connection_list.h.
#include "net/connection_list.h"

namespace kafka::net {

void ListPlace::leave() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
}

void ConnectionList::join(ListPlace& place, Milliseconds now) {
    place.leave();
    place.since_ = now;
    place.previous_ = head_.previous_;
    place.next_ = &head_;
    head_.previous_->next_ = &place;
    head_.previous_ = &place;
}

} // namespace kafka::net
