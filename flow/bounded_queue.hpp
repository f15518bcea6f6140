// A channel: a bounded FIFO between threads, or between a thread and tasks that must not block.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::flow {

// What receive() returns: an item; or no item and no error, when the queue is closed and empty; or why it gave up.
template <class T>
struct Received {
  std::optional<T> item;
  Error error;
};

// A first-in first-out queue of at most `capacity` items, with the semantics of a Go channel: close() ends the sending
// side, receivers get what is left and then learn that it is closed. An item that was accepted is handed out exactly
// once, by receive(), try_receive() or drain().
//
// There are two ways to wait. Threads of their own use send() and receive(), which block under a context. Tasks use
// hold() and on_item(), which never block but call back: a task that finds no room leaves, and its Sender is called
// when a place is held for it. Senders of both kinds get places strictly in the order in which they asked, so none can
// be starved by a busier one.
//
// Thread-safety: everything but the constructor, destructor and on_item(). Callbacks run on the stack of whoever made
// the room, added the item or closed the queue, without a lock of the queue held. T needs a move constructor that does
// not throw.
template <class T>
class BoundedQueue {
 public:
  // The answer to a request for room.
  enum class Room {
    held,     // a place is held for the sender: push() it, or give_up()
    waiting,  // full: the sender stands in line, its callback will be called
    closed    // no item is accepted any more
  };
  enum class Sent { sent, full, closed };

  // One who sends without blocking; stands in line for one place at a time. Must outlive its use by the queue,
  // including a callback that is running.
  class Sender {
   public:
    // `on_room` is called once for each Room::waiting, when a place is held or the queue was closed: then hold() again.
    explicit Sender(std::function<void()> on_room = {}) : on_room_(std::move(on_room)) {}
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

   private:
    friend class BoundedQueue;
    enum class State { idle, waiting, held };
    const std::function<void()> on_room_;  // empty: a blocked thread, woken by room_
    State state_ = State::idle;            // guarded by the queue's mutex
  };

  // A capacity of 0 is taken as 1: a queue without a buffer could not be used without blocking.
  explicit BoundedQueue(std::size_t capacity) : ring_(std::max<std::size_t>(capacity, 1)) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // Blocks until there is room, then moves the item in and returns no error. Otherwise the item is untouched: the error
  // is ctx.cause(), or std::errc::broken_pipe if the queue is closed.
  [[nodiscard]] Error send(const Context& ctx, T& item) {
    Sender sender;
    Error error = wait_for_room(ctx, sender);
    if (!error && !push(sender, std::move(item))) error = closed_error();
    return error;
  }

  // Blocks until there is an item, the queue is closed and empty, or ctx is done (which goes before items).
  [[nodiscard]] Received<T> receive(const Context& ctx) {
    if (ctx.done()) return {std::nullopt, ctx.cause()};
    if (auto item = try_receive()) return {std::move(item), {}};
    const OnDone hook(ctx, [this] { wake_all(items_); });
    std::unique_lock lock(mutex_);
    items_.wait(lock, [&] { return count_ != 0 || closed_ || ctx.done(); });
    if (ctx.done()) {
      if (count_ != 0) items_.notify_one();  // the wake-up meant for this receiver goes to another
      return {std::nullopt, ctx.cause()};
    }
    if (count_ == 0) return {};
    return {take(lock), {}};
  }

  // Moves the item in if there is room and nobody stands in line; otherwise it is untouched.
  [[nodiscard]] Sent try_send(T& item) {
    std::unique_lock lock(mutex_);
    if (closed_) return Sent::closed;
    if (!has_room()) return Sent::full;
    append(lock, std::move(item));
    return Sent::sent;
  }

  // The oldest item, if there is one. After close() nothing means that there will be none.
  [[nodiscard]] std::optional<T> try_receive() {
    std::unique_lock lock(mutex_);
    if (count_ == 0) return std::nullopt;
    return take(lock);
  }

  // Asks for a place without standing in line: true if one is held now.
  [[nodiscard]] bool try_hold(Sender& sender) {
    const std::lock_guard lock(mutex_);
    return hold_now(sender) == Room::held;
  }

  // Asks for a place; if there is none the sender stands in line. Its callback may run, on another thread, before this
  // call has returned Room::waiting.
  [[nodiscard]] Room hold(Sender& sender) {
    const std::lock_guard lock(mutex_);
    const Room room = hold_now(sender);
    if (room == Room::waiting && sender.state_ == Sender::State::idle) {
      sender.state_ = Sender::State::waiting;
      line_.push_back(&sender);
    }
    return room;
  }

