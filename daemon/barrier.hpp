// The door that generators pass with every batch, and that is closed while a checkpoint is made.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// Thread-safe. One thread closes and opens it, many pass.
class Barrier {
 public:
  // Waits while the door is closed. Whoever was let in calls leave(). An error (the context's cause) if it was not.
  flow::Error enter(const flow::Context& context);
  void leave();

  // Closes the door and waits until nobody is inside. An error leaves it closed.
  flow::Error close(const flow::Context& context);
  void open();

  // How often anyone was let in.
  std::uint64_t passages() const;

 private:
  // Waits for the condition, or for the context.
  template <class Condition>
  flow::Error wait(const flow::Context& context, std::unique_lock<std::mutex>& lock, Condition condition);

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  bool closed_ = false;
  std::uint64_t passages_ = 0;
};

}  // namespace sluice::daemon
