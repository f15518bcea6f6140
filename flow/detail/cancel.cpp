#include "flow/detail/cancel.hpp"

#include <utility>

namespace sluice::flow::detail {

// --- Node ---

Node::Node(Kind kind, Node* parent, CancelNode* scope) noexcept
    : kind_(kind), parent_(parent), root_(parent == nullptr ? nullptr : parent->root_), scope_(scope) {}

bool Node::try_retain() noexcept {
  std::uint32_t count = references_.load(std::memory_order_relaxed);
  while (count != 0) {
    if (references_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Node::release(Node* node) noexcept {
  // acq_rel: what other holders did to the node happens before its destruction.
  while (node != nullptr && node->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    node->unlink();
    Node* const parent = node->parent_;
    std::unique_ptr<Node>{node}.reset();
    node = parent;  // a loop, not the destructor's recursion: lines may be long
  }
}

// --- Lists ---

// A queue of nodes that were taken out of their owners' lists, each with a reference that the list holds.
class NodeList {
 public:
  void push(ChildNode* node) noexcept {
    node->next_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_) = node;
    last_ = node;
  }
  ChildNode* pop() noexcept {
    ChildNode* const node = first_;
    if (node != nullptr) first_ = node->next_;
    return node;
  }

 private:
  ChildNode* first_ = nullptr;
  ChildNode* last_ = nullptr;
};

bool ChildNode::attach() noexcept {
  if (owner_ == nullptr) return true;
  const std::lock_guard lock(owner_->mutex_);
  if (owner_->state_.load(std::memory_order_relaxed) != CancelNode::kActive) return false;
  next_ = owner_->children_;
  if (next_ != nullptr) next_->previous_ = this;
  owner_->children_ = this;
  ++owner_->child_count_;
  linked_ = true;
  return true;
}

void ChildNode::unlink() noexcept {
  if (owner_ == nullptr) return;
  const std::lock_guard lock(owner_->mutex_);
  if (!linked_) return;
  linked_ = false;
  (previous_ == nullptr ? owner_->children_ : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  --owner_->child_count_;
}

// --- CancelNode ---

void CancelNode::start() noexcept {
  if (!attach()) cancel(owner()->error(), owner()->cause());
}

bool CancelNode::mark(const std::error_code& error, const Error& cause, NodeList& pending) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_.load(std::memory_order_relaxed) != kActive) return false;
    error_ = error;
    cause_ = cause;
    state_.store(kMarking, std::memory_order_release);
    ChildNode* next = nullptr;
    for (ChildNode* child = std::exchange(children_, nullptr); child != nullptr; child = next) {
      next = child->next_;
      child->linked_ = false;
      if (child->try_retain()) pending.push(child);  // else it is being destroyed, and waits for our lock to unlink
    }
    child_count_ = 0;
  }
  disarm();
  return true;
}

void CancelNode::await_marked() const noexcept {
  while (state_.load(std::memory_order_acquire) == kMarking) state_.wait(kMarking, std::memory_order_acquire);
}

void CancelNode::cancel(const std::error_code& error, const Error& cause) noexcept {
  const Ref<CancelNode> self(this);
  NodeList pending;
  NodeList losers;  // released at the end only, because destructors of values are foreign code
  if (!mark(error, cause, pending)) return await_marked();
  retain();
  ChildNode* last = this;
  while (ChildNode* const node = pending.pop()) {
    bool won = false;
    if (node->kind() == Kind::after_func) {
      won = static_cast<AfterNode*>(node)->claim();
    } else {
      auto* const child = static_cast<CancelNode*>(node);
      won = child->mark(error, cause, pending);
      // Waiting always ends: the other canceller works below us, and never waits for anything above itself.
      if (!won) child->await_marked();
    }
    if (won) {
      last->next_marked_ = node;
      last = node;
    } else {
      losers.push(node);
    }
  }
  for (ChildNode* node = this; node != nullptr; node = node->next_marked_) {
    if (node->kind() == Kind::after_func) continue;
    auto* const marked = static_cast<CancelNode*>(node);
    marked->state_.store(kMarked, std::memory_order_release);
    marked->state_.notify_all();
  }
  ChildNode::unlink();  // only this one: the descendants' owners have let them go already

  ChildNode* next = nullptr;
  for (ChildNode* node = this; node != nullptr; node = next) {
    next = node->next_marked_;
    if (node->kind() == Kind::after_func) {
      static_cast<AfterNode*>(node)->submit();
    } else {
      static_cast<CancelNode*>(node)->announce();
      release(node);
    }
  }
  while (ChildNode* const node = losers.pop()) release(node);
}

void CancelNode::announce() noexcept {
  std::unique_lock lock(mutex_);
  changed_.notify_all();
  if (task_group_) {
    tbb::task_group_context& group = *task_group_;  // never replaced
    lock.unlock();
    group.cancel_group_execution();
    lock.lock();
  }
  run_hooks(lock);
}

void CancelNode::run_hooks(std::unique_lock<std::mutex>& lock) noexcept {
  hook_thread_ = std::this_thread::get_id();
  while (OnDone* const hook = hooks_) {
    hooks_ = hook->next_;
    if (hooks_ != nullptr) hooks_->previous_ = nullptr;
    hook->linked_ = false;
    bool gone = false;
    running_hook_ = hook;
    running_hook_gone_ = &gone;
    lock.unlock();
    hook->function_();
    lock.lock();
    running_hook_ = nullptr;
    if (!gone) changed_.notify_all();  // its destructor may be waiting on another thread
  }
}

std::error_code CancelNode::error() const noexcept {
  return state_.load(std::memory_order_acquire) == kActive ? std::error_code{} : error_;
}

Error CancelNode::cause() const noexcept {
  return state_.load(std::memory_order_acquire) == kActive ? Error{} : cause_;
}

void CancelNode::wait() noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return state_.load(std::memory_order_acquire) != kActive; });
}

