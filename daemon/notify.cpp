#include "daemon/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace sluice::daemon {
namespace {

// A line end would begin another assignment.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

std::int64_t monotonic_microseconds() {
  // libstdc++'s steady clock is CLOCK_MONOTONIC, which is the one that is asked for.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

ServiceManager::ServiceManager() {
  const char* const address = std::getenv("NOTIFY_SOCKET");
  present_ = address != nullptr && *address != '\0';
  std::uint64_t microseconds = 0;
  if (present_ && sd_watchdog_enabled(0, &microseconds) > 0) {
    watchdog_timeout_ = std::chrono::microseconds(microseconds);
  }
}

flow::Error ServiceManager::send(std::string message, std::string_view status) const {
  if (!present_) return {};
  if (!status.empty()) message += "\nSTATUS=" + one_line(status);
  const int result = sd_notify(0, message.c_str());
  if (result >= 0) return {};
  const std::error_code code(-result, std::generic_category());
  return {code, "the service manager could not be told " + message.substr(0, message.find('\n')) + ": " +
                    code.message() + "; check NotifyAccess= of the unit, and $NOTIFY_SOCKET"};
}

flow::Error ServiceManager::ready(std::string_view status) const { return send("READY=1", status); }

flow::Error ServiceManager::reloading(std::string_view status) const {
  return send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()), status);
}

flow::Error ServiceManager::status(std::string_view text) const { return send("STATUS=" + one_line(text)); }

flow::Error ServiceManager::stopping(std::string_view status) const { return send("STOPPING=1", status); }

flow::Error ServiceManager::extend_timeout(std::chrono::nanoseconds time) const {
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(time).count();
  return microseconds > 0 ? send(fmt::format("EXTEND_TIMEOUT_USEC={}", microseconds)) : flow::Error();
}

flow::Error ServiceManager::watchdog() const { return watchdog_timeout_ ? send("WATCHDOG=1") : flow::Error(); }

}  // namespace sluice::daemon
