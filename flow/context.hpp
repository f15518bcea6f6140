// Go's context for C++: cancellation, deadlines and request-scoped values that flow down the call chain.
//
// A function that blocks, does I/O or loops over input takes a `const Context&` as its first parameter and returns
// context.cause() when the context is done. Contexts are not stored in objects. See docs/context.md for the guide.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "flow/detail/node.hpp"
#include "flow/error.hpp"

namespace tbb::detail::d1 {
class task_group_context;
}

namespace sluice::flow {

namespace detail {
struct Access;
extern const std::atomic<std::uint32_t> kNeverDone;
}  // namespace detail

// A handle on a node of the tree of contexts. Copies are cheap (one reference count) and mean the same node; a context
// stays valid however long its parents' handles have been gone, and outlives its CancelHandle (it is done then).
// Thread-safety: all const member functions may be called from any thread at any time.
// A moved-from Context may only be assigned to or destroyed.
class Context {
 public:
  using Clock = std::chrono::steady_clock;

  Context(const Context&) noexcept = default;
  Context(Context&& other) noexcept
      : node_(std::move(other.node_)), state_(std::exchange(other.state_, &detail::kNeverDone)) {}
  Context& operator=(const Context&) noexcept = default;
  Context& operator=(Context&& other) noexcept {
    node_ = std::move(other.node_);
    state_ = std::exchange(other.state_, &detail::kNeverDone);
    return *this;
  }
  ~Context() = default;

  // True once the context was cancelled or its deadline passed; stays true. Costs one relaxed load: the answer only
  // tells the caller to stop, so nothing needs to be ordered by it. Whoever wants to see what the canceller wrote
  // before cancelling calls error() or cause(), which acquire.
  bool done() const noexcept { return state_->load(std::memory_order_relaxed) != 0; }

  // Nothing while not done, then Errc::canceled or Errc::deadline_exceeded for good. Synchronizes with the
  // cancellation.
  std::error_code error() const noexcept;

  // Why: the Error given to cancel() or with_deadline() by the nearest ancestor (or this) that was cancelled first; by
  // default error(). No error while not done.
  Error cause() const noexcept;

  // The earliest deadline of this context and its ancestors, if there is one.
  std::optional<Clock::time_point> deadline() const noexcept;

  // The nearest value stored under Key on the way to the root, or null. The pointer is good as long as any copy of this
  // context lives. A key is a type with a member `Type`: struct TraceId { using Type = std::string; };
  template <class Key>
  const typename Key::Type* value() const noexcept {
    return static_cast<const typename Key::Type*>(find_value(&detail::kKeyTag<Key>));
  }

  // Blocks the calling thread until the context is done. For ever if it never can be (background, without_cancel).
  void wait() const;

  // The same until that time point at most. True if the context is done.
  template <class AnyClock, class Duration>
  bool wait_until(const std::chrono::time_point<AnyClock, Duration>& time) const {
    if constexpr (std::is_same_v<AnyClock, Clock>) {
      return wait_until_steady(std::chrono::ceil<Clock::duration>(time));
    } else {
      while (!done()) {
        const auto now = AnyClock::now();
        if (now >= time) return done();
        wait_for(time - now);  // again if that clock was set back meanwhile
      }
      return true;
    }
  }

  // The same for that long at most. True if the context is done.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& duration) const {
    return wait_until_steady(Clock::now() + bounded(duration));
  }

  // The line from the root for diagnostics: "background.with_cancel.with_value".
  std::string describe() const;

  // How many cancellable children and after_func registrations wait on the nearest cancellable node at or above this
  // one. For tests and diagnostics; 0 for contexts that are never done.
  std::size_t child_count() const;

  // The oneTBB context of the nearest cancellable node at or above this one, made on first use and cancelled together
  // with it: tbb::parallel_for(range, body, *context.task_group()) stops early when this context is done, nested
  // algorithms included. Null for contexts that are never done. Owned by the node: good as long as any copy of this
  // context lives. Contexts are isolated in oneTBB's sense (see docs/context.md for the reason).
  tbb::detail::d1::task_group_context* task_group() const;

  // A duration cut to what a steady time point can hold when added to now (ten years).
  template <class Rep, class Period>
  static Clock::duration bounded(const std::chrono::duration<Rep, Period>& duration) {
    constexpr std::chrono::hours kLongest{24 * 3650};
    if (duration >= kLongest) return kLongest;
    if (duration <= std::chrono::duration<Rep, Period>::zero()) return Clock::duration::zero();
    return std::chrono::ceil<Clock::duration>(duration);
  }

 private:
  friend struct detail::Access;
  explicit Context(detail::Ref<detail::Node> node) noexcept;

  const void* find_value(const void* key) const noexcept;
  bool wait_until_steady(Clock::time_point time) const;

  detail::Ref<detail::Node> node_;
  const std::atomic<std::uint32_t>* state_;  // of the nearest cancellable node, or kNeverDone
};

// Cancels one context. Move-only; destroying it cancels (Go's `defer cancel()`).
// Thread-safety: cancel() may be called from many threads at once; moving and destroying may not run beside it.
class CancelHandle {
 public:
  CancelHandle() noexcept = default;  // of no context: cancel() does nothing
  CancelHandle(CancelHandle&&) noexcept = default;
  CancelHandle& operator=(CancelHandle&& other) noexcept;
  ~CancelHandle();

