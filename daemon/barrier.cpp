#include "daemon/barrier.hpp"

namespace sluice::daemon {

template <class Condition>
flow::Error Barrier::wait(const flow::Context& context, std::unique_lock<std::mutex>& lock, Condition condition) {
  if (condition()) return {};
  lock.unlock();
  const flow::OnDone wake = flow::on_done(context, [this] {
    const std::lock_guard guard(mutex_);
    changed_.notify_all();
  });
  lock.lock();
  changed_.wait(lock, [&] { return condition() || context.done(); });
  const bool held = condition();
  lock.unlock();  // the callback takes it, and `wake` waits for the callback
  if (!held) return context.cause();
  return {};
}

flow::Error Barrier::enter(const flow::Context& context) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!closed_) {
      ++inside_;
      ++passages_;
      return {};
    }
    if (flow::Error error = wait(context, lock, [this] { return !closed_; })) return error;
  }
}

void Barrier::leave() {
  const std::lock_guard lock(mutex_);
  if (--inside_ == 0) changed_.notify_all();
}

flow::Error Barrier::close(const flow::Context& context) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  return wait(context, lock, [this] { return inside_ == 0; });
}

void Barrier::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

std::uint64_t Barrier::passages() const {
  const std::lock_guard lock(mutex_);
  return passages_;
}

}  // namespace sluice::daemon