  // Blocks the calling thread until a place is held for the sender (no error), the queue is closed, or ctx is done.
  [[nodiscard]] Error wait_for_room(const Context& ctx, Sender& sender) {
    if (ctx.done()) return ctx.cause();
    Room room = hold(sender);
    if (room == Room::waiting) {
      const OnDone hook(ctx, [this] { wake_all(room_); });
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return sender.state_ != Sender::State::waiting || ctx.done(); });
      room = closed_ ? Room::closed : hold_now(sender);
    }
    if (room == Room::held) return {};
    give_up(sender);
    return room == Room::closed ? closed_error() : ctx.cause();
  }

  // Puts the item into the place held for the sender. False, and the item untouched, if the queue was closed meanwhile.
  [[nodiscard]] bool push(Sender& sender, T&& item) {
    std::unique_lock lock(mutex_);
    if (sender.state_ != Sender::State::held) return false;
    sender.state_ = Sender::State::idle;
    --held_;
    if (closed_) return false;
    append(lock, std::move(item));
    return true;
  }

  // Leaves the line, or gives the held place to the next in line.
  void give_up(Sender& sender) {
    std::unique_lock lock(mutex_);
    if (sender.state_ == Sender::State::waiting) std::erase(line_, &sender);
    if (sender.state_ == Sender::State::held) --held_;
    sender.state_ = Sender::State::idle;
    wake_next(lock);
  }

  // Ends the sending side; idempotent. Items that are in the queue stay.
  void close() {
    std::unique_lock lock(mutex_);
    close_locked(lock);
  }

  // Closes, and returns what is left, oldest first: every accepted item that no receiver got.
  [[nodiscard]] std::vector<T> drain() {
    std::vector<T> left;
    std::unique_lock lock(mutex_);
    left.reserve(count_);
    while (count_ != 0) left.push_back(pop());
    close_locked(lock);
    return left;
  }

  // Sets what is called after each item that came in, and after close() and drain(). Before the queue is used by
  // several threads.
  void on_item(std::function<void()> callback) { on_item_ = std::move(callback); }

  // Items in the queue now. Atomic, without a lock.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.size(); }
  [[nodiscard]] bool closed() const noexcept { return closed_flag_.load(std::memory_order_acquire); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  static Error closed_error() { return Error(std::errc::broken_pipe, "the queue is closed"); }

  // For hooks of a context: taking the mutex first makes sure that a waiter is either before its check or asleep.
  void wake_all(std::condition_variable& waiters) {
    { const std::lock_guard lock(mutex_); }
    waiters.notify_all();
  }

  bool has_room() const { return count_ + held_ < ring_.size() && line_.empty(); }

  Room hold_now(Sender& sender) {
    if (closed_) return Room::closed;
    if (sender.state_ == Sender::State::held) return Room::held;
    if (sender.state_ == Sender::State::waiting || !has_room()) return Room::waiting;
    sender.state_ = Sender::State::held;
    ++held_;
    return Room::held;
  }

  // Stores an item and tells the receiving side. Unlocks.
  void append(Lock& lock, T&& item) {
    ring_[(first_ + count_) % ring_.size()].emplace(std::move(item));
    size_.store(++count_, std::memory_order_release);
    lock.unlock();
    items_.notify_one();
    if (on_item_) on_item_();
  }

  T pop() {
    std::optional<T>& place = ring_[first_];
    T item = std::move(*place);
    place.reset();
    first_ = (first_ + 1) % ring_.size();
    size_.store(--count_, std::memory_order_release);
    return item;
  }

  // Removes the oldest item and gives its place to the first in line. Unlocks.
  T take(Lock& lock) {
    T item = pop();
    wake_next(lock);
    return item;
  }

  // Holds a free place for the first in line, if there are both, and tells it. Unlocks. Each call follows the freeing
  // of at most one place, so one is enough.
  void wake_next(Lock& lock) {
    Sender* next = nullptr;
    if (!closed_ && !line_.empty() && count_ + held_ < ring_.size()) {
      next = line_.front();
      line_.pop_front();
      next->state_ = Sender::State::held;
      ++held_;
    }
    // A blocked thread's Sender lives on its stack and may be gone once the lock is released.
    const bool thread = next != nullptr && !next->on_room_;
    lock.unlock();
    if (thread) {
      room_.notify_all();
    } else if (next != nullptr) {
      next->on_room_();
    }
  }

  // Tells everybody, also if it was closed before: drain() changes what an observer of the end looks for. Unlocks.
  void close_locked(Lock& lock) {
    closed_ = true;
    closed_flag_.store(true, std::memory_order_release);
    std::vector<Sender*> callbacks;
    for (Sender* sender : line_) {
      sender->state_ = Sender::State::idle;
      if (sender->on_room_) callbacks.push_back(sender);
    }
    line_.clear();
    lock.unlock();
    room_.notify_all();
    items_.notify_all();
    for (Sender* sender : callbacks) sender->on_room_();
    if (on_item_) on_item_();
  }

  std::vector<std::optional<T>> ring_;
  std::atomic<std::size_t> size_ = 0;      // count_, for readers without the lock
  std::atomic<bool> closed_flag_ = false;  // closed_, likewise
  std::function<void()> on_item_;

  std::mutex mutex_;  // guards everything below, the ring and the senders' states
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t held_ = 0;  // places promised to senders that have not pushed yet
  bool closed_ = false;
  std::deque<Sender*> line_;
  std::condition_variable items_;
  std::condition_variable room_;
};

}  // namespace sluice::flow
