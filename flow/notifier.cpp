#include "flow/notifier.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace sluice::flow {

namespace {

// The rest of the time in what poll() takes: rounded up, so that it does not spin through the last millisecond.
int poll_timeout(const std::optional<std::chrono::steady_clock::time_point>& until) {
  if (!until) return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
  constexpr std::int64_t kLongest = 3'600'000;  // an hour; we come round again
  return static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, kLongest));
}

}  // namespace

WakeFd::WakeFd(const Context& context)
    : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      error_(fd_ ? Error() : Error({errno, std::generic_category()}, "cannot make an eventfd; raise LimitNOFILE")),
      hook_(context, [fd = fd_.get()] {
        const std::uint64_t one = 1;
        // It cannot fail but for a missing descriptor: the counter goes from 0 to 1 once.
        [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
      }) {}

Error wait_ready(const Context& context, const WakeFd& wake, int fd, short events,
                 std::optional<std::chrono::steady_clock::time_point> until) {
  if (wake.error()) return wake.error();
  for (;;) {
    std::array<pollfd, 2> watched{{{wake.fd(), POLLIN, 0}, {fd, events, 0}}};
    const int count = ::poll(watched.data(), watched.size(), poll_timeout(until));
    if (count < 0 && errno != EINTR) return Error(std::error_code(errno, std::generic_category()));
    if (context.done()) return context.cause();
    if (count > 0 && watched[1].revents != 0) return {};
    if (until && std::chrono::steady_clock::now() >= *until) return Error(std::errc::timed_out);
  }
}

}  // namespace sluice::flow
