// The threads behind contexts: one timer, and those that run after_func functions. Not part of the public interface.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "flow/thread.hpp"

namespace sluice::flow::detail {

class Runtime;

// Something to be done at a time. Not owned by the runtime: disarm before destroying.
class Timer {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Timer(Clock::time_point time) noexcept : time_(time) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 protected:
  virtual ~Timer() = default;
  Clock::time_point time() const noexcept { return time_; }
  // Called under the runtime's lock when the time has come: keep the object alive until fire() ends, or say that it is
  // already going.
  virtual bool try_hold() noexcept = 0;
  // Called without a lock, on the timer thread.
  virtual void fire() noexcept = 0;

 private:
  friend class Runtime;
  static constexpr std::size_t kNowhere = SIZE_MAX;
  const Clock::time_point time_;
  std::size_t index_ = kNowhere;  // in the runtime's heap; guarded by its mutex
};

// Something to be run once, on a thread where it may block.
class Task {
 public:
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

 protected:
  Task() = default;
  virtual ~Task() = default;
  virtual void run() noexcept = 0;  // and then gives itself up

 private:
  friend class Runtime;
  Task* next_ = nullptr;
};

// Thread-safe. Threads are started when first needed; shut_down() ends them.
class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() = default;

  // Throws std::system_error if the timer thread cannot be started, std::bad_alloc if the heap cannot grow.
  void arm(Timer& timer);
  // Afterwards the timer will not be held any more.
  void disarm(Timer& timer) noexcept;

  // Runs the task on a thread of the runtime, soon, even if all others block. Only if there is no thread and none can
  // be started it runs here.
  void submit(Task& task) noexcept;

  // Ends the threads after the tasks that were submitted, and joins them; if called by one of them, they are left to be
  // joined later (see Thread). No timers may be armed.
  static void shut_down(const std::shared_ptr<Runtime>& runtime) noexcept;

 private:
  void timer_loop();
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
  void place(Timer* timer, std::size_t index) noexcept { (heap_[index] = timer)->index_ = index; }
  void erase(std::size_t index) noexcept;

  bool start_task_thread(bool watch) noexcept;
  void task_loop(bool watch) noexcept;
  void await_stagnation(std::unique_lock<std::mutex>& lock) noexcept;
  void retire_this_thread();
  Task* pop_task() noexcept;

  std::mutex timer_mutex_;  // guards the heap, the timer thread's handle and its stopping_
  std::condition_variable timer_wake_;
  std::vector<Timer*> heap_;  // a binary min-heap by time
  Thread timer_thread_;
  bool timer_stopping_ = false;

  std::mutex task_mutex_;  // guards everything below
  std::condition_variable task_wake_;
  Task* first_task_ = nullptr;
  Task* last_task_ = nullptr;
  std::vector<Thread> task_threads_;
  std::vector<Thread> retired_threads_;  // idle for too long; only to be joined
  std::size_t idle_threads_ = 0;
  std::uint64_t tasks_taken_ = 0;
  bool watching_ = false;
  bool task_stopping_ = false;
  bool abandoned_ = false;  // shut down by one of our threads: nobody waits for new ones
};

}  // namespace sluice::flow::detail
