// A context as a file descriptor, for loops around poll().
#pragma once

#include <chrono>
#include <optional>

#include "flow/context.hpp"
#include "flow/detail/descriptor.hpp"
#include "flow/error.hpp"

namespace sluice::flow {

// An eventfd that becomes readable, and stays so, when the context is done. Put it beside your own descriptors in
// poll(); don't read from it. Closed on destruction. Thread-safety: const functions from any thread.
class WakeFd {
 public:
  explicit WakeFd(const Context& context);
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  // The descriptor, or -1 if the process has none left (poll ignores it; see error()).
  int fd() const noexcept { return fd_.get(); }
  // Why there is no descriptor.
  const Error& error() const noexcept { return error_; }

 private:
  detail::Descriptor fd_;
  Error error_;
  OnDone hook_;  // after fd_: it writes to it, and is destroyed first
};

// Blocks until poll() reports one of `events` (POLLIN, POLLOUT), an error or a hang-up on `fd`: no error then, and the
// next read or write tells. Returns the context's cause if it is done (that goes first), std::errc::timed_out at the
// time `until`, wake.error() if there is no descriptor to wake us, or what poll() failed with. `wake` must be of the
// same context.
Error wait_ready(const Context& context, const WakeFd& wake, int fd, short events,
                 std::optional<std::chrono::steady_clock::time_point> until = std::nullopt);

}  // namespace sluice::flow
