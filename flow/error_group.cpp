#include "flow/error_group.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace sluice::flow {

ErrorGroup::ErrorGroup() : scope_{background(), CancelHandle()} {}

ErrorGroup::ErrorGroup(const Context& parent) : scope_(with_cancel(parent)) {}

ErrorGroup::ErrorGroup(const Context& parent, Executor executor)
    : scope_(with_cancel(parent)), executor_(std::move(executor)) {}

ErrorGroup::~ErrorGroup() {
  scope_.cancel();
  wait();
}

void ErrorGroup::set_limit(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  limit_ = limit;
  changed_.notify_all();
}

void ErrorGroup::go(std::string name, Function function) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return active_ < limit_; });
    ++active_;
    join_finished(lock);
  }
  start(std::move(name), std::move(function));
}

bool ErrorGroup::try_go(std::string name, Function function) {
  {
    std::unique_lock lock(mutex_);
    if (active_ >= limit_) return false;
    ++active_;
    join_finished(lock);
  }
  start(std::move(name), std::move(function));
  return true;
}

// Keeps the list of threads in proportion to those that run, at a constant cost per start.
void ErrorGroup::join_finished(std::unique_lock<std::mutex>&) {
  constexpr std::size_t kSlack = 16;
  if (threads_.size() < 2 * active_ + kSlack) return;
  std::erase_if(threads_, [](const Thread& thread) { return thread.finished(); });  // joined by their destructors
}

void ErrorGroup::start(std::string name, Function function) {
  try {
    if (executor_) {
      executor_([this, function = std::move(function)] { run(function); });
      return;
    }
    Thread thread(std::move(name), [this, function = std::move(function)] { run(function); });
    const std::lock_guard lock(mutex_);
    threads_.push_back(std::move(thread));
  } catch (...) {
    finish(error_from_current_exception());
  }
}

void ErrorGroup::run(const Function& function) noexcept {
  Error error;
  try {
    error = function(scope_.context);
  } catch (...) {
    error = error_from_current_exception();
  }
  finish(std::move(error));
}

void ErrorGroup::finish(Error error) noexcept {
  bool first = false;
  if (error) {
    const std::lock_guard lock(mutex_);
    first = !error_;
    if (first) error_ = error;
  }
  if (first) scope_.cancel(std::move(error));
  const std::lock_guard lock(mutex_);
  --active_;
  changed_.notify_all();  // under the lock: on an executor, the group may be gone as soon as it is free
}

Error ErrorGroup::wait() {
  std::vector<Thread> threads;
  Error error;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return active_ == 0; });
    threads.swap(threads_);
    error = error_;
  }
  for (Thread& thread : threads) thread.join();
  scope_.cancel(error);
  return error;
}

}  // namespace sluice::flow
