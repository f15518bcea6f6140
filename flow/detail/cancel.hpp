// The cancellable nodes of the context tree. Not part of the public interface.
#pragma once

#include <tbb/task_group.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "flow/context.hpp"
#include "flow/detail/runtime.hpp"

namespace sluice::flow::detail {

class NodeList;

// The root of all contexts that are alive at one time; owns the runtime.
class Root final : public Node {
 public:
  Root() : Node(Kind::background, nullptr, nullptr), runtime_(std::make_shared<Runtime>()) { set_root(this); }
  ~Root() override;
  Runtime& runtime() const noexcept { return *runtime_; }

 private:
  const std::shared_ptr<Runtime> runtime_;  // shared with its threads, which may see the root go on their own stack
};

// without_cancel: passes values through, nothing else.
class DetachedNode final : public Node {
 public:
  explicit DetachedNode(Node* parent) noexcept : Node(Kind::without_cancel, parent, nullptr) {}
};

// A node that is in the list of children of a CancelNode, its owner, until it is done, stopped or destroyed.
class ChildNode : public Node {
 public:
  CancelNode* owner() const noexcept { return owner_; }

 protected:
  ChildNode(Kind kind, Node* parent, CancelNode* scope) noexcept : Node(kind, parent, scope), owner_(parent->scope()) {}
  // Enters the owner's list; false if the owner is done already (then enter nothing), true also without an owner.
  bool attach() noexcept;
  void unlink() noexcept override;
  // For a node that gives up its parent while it may outlive it. It must not be linked.
  void forget_owner() noexcept { owner_ = nullptr; }

 private:
  friend class CancelNode;
  friend class NodeList;
  CancelNode* owner_;              // the parent's scope, kept alive by this node's line of parents
  ChildNode* previous_ = nullptr;  // these three are guarded by the owner's mutex; whoever took the node out of the
  ChildNode* next_ = nullptr;      // owner's list (linked_ = false) may use next_ for a list of its own
  bool linked_ = false;
  ChildNode* next_marked_ = nullptr;  // belongs to the thread that marked this node as done
};

// A context that can be cancelled.
//
// Cancelling has two phases. Phase one marks this node and all its descendants as done and takes them out of the lists;
// it runs no foreign code and holds one lock at a time, so it always ends. Phase two wakes waiters and runs hooks, with
// no lock held and every node already done, so hooks may do anything to any context. A second canceller waits for
// phase one only: it may count on all descendants being done, and cannot deadlock with hooks.
class CancelNode : public ChildNode {
 public:
  using Clock = std::chrono::steady_clock;
  enum State : std::uint32_t { kActive = 0, kMarking = 1, kMarked = 2 };

  explicit CancelNode(Node* parent, Kind kind = Kind::with_cancel) noexcept : ChildNode(kind, parent, this) {}

  // Attaches to the owner, or takes over its end if it is done. To be called once, by whoever made the node.
  void start() noexcept;
  void cancel(const std::error_code& error, const Error& cause) noexcept;

  const std::atomic<std::uint32_t>& state() const noexcept { return state_; }
  // Both are nothing while active.
  std::error_code error() const noexcept;
  Error cause() const noexcept;
  bool wait_until(Clock::time_point time) noexcept;
  void wait() noexcept;
  std::size_t child_count() noexcept;
  tbb::task_group_context* task_group();

  void add_hook(OnDone& hook);
  void remove_hook(OnDone& hook) noexcept;

 protected:
  // Releases the timer, if there is one. Called in phase one without a lock.
  virtual void disarm() noexcept {}

 private:
  friend class ChildNode;

  // Phase one for this node alone; its children go to `pending`. False if someone else marked it before.
  bool mark(const std::error_code& error, const Error& cause, NodeList& pending) noexcept;
  void await_marked() const noexcept;
  void announce() noexcept;  // phase two
  void run_hooks(std::unique_lock<std::mutex>& lock) noexcept;

  std::atomic<std::uint32_t> state_{kActive};  // release-stored after error_ and cause_; pairs with error(), cause()
  std::error_code error_;                      // immutable once state_ is not kActive
  Error cause_;
  std::mutex mutex_;  // guards everything below, the children's links, and the step out of kActive
  std::condition_variable changed_;
  std::size_t child_count_ = 0;
  ChildNode* children_ = nullptr;
  OnDone* hooks_ = nullptr;
  OnDone* running_hook_ = nullptr;
  bool* running_hook_gone_ = nullptr;  // set by a hook that is destroyed from its own function
  std::thread::id hook_thread_;
  std::unique_ptr<tbb::task_group_context> task_group_;
};

// A context with a deadline of its own, earlier than its ancestors'.
class DeadlineNode final : public CancelNode, private Timer {
 public:
  using CancelNode::Clock;
  DeadlineNode(Node* parent, Clock::time_point time, Error cause) noexcept
      : CancelNode(parent, Kind::with_deadline), Timer(time), deadline_cause_(std::move(cause)) {}

  void arm();
  void expire() noexcept { cancel(Errc::deadline_exceeded, deadline_cause_); }
  Clock::time_point time() const noexcept { return Timer::time(); }

 private:
  bool try_hold() noexcept override { return try_retain(); }
  void fire() noexcept override;
  void disarm() noexcept override;
  void unlink() noexcept override;

  const Error deadline_cause_;
};

// A registered after_func. Also the task that the runtime runs: it goes there without its parent, so that the function
// does not keep contexts alive.
class AfterNode final : public ChildNode, public Task {
 public:
  AfterNode(Node* parent, std::function<void()> function) noexcept
      : ChildNode(Kind::after_func, parent, parent->scope()), function_(std::move(function)) {}

  void start() noexcept;
  bool stop() noexcept;
  // True for the one caller that may hand it to the runtime.
  bool claim() noexcept;
  // Hands it to the runtime together with one reference.
  void submit() noexcept;

 private:
  enum State : std::uint8_t { kWaiting, kStopped, kStarted };
  void run() noexcept override;

  std::atomic<std::uint8_t> state_{kWaiting};
  std::function<void()> function_;  // belongs to the winner of state_
};

}  // namespace sluice::flow::detail
