// What the service manager hears of the daemon: sd_notify(3), by libsystemd.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "flow/error.hpp"

namespace sluice::daemon {

// The variables by which the service manager addresses this process alone. Programs that it starts must not get them:
// whoever makes their environment leaves these out.
inline constexpr std::array<const char*, 3> kServiceManagerVariables{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

// The service manager that started this process, if one did and wants to hear of it ($NOTIFY_SOCKET); without one,
// everything here does nothing and succeeds. Each message is one datagram, sent at once and never waited for. An error
// says that it could not be sent; the caller may log it, there is nothing else to do.
//
// Thread-safe as long as nobody changes the environment, from which libsystemd takes the socket's address.
class ServiceManager {
 public:
  // Looks once whether there is one, and how often it wants a sign of life ($WATCHDOG_USEC, if $WATCHDOG_PID is this
  // process).
  ServiceManager();

  bool is_present() const noexcept { return present_; }

  // READY=1: start-up, or a reload, is over; every stage is up. A status, where one is given, is set by the same
  // message.
  flow::Error ready(std::string_view status = {}) const;

  // RELOADING=1, with MONOTONIC_USEC as Type=notify-reload wants it. ready() must follow, also when nothing was
  // changed.
  flow::Error reloading(std::string_view status = {}) const;

  // STATUS=: one line for people, shown by `systemctl status`. Line ends become blanks.
  flow::Error status(std::string_view text) const;

  // STOPPING=1: the drain has begun.
  flow::Error stopping(std::string_view status = {}) const;

  // EXTEND_TIMEOUT_USEC=: the start, reload or stop under way may take this much longer, from now on; rounded up to
  // microseconds. Nothing is sent for what is not positive.
  flow::Error extend_timeout(std::chrono::nanoseconds time) const;

  // How long the service manager waits for watchdog() before it takes the daemon for hung; ping twice as often.
  // Nothing if it does not watch.
  std::optional<std::chrono::microseconds> watchdog_timeout() const noexcept { return watchdog_timeout_; }

  // WATCHDOG=1: all is well. Not sent if nobody watches.
  flow::Error watchdog() const;

 private:
  flow::Error send(std::string message, std::string_view status = {}) const;

  bool present_ = false;
  std::optional<std::chrono::microseconds> watchdog_timeout_;
};

}  // namespace sluice::daemon
