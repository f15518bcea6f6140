// Since when there has been something to read.
#pragma once

#include <atomic>
#include <chrono>

namespace sluice::stages::follow {

// begins() and ends() belong to one thread, age() to any.
class Backlog {
 public:
  using Clock = std::chrono::steady_clock;

  // There is something to read; of several calls without an end the first counts.
  void begins() {
    if (since_.load(std::memory_order_relaxed) == Clock::rep{0}) since_.store(now(), std::memory_order_relaxed);
  }
  // All of it has been read.
  void ends() { since_.store(0, std::memory_order_relaxed); }

  std::chrono::nanoseconds age() const {
    const Clock::rep since = since_.load(std::memory_order_relaxed);
    return since == 0 ? Clock::duration::zero() : Clock::duration(now() - since);
  }

 private:
  static Clock::rep now() { return Clock::now().time_since_epoch().count(); }

  std::atomic<Clock::rep> since_{0};  // 0: there is nothing to read
};

}  // namespace sluice::stages::follow
