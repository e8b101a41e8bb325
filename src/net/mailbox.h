// A mailbox between two threads: one side posts, the other takes everything at once.
// Any thread may post; one thread takes. Waking the reader is the poster's business, and only for the first
// post into an empty mailbox.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

namespace kafka::net {

template <class T> class Mailbox {
public:
    /// Adds one message. True if the mailbox was empty, that is, if the reader has to be woken.
    bool post(T&& message) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
        return messages_.size() == 1;
    }

    /// Adds several messages in order. True if the mailbox was empty and no longer is.
    bool post(std::vector<T>&& messages) {
        if (messages.empty()) return false;
        const std::lock_guard lock(mutex_);
        const bool was_empty = messages_.empty();
        if (was_empty) {
            messages_.swap(messages);
        } else {
            messages_.reserve(messages_.size() + messages.size());
            for (T& message : messages) messages_.push_back(std::move(message));
        }
        return was_empty;
    }

    bool empty() const {
        const std::lock_guard lock(mutex_);
        return messages_.empty();
    }

    /// All messages so far, oldest first.
    std::vector<T> take() {
        std::vector<T> taken;
        const std::lock_guard lock(mutex_);
        taken.swap(messages_);
        return taken;
    }

private:
    mutable std::mutex mutex_;
    std::vector<T> messages_;
};

} // namespace kafka::net