  // Makes the context and everything below it done with Errc::canceled, then wakes waiters, runs on_done hooks (on this
  // thread) and starts after_func functions (in their own tasks, not waited for). The first cancellation wins, later
  // ones do nothing. Every descendant is done when it returns, whichever thread won. May be called from hooks and
  // callbacks of the same context.
  void cancel();

  // The same with a reason for cause(). No error means the default.
  void cancel(Error cause);

 private:
  friend struct detail::Access;
  detail::Ref<detail::Node> node_;   // a CancelNode
  std::shared_ptr<void> companion_;  // lives as long as the handle: the signal watcher of notify_context
};

// A new context and the handle that cancels it.
struct [[nodiscard]] Cancellable {
  Context context;
  CancelHandle handle;

  // Shorthands of the handle's.
  void cancel() { handle.cancel(); }
  void cancel(Error cause) { handle.cancel(std::move(cause)); }
};

// The root: never done, no deadline, no values. For main() and tests; everything else is handed its context. All roots
// alive at one time are one: it owns the timer thread and the after_func threads of the process, started when first
// needed and joined when the last context of all is gone (that destructor waits for after_func functions still
// running).
Context background();

// A child that its handle cancels. Done when the parent is.
Cancellable with_cancel(const Context& parent);

// A child that is also done, with Errc::deadline_exceeded, at that time; `cause` is its cause then (default: the
// error). A parent's earlier deadline stays in force. A time in the past gives a context that is done already.
Cancellable with_deadline(const Context& parent, Context::Clock::time_point time, Error cause = {});

// The same, that long from now; zero and negative durations are the past.
template <class Rep, class Period>
Cancellable with_timeout(const Context& parent, const std::chrono::duration<Rep, Period>& duration, Error cause = {}) {
  return with_deadline(parent, Context::Clock::now() + Context::bounded(duration), std::move(cause));
}

// A child with the parent's values but none of its cancellation: never done, no error, no deadline. For work that has
// to be finished after the parent was cancelled.
Context without_cancel(const Context& parent);

// A registration of after_func. Move-only; destroying it stops the function unless it was started.
class AfterFunc {
 public:
  AfterFunc() noexcept = default;  // of nothing
  AfterFunc(AfterFunc&&) noexcept = default;
  AfterFunc& operator=(AfterFunc&& other) noexcept;
  ~AfterFunc();

  // True if this call prevented the function from ever running. False if it was started (it may still be running: stop
  // does not wait), or was stopped before. Thread-safe.
  bool stop();

 private:
  friend struct detail::Access;
  detail::Ref<detail::Node> node_;  // an AfterNode
};

// Arranges for `function` to run once, in a task of its own, after the context is done; at once if it is done already.
// Never on the canceller's stack, and no one waits for it. Functions may block: others get threads of their own then
// (within some hundred microseconds), limited only by the number of threads the process may have. An exception that
// leaves the function ends the process, as it would a thread.
[[nodiscard]] AfterFunc after_func(const Context& context, std::function<void()> function);

// A hook that runs on the stack of whoever makes the context done, before their cancel() returns; in the constructor if
// it is done already. For short work that does not throw, block or wait for locks that a canceller may hold: waking a
// condition variable, writing to an eventfd. Otherwise use after_func.
// The destructor guarantees that the function is neither running (it waits for it on another thread) nor will run; it
// may be called from the function itself. Same semantics as std::stop_callback. Neither copyable nor movable.
class OnDone {
 public:
  OnDone(const Context& context, std::function<void()> function);
  OnDone(const OnDone&) = delete;
  OnDone& operator=(const OnDone&) = delete;
  ~OnDone();

 private:
  friend class detail::CancelNode;
  detail::Ref<detail::Node> scope_;  // the CancelNode, or null if the context is never done
  std::function<void()> function_;
  OnDone* previous_ = nullptr;  // these three are guarded by the scope's mutex
  OnDone* next_ = nullptr;
  bool linked_ = false;
};

// `auto hook = on_done(context, [&] { ... });`
[[nodiscard]] inline OnDone on_done(const Context& context, std::function<void()> function) {
  return OnDone(context, std::move(function));
}

namespace detail {
// The library's own way into the handles.
struct Access {
  static Context context(Ref<Node> node) noexcept { return Context(std::move(node)); }
  static Node* node(const Context& context) noexcept { return context.node_.get(); }
  static CancelHandle handle(Ref<Node> node) noexcept;
  static AfterFunc after(Ref<Node> node) noexcept;
  static void attach(CancelHandle& handle, std::shared_ptr<void> companion) noexcept {
    handle.companion_ = std::move(companion);
  }
};
}  // namespace detail

// A child that carries a value under Key. For request-scoped data that crosses interfaces (a trace id), not for
// parameters. The value is immutable and destroyed with the last context that can see it.
template <class Key>
Context with_value(const Context& parent, typename Key::Type value) {
  detail::Node* const node = detail::Access::node(parent);
  node->retain();
  // The node takes over that reference; if it cannot be made (out of memory) the reference is given back.
  detail::Ref<detail::Node> held = detail::Ref<detail::Node>::adopt(node);
  auto child = std::make_unique<detail::ValueNode<Key>>(node, node->scope(), std::move(value));
  held.leak();
  return detail::Access::context(detail::Ref<detail::Node>(std::unique_ptr<detail::Node>(std::move(child))));
}

}  // namespace sluice::flow
