// A mailbox between two threads: one side posts, the other takes everything at once.
// Any thread may post; one thread takes. Waking the reader is the poster's business, and only for the first
// post since it has taken.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

namespace kafka::net {

template <class T> class Mailbox {
public:
    /// Adds one message. True if the reader has to be woken. A message that can wait does not wake one that naps.
    bool post(T&& message, bool can_wait = false) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
        if (can_wait && reader_naps_) return false;
        return !std::exchange(woken_, true);
    }

    /// Adds several messages in order. True if the reader has to be woken.
    bool post(std::vector<T>&& messages) {
        if (messages.empty()) return false;
        const std::lock_guard lock(mutex_);
        if (messages_.empty()) {
            messages_.swap(messages);
        } else {
            messages_.reserve(messages_.size() + messages.size());
            for (T& message : messages) messages_.push_back(std::move(message));
        }
        return !std::exchange(woken_, true);
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
        woken_ = reader_naps_ = false;
        return taken;
    }

    /// Until it takes, the reader is not woken for messages that can wait: it comes by itself before long. False, and without
    /// effect, if there are messages already.
    bool nap() {
        const std::lock_guard lock(mutex_);
        return reader_naps_ = messages_.empty();
    }

private:
    mutable std::mutex mutex_;
    std::vector<T> messages_;
    bool woken_ = false; ///< since the reader has taken
    bool reader_naps_ = false;
};

} // namespace kafka::net
