// See many_requests.h.
#include "many_requests.h"

#include <deque>

namespace bench {

void ask_many(const std::string& bootstrap, size_t count, const std::function<std::string(size_t)>& request,
              const std::function<void(size_t, View)>& take) {
    constexpr size_t at_once = 200;
    std::deque<Connection> connections;
    for (size_t i = 0; i < at_once; i++) connections.emplace_back(bootstrap);
    for (size_t first = 0; first < count; first += at_once) {
        const size_t together = std::min(at_once, count - first);
        for (size_t i = 0; i < together; i++) connections[i].send(request(first + i));
        for (size_t i = 0; i < together; i++) take(first + i, connections[i].receive());
    }
}

} // namespace bench
