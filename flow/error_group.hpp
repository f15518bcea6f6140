// Go's errgroup: functions that run side by side and stand or fall together.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "flow/thread.hpp"

namespace sluice::flow {

// Runs functions at the same time, each on a named thread of its own or on a given executor. The first error, or
// exception, cancels the group's context with that error as the cause, which tells the siblings to stop; wait() returns
// it when all are back. No thread outlives the group.
// Thread-safety: go, try_go, set_limit and wait may be called from any thread; also go and try_go from the functions.
class ErrorGroup {
 public:
  using Function = std::function<Error(const Context&)>;
  // Runs a function once, on a thread of its choosing, not before returning to the caller. For example
  // [&pool](std::function<void()> work) { pool.submit(std::move(work)); }.
  using Executor = std::function<void(std::function<void()>)>;
  static constexpr std::size_t kNoLimit = SIZE_MAX;

  // A group whose functions get a context that is never done: an error does not stop the siblings.
  ErrorGroup();
  // A group whose context is a child of `parent`.
  explicit ErrorGroup(const Context& parent);
  // The same, on an executor, which must outlive the group.
  ErrorGroup(const Context& parent, Executor executor);
  ErrorGroup(const ErrorGroup&) = delete;
  ErrorGroup& operator=(const ErrorGroup&) = delete;
  // Cancels the context and waits for all functions. Not to be run by one of them.
  ~ErrorGroup();

  // What the functions get. Done after the first error, and after wait().
  const Context& context() const noexcept { return scope_.context; }

  // At most that many functions at once; 0 lets none in. Holds for the calls of go and try_go that come after it.
  void set_limit(std::size_t limit);

  // Starts the function. Blocks while the limit is reached, so a function that calls go() of its own group with a limit
  // may wait for itself. The name is the thread's (15 bytes). A thread that cannot be started is an error of the group.
  void go(Function function) { go("flow-group", std::move(function)); }
  void go(std::string name, Function function);

  // The same if the limit allows it now; false, and nothing else, if not.
  bool try_go(Function function) { return try_go("flow-group", std::move(function)); }
  bool try_go(std::string name, Function function);

  // Waits until every function is back and its thread joined, cancels the context, and returns the first error, or
  // none. Not to be called by one of the functions. The group may be used again afterwards, but its context stays done.
  Error wait();

 private:
  void start(std::string name, Function function);
  void run(const Function& function) noexcept;
  void finish(Error error) noexcept;
  void join_finished(std::unique_lock<std::mutex>& lock);

  Cancellable scope_;
  const Executor executor_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::size_t active_ = 0;
  std::size_t limit_ = kNoLimit;
  Error error_;
  std::vector<Thread> threads_;
};

}  // namespace sluice::flow
