#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "flow/error.hpp"

namespace sluice::flow {

// Threads that run short tasks which never block: a oneTBB task arena with exactly `workers` slots, all of them for
// worker threads. Idle workers sleep in the kernel.
//
// The pool raises oneTBB's parallelism limit to workers + 1 while it lives. oneTBB honours the *smallest* limit that is
// set in a process, so of several pools alive at once the smallest decides how many threads there are for all of them.
// All members are thread-safe. The destructor waits for every task.
class WorkerPool {
 public:
  // Makes a pool of `workers` threads; 0 = as many as the process may use (its CPU affinity).
  explicit WorkerPool(std::size_t workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] std::size_t workers() const noexcept;

  // Runs `task` on a pool thread, soon; never on the caller's stack. Everything the caller did before is visible to the
  // task. From a pool thread the task goes on top of that thread's own stack of tasks, to be run next while its
  // data is warm in the cache; other threads steal from the bottom. From any other thread it joins a shared queue that
  // is only roughly first come, first served (oneTBB spreads it over several lanes): whoever needs an order must make
  // it, as Pipeline does with tickets. A task that throws does no harm; its exception is reported by wait_idle().
  void submit(std::function<void()> task);

  // Blocks until no task is queued or running, then returns the first exception since the last call as an error.
  // Must not be called from a task of this pool.
  [[nodiscard]] Error wait_idle();

  // Tasks submitted and not ended yet.
  [[nodiscard]] std::size_t outstanding() const noexcept;
  // Tasks ended, and the time spent in them, summed over all workers (steady clock).
  [[nodiscard]] std::uint64_t executed() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds busy() const noexcept;
  // True on a thread that is running a task of this pool.
  [[nodiscard]] bool on_pool_thread() const noexcept;

 private:
  struct Impl;
  struct Job;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::flow
