// The part of a pipeline that does not depend on the type of its items: contexts, failure, stopping, statistics.
// Not for users of the library.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "flow/pipeline_types.hpp"
#include "flow/thread.hpp"
#include "flow/worker_pool.hpp"

namespace sluice::flow::detail {

using SteadyClock = std::chrono::steady_clock;

// One run: owns the run and the drain context and decides when the drain is cut short.
// Thread-safe unless said otherwise.
class PipelineCore {
 public:
  PipelineCore(WorkerPool& pool, PipelineOptions options) : pool_(pool), options_(options) {}
  PipelineCore(const PipelineCore&) = delete;
  PipelineCore& operator=(const PipelineCore&) = delete;

  // Runs `start`, then waits until `nodes` calls of node_finished() have come and no task is left. Calls `sweep` once,
  // on this thread, after the drain context was cancelled.
  Outcome run(const Context& root, std::size_t nodes, const std::function<void()>& start,
              const std::function<void()>& sweep);

  // Only while run() is running.
  const Context& run_context() const { return run_->context; }
  const Context& drain_context() const { return drain_->context; }

  // Runs a task on the pool; run() waits for it. The task must not throw, and its last act is task_ended().
  void spawn(std::function<void()> task);
  void task_ended();

  // A node failed: the first failure is the outcome, and cancels both contexts.
  void fail(const std::string& node, const Error& error);
  void abandon();
  void node_finished();

  // True if a function's error only says that it was interrupted, since its context is done.
  bool is_interruption(const Context& ctx, const Error& error) const;

  const PipelineOptions& options() const { return options_; }
  std::size_t workers() const { return pool_.workers(); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // Waits for the end; true if it has swept.
  bool supervise(const Context& root, const std::function<void()>& sweep);
  void cut_short(Lock& lock, const Error& cause);
  void wake();

  WorkerPool& pool_;
  const PipelineOptions options_;
  std::optional<Cancellable> run_;  // made by run(), before any other thread looks at them
  std::optional<Cancellable> drain_;
  std::atomic<std::size_t> tasks_ = 0;  // goes to 0 only under mutex_, so that run() cannot return before task_ended()

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t live_nodes_ = 0;
  bool abandon_requested_ = false;
  Outcome outcome_;
};

// A node's name and figures, and its thread if it has one.
class NodeBase {
 public:
  NodeBase(PipelineCore& core, NodeId id, std::string name, NodeKind kind)
      : core_(core), id_(id), name_(std::move(name)), kind_(kind) {}
  virtual ~NodeBase() = default;
  NodeBase(const NodeBase&) = delete;
  NodeBase& operator=(const NodeBase&) = delete;

  NodeId id() const { return id_; }
  const std::string& name() const { return name_; }
  NodeKind kind() const { return kind_; }

  // All figures except those of the queue. Thread-safe.
  NodeStats base_stats() const;

  // Joins the node's thread, if there is one.
  void join();

 protected:
  // Starts the node's thread; if the system refuses, fails the pipeline and calls `end` here instead.
  void start_thread(void (NodeBase::*body)(), void (NodeBase::*end)());

  // Calls a function of the user's; an exception becomes the error.
  template <class Function>
  static Error call(Function&& function) noexcept {
    try {
      return function();
    } catch (...) {
      return error_from_current_exception();
    }
  }

  void count_in() { items_in_.fetch_add(1, std::memory_order_relaxed); }
  void count_out() { items_out_.fetch_add(1, std::memory_order_relaxed); }
  void count_abandoned() { abandoned_.fetch_add(1, std::memory_order_relaxed); }
  void add_busy(SteadyClock::duration spent);
  void set_running_since(SteadyClock::time_point start);  // a source is busy from its start to its end
  void blocked_begins();
  void blocked_ends();

  PipelineCore& core_;

 private:
  const NodeId id_;
  const std::string name_;
  const NodeKind kind_;
  Thread thread_;

  // Figures, all in nanoseconds or items; relaxed, since each stands alone.
  std::atomic<std::uint64_t> items_in_ = 0;
  std::atomic<std::uint64_t> items_out_ = 0;
  std::atomic<std::uint64_t> abandoned_ = 0;
  std::atomic<std::int64_t> busy_ = 0;
  std::atomic<std::int64_t> blocked_ = 0;
  std::atomic<std::int64_t> blocked_since_ = 0;  // steady clock; 0 = not blocked now
  std::atomic<std::int64_t> running_since_ = 0;  // likewise, for sources
};

// An edge of the graph by index.
struct Link {
  std::size_t from = 0;
  std::size_t port = 0;
  std::size_t to = 0;
};

// Why this graph cannot run (see Pipeline::run), or no error.
Error check_graph(const std::vector<const NodeBase*>& nodes, const std::vector<Link>& links, bool can_clone);

}  // namespace sluice::flow::detail
