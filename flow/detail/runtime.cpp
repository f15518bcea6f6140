#include "flow/detail/runtime.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace sluice::flow::detail {

namespace {
// How long the queue may stand still, with every thread busy, before another thread is started.
constexpr std::chrono::microseconds kPatience{300};
// How long a thread stays without work.
constexpr std::chrono::seconds kIdleLimit{2};
}  // namespace

// --- timers ---

void Runtime::arm(Timer& timer) {
  const std::lock_guard lock(timer_mutex_);
  heap_.reserve(heap_.size() + 1 > heap_.capacity() ? heap_.capacity() * 2 + 16 : 0);
  if (!timer_thread_.joinable()) {
    timer_thread_ = Thread("flow-timer", [self = shared_from_this()] { self->timer_loop(); });
  }
  heap_.push_back(nullptr);
  place(&timer, heap_.size() - 1);
  sift_up(heap_.size() - 1);
  if (timer.index_ == 0) timer_wake_.notify_one();
}

void Runtime::disarm(Timer& timer) noexcept {
  const std::lock_guard lock(timer_mutex_);
  // The timer thread is not told: at worst it wakes once and finds nothing to do.
  if (timer.index_ != Timer::kNowhere) erase(timer.index_);
}

void Runtime::timer_loop() {
  std::unique_lock lock(timer_mutex_);
  while (!timer_stopping_) {
    if (heap_.empty()) {
      timer_wake_.wait(lock);
      continue;
    }
    Timer* const next = heap_.front();
    const Timer::Clock::time_point time = next->time_;  // a copy: the timer may go while we wait
    if (Timer::Clock::now() < time) {
      timer_wake_.wait_until(lock, time);
      continue;
    }
    erase(0);
    if (!next->try_hold()) continue;
    lock.unlock();
    next->fire();
    lock.lock();
  }
}

void Runtime::sift_up(std::size_t index) noexcept {
  Timer* const timer = heap_[index];
  while (index > 0) {
    const std::size_t above = (index - 1) / 2;
    if (heap_[above]->time_ <= timer->time_) break;
    place(heap_[above], index);
    index = above;
  }
  place(timer, index);
}

void Runtime::sift_down(std::size_t index) noexcept {
  Timer* const timer = heap_[index];
  for (;;) {
    std::size_t below = index * 2 + 1;
    if (below >= heap_.size()) break;
    if (below + 1 < heap_.size() && heap_[below + 1]->time_ < heap_[below]->time_) ++below;
    if (timer->time_ <= heap_[below]->time_) break;
    place(heap_[below], index);
    index = below;
  }
  place(timer, index);
}

void Runtime::erase(std::size_t index) noexcept {
  heap_[index]->index_ = Timer::kNowhere;
  Timer* const last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;  // it was the last one
  place(last, index);
  sift_up(index);
  sift_down(last->index_);
}

// --- tasks ---
//
// One thread serves as many tasks as it can. While tasks wait and nobody is idle, one more thread is started that only
// watches; if no task was taken for kPatience, the others must be blocked, and it becomes a worker, starting the next
// watcher. So a burst of short tasks needs two threads, and any number of blocking ones get a thread each.

void Runtime::submit(Task& task) noexcept {
  {
    const std::lock_guard lock(task_mutex_);
    (first_task_ == nullptr ? first_task_ : last_task_->next_) = &task;
    last_task_ = &task;
    if (idle_threads_ > 0) {
      task_wake_.notify_one();
      return;
    }
    const bool first = task_threads_.empty();
    if (!first && watching_) return;
    if (start_task_thread(!first) || !first) return;
    pop_task();  // the only one: with no thread at all, nothing can be waiting before it
  }
  task.run();
}

// With the lock held.
Task* Runtime::pop_task() noexcept {
  Task* const task = first_task_;
  first_task_ = std::exchange(task->next_, nullptr);
  if (first_task_ == nullptr) last_task_ = nullptr;
  ++tasks_taken_;
  return task;
}

// With the lock held. False if the system has no more threads or memory.
bool Runtime::start_task_thread(bool watch) noexcept {
  try {
    for (Thread& thread : retired_threads_) thread.join();  // they are past their last lock: no waiting
    retired_threads_.clear();
    task_threads_.reserve(task_threads_.size() + 1);
    retired_threads_.reserve(task_threads_.size() + 1);
    Thread thread("flow-task", [self = shared_from_this(), watch] { self->task_loop(watch); });
    if (watch) watching_ = true;
    if (abandoned_) {
      thread.leave();
    } else {
      task_threads_.push_back(std::move(thread));
    }
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void Runtime::task_loop(bool watch) noexcept {
  std::unique_lock lock(task_mutex_);
  if (watch) await_stagnation(lock);
  for (;;) {
    if (first_task_ == nullptr) {
      if (task_stopping_) return;
      ++idle_threads_;
      const bool woken =
          task_wake_.wait_for(lock, kIdleLimit, [&] { return first_task_ != nullptr || task_stopping_; });
      --idle_threads_;
      if (!woken) return retire_this_thread();
      continue;
    }
    Task* const task = pop_task();
    if (first_task_ != nullptr && idle_threads_ == 0 && !watching_) start_task_thread(true);
    lock.unlock();
    task->run();
    lock.lock();
  }
}

void Runtime::await_stagnation(std::unique_lock<std::mutex>& lock) noexcept {
  while (first_task_ != nullptr) {
    const std::uint64_t before = tasks_taken_;
    lock.unlock();
    std::this_thread::sleep_for(kPatience);
    lock.lock();
    if (tasks_taken_ == before) break;
  }
  watching_ = false;
}

// With the lock held, as the last thing that a thread does.
void Runtime::retire_this_thread() {
  const auto self =
      std::find_if(task_threads_.begin(), task_threads_.end(), [](const Thread& t) { return t.is_this_thread(); });
  if (self == task_threads_.end()) return;  // shut_down has it already
  retired_threads_.push_back(std::move(*self));
  if (self != task_threads_.end() - 1) *self = std::move(task_threads_.back());
  task_threads_.pop_back();
}

void Runtime::shut_down(const std::shared_ptr<Runtime>& runtime) noexcept {
  std::vector<Thread> threads;
  {
    const std::lock_guard lock(runtime->timer_mutex_);
    runtime->timer_stopping_ = true;
    threads.push_back(std::move(runtime->timer_thread_));
    runtime->timer_wake_.notify_all();
  }
  bool ours = threads.back().joinable() && threads.back().is_this_thread();
  for (;;) {
    {
      const std::lock_guard lock(runtime->task_mutex_);
      runtime->task_stopping_ = true;
      for (auto* list : {&runtime->task_threads_, &runtime->retired_threads_}) {
        for (Thread& thread : *list) {
          ours = ours || thread.is_this_thread();
          threads.push_back(std::move(thread));
        }
        list->clear();
      }
      runtime->abandoned_ = ours;
      runtime->task_wake_.notify_all();
    }
    if (threads.empty()) return;  // also none that a task thread started meanwhile
    for (Thread& thread : threads) ours ? thread.leave() : thread.join();
    threads.clear();
  }
}

}  // namespace sluice::flow::detail
