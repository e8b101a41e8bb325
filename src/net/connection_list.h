// Lists of connections in the order in which something happened to them, with no allocation: joining and
// leaving cost the same with ten connections and with ten thousand. Net thread.
#pragma once
#include <chrono>
#include <cstdint>

namespace kafka::net {

class Connection;
using Milliseconds = std::chrono::milliseconds; ///< also points in time: the loop's clock, uv_now()

/// A connection's place in one list, which it leaves when it is destroyed.
class ListPlace {
public:
    explicit ListPlace(Connection* connection) : connection_(connection) {}
    ~ListPlace() { leave(); }
    ListPlace(const ListPlace&) = delete;
    ListPlace& operator=(const ListPlace&) = delete;

    void leave();
    bool listed() const { return next_ != this; }
    Connection& connection() const { return *connection_; }
    /// When it joined.
    Milliseconds since() const { return since_; }

private:
    friend class ConnectionList;
    Connection* connection_;
    ListPlace *next_ = this, *previous_ = this;
    Milliseconds since_{0};
};

/// Longest listed first.
class ConnectionList {
public:
    bool empty() const { return !head_.listed(); }
    /// Joins the end, leaving its place if it was listed.
    void join(ListPlace& place, Milliseconds now);
    /// Null if empty.
    ListPlace* first() { return after(head_); }
    /// Null if empty.
    ListPlace* last() { return empty() ? nullptr : head_.previous_; }
    /// The one after `place`, or null at the end.
    ListPlace* after(ListPlace& place) { return place.next_ == &head_ ? nullptr : place.next_; }

private:
    ListPlace head_{nullptr};
};

} // namespace kafka::net