bool CancelNode::wait_until(Clock::time_point time) noexcept {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, time, [&] { return state_.load(std::memory_order_acquire) != kActive; });
}

std::size_t CancelNode::child_count() noexcept {
  const std::lock_guard lock(mutex_);
  return child_count_;
}

tbb::task_group_context* CancelNode::task_group() {
  const std::lock_guard lock(mutex_);
  if (!task_group_) {
    task_group_ = std::make_unique<tbb::task_group_context>(tbb::task_group_context::isolated);
    // Under the lock: whoever marks this node later finds the group and cancels it in announce().
    if (state_.load(std::memory_order_relaxed) != kActive) task_group_->cancel_group_execution();
  }
  return task_group_.get();
}

void CancelNode::add_hook(OnDone& hook) {
  {
    const std::lock_guard lock(mutex_);
    if (state_.load(std::memory_order_relaxed) == kActive) {
      hook.next_ = hooks_;
      if (hooks_ != nullptr) hooks_->previous_ = &hook;
      hooks_ = &hook;
      hook.linked_ = true;
      return;
    }
  }
  hook.function_();
}

void CancelNode::remove_hook(OnDone& hook) noexcept {
  std::unique_lock lock(mutex_);
  if (hook.linked_) {
    hook.linked_ = false;
    (hook.previous_ == nullptr ? hooks_ : hook.previous_->next_) = hook.next_;
    if (hook.next_ != nullptr) hook.next_->previous_ = hook.previous_;
  } else if (running_hook_ == &hook) {
    if (hook_thread_ == std::this_thread::get_id()) {
      *running_hook_gone_ = true;
    } else {
      changed_.wait(lock, [&] { return running_hook_ != &hook; });
    }
  }
}

// --- DeadlineNode ---

void DeadlineNode::arm() {
  root()->runtime().arm(*this);
  // Who cancelled before we were in the heap could not take us out of it.
  if (state().load(std::memory_order_acquire) != kActive) disarm();
}

void DeadlineNode::fire() noexcept {
  expire();
  release(this);  // what try_hold took
}

void DeadlineNode::disarm() noexcept { root()->runtime().disarm(*this); }

void DeadlineNode::unlink() noexcept {
  disarm();
  CancelNode::unlink();
}

// --- AfterNode ---

bool AfterNode::claim() noexcept {
  std::uint8_t expected = kWaiting;
  return state_.compare_exchange_strong(expected, kStarted, std::memory_order_acq_rel);
}

void AfterNode::start() noexcept {
  if (attach() || !claim()) return;
  retain();
  submit();
}

void AfterNode::submit() noexcept {
  Runtime& runtime = root()->runtime();  // outlives this call: the caller holds a context of the same root
  forget_owner();
  drop_parent();
  runtime.submit(*this);
}

void AfterNode::run() noexcept {
  std::exchange(function_, nullptr)();
  release(this);
}

bool AfterNode::stop() noexcept {
  std::uint8_t expected = kWaiting;
  if (!state_.compare_exchange_strong(expected, kStopped, std::memory_order_acq_rel)) return false;
  unlink();
  function_ = nullptr;
  return true;
}

}  // namespace sluice::flow::detail
