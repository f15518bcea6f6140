// Signals without handlers: blocked everywhere, read from a signalfd by a thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::flow {

// "SIGTERM" for SIGTERM; "signal 99" if the number has no name.
std::string signal_name(int signal);

// Delivers every one of the given signals to a function, on a joined thread of its own, where the function may do
// anything (nothing runs in a signal handler). The signals are blocked in the calling thread and in every thread that
// it starts afterwards, so make the watcher in main() before other threads exist: a thread that does not block a signal
// would take it and, by default, end the process. Programs started with exec inherit the blocked signals; unblock them
// in the child. Several signals of one number that arrive before the thread gets to read count as one (POSIX). One
// watcher per signal at a time.
class SignalWatcher {
 public:
  SignalWatcher(const std::vector<int>& signals, std::function<void(int signal)> function);
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  // Delivers what has arrived, waits for the function to return, and restores the signal mask if run by the thread that
  // made the watcher. May be run from the function itself; then no more signals are delivered.
  ~SignalWatcher();

  // Why nothing is watched (a number that is no signal or cannot be blocked, no descriptors or threads left). The mask
  // is unchanged then.
  const Error& error() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Go's signal.NotifyContext: a child that the first of these signals cancels, with the cause "signal: SIGTERM" (its
// code is Errc::canceled). Until the handle is destroyed the signals do nothing else; then they have their old effect
// again. The rules of SignalWatcher hold. If the signals cannot be watched, the context is done at once and the cause
// says why.
Cancellable notify_context(const Context& parent, const std::vector<int>& signals);

}  // namespace sluice::flow
