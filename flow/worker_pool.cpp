#include "flow/worker_pool.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "flow/thread.hpp"

namespace sluice::flow {
namespace {

// The pool whose task this thread is running; a task that waits inside oneTBB may run another task on top of itself.
thread_local const void* running_pool = nullptr;
thread_local bool named =
    false;  // oneTBB's observers could name threads as they come, but libtbb leaks at exit with one

class RunningIn {
 public:
  explicit RunningIn(const void* pool) : before_(std::exchange(running_pool, pool)) {
    if (!std::exchange(named, true)) name_this_thread("pool-worker");
  }
  ~RunningIn() { running_pool = before_; }
  RunningIn(const RunningIn&) = delete;
  RunningIn& operator=(const RunningIn&) = delete;

 private:
  const void* const before_;
};

std::size_t worker_count(std::size_t asked) {
  if (asked != 0) return asked;
  return static_cast<std::size_t>(std::max(1, tbb::info::default_concurrency()));
}

}  // namespace

struct WorkerPool::Impl {
  // oneTBB counts one slot of its limit for the thread that calls it; ours never works, hence one more.
  explicit Impl(std::size_t count)
      : workers(count),
        limit(tbb::global_control::max_allowed_parallelism, count + 1),
        arena(static_cast<int>(count), 0) {}

  void run(std::function<void()>& task) noexcept;
  void ended(std::chrono::steady_clock::time_point start) noexcept;

  const std::size_t workers;
  tbb::global_control limit;
  tbb::task_arena arena;
  tbb::task_group group;  // knows when the last wrapper has left our code

  // submit() adds with release, the task starts by loading with acquire: the task sees all that the submitter did (all
  // changes are read-modify-write, so every later value continues the release sequence). oneTBB orders them as well,
  // but thread sanitizer cannot see into its library.
  std::atomic<std::size_t> outstanding = 0;
  std::atomic<std::uint64_t> executed = 0;
  std::atomic<std::int64_t> busy_nanoseconds = 0;

  std::mutex mutex;  // guards first_error, and that no wake-up of `idle` is lost
  std::condition_variable idle;
  Error first_error;
};

void WorkerPool::Impl::run(std::function<void()>& task) noexcept {
  static_cast<void>(outstanding.load(std::memory_order_acquire));
  const auto start = std::chrono::steady_clock::now();
  try {
    const RunningIn here(this);
    const auto work = std::move(task);  // destroyed here, before the task counts as ended
    work();
  } catch (...) {
    const std::lock_guard lock(mutex);
    if (!first_error) first_error = error_from_current_exception();
  }
  ended(start);
}

void WorkerPool::Impl::ended(std::chrono::steady_clock::time_point start) noexcept {
  const auto spent = std::chrono::steady_clock::now() - start;
  busy_nanoseconds.fetch_add(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count(),
                             std::memory_order_relaxed);
  executed.fetch_add(1, std::memory_order_relaxed);
  if (outstanding.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const std::lock_guard lock(mutex);
    idle.notify_all();
  }
}

// What oneTBB stores and calls; it calls a const object, once.
struct WorkerPool::Job {
  Impl* impl;
  mutable std::function<void()> work;
  void operator()() const { impl->run(work); }
};

WorkerPool::WorkerPool(std::size_t workers) : impl_(std::make_unique<Impl>(worker_count(workers))) {}

WorkerPool::~WorkerPool() {
  static_cast<void>(wait_idle());
  // `outstanding` is 0 a few instructions before the last task has left; the group's wait covers those.
  impl_->group.wait();
  const std::lock_guard lock(impl_->mutex);
}

std::size_t WorkerPool::workers() const noexcept { return impl_->workers; }

void WorkerPool::submit(std::function<void()> task) {
  Impl* const impl = impl_.get();
  tbb::task_handle handle = impl->group.defer(Job{impl, std::move(task)});
  // After the job is in place: releases it to the worker that starts it (see Impl::outstanding).
  impl->outstanding.fetch_add(1, std::memory_order_acq_rel);
  if (on_pool_thread()) {
    impl->group.run(std::move(handle));
  } else {
    impl->arena.enqueue(std::move(handle));
  }
}

Error WorkerPool::wait_idle() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return outstanding() == 0; });
  return std::exchange(impl_->first_error, Error());
}

std::size_t WorkerPool::outstanding() const noexcept { return impl_->outstanding.load(std::memory_order_acquire); }

std::uint64_t WorkerPool::executed() const noexcept { return impl_->executed.load(std::memory_order_relaxed); }

std::chrono::nanoseconds WorkerPool::busy() const noexcept {
  return std::chrono::nanoseconds(impl_->busy_nanoseconds.load(std::memory_order_relaxed));
}

bool WorkerPool::on_pool_thread() const noexcept { return running_pool == impl_.get(); }

}  // namespace sluice::flow
