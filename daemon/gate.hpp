// Waiting for "something has changed".
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "flow/context.hpp"

namespace sluice::daemon {

// Lets a thread wait for a change without holding a lock while it looks. Thread-safe.
class Gate {
 public:
  // Take it before looking; what changes afterwards ends the wait.
  std::uint64_t ticket() const;
  void notify();
  // Blocks until notify() was called after the ticket was taken, or the context is done.
  void wait(const flow::Context& context, std::uint64_t ticket);

 private:
  mutable std::mutex mutex_;  // guards changes_
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
};

}  // namespace sluice::daemon
