#include "stages/generate/input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

namespace sluice::stages {
namespace {

using SteadyClock = std::chrono::steady_clock;

// What an unprivileged process may ask for by default (/proc/sys/fs/pipe-max-size).
constexpr int kPipeBytes = 1024 * 1024;

void enlarge_pipe(int fd) {
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  if (size >= 0 && size < kPipeBytes) ::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);  // may be refused; then it stays as it is
}

}  // namespace

Input::Input(int fd, std::string name) : name_(std::move(name)), fd_(fd), kind_(kind_of(fd)) {
  if (kind_ == DescriptorKind::pipe) enlarge_pipe(fd);
  if (kind_ == DescriptorKind::regular || kind_ == DescriptorKind::socket) return;
  owned_ = reopen_nonblocking(fd, kind_, O_RDONLY);
  if (owned_) {
    fd_ = owned_.get();
  } else {
    const int flags = ::fcntl(fd, F_GETFL);
    poll_first_ = flags < 0 || (flags & O_NONBLOCK) == 0;
  }
}

Input::Input(Descriptor owned, std::string name) : Input(owned.get(), std::move(name)) { original_ = std::move(owned); }

long Input::read_some(char* to, std::size_t size) const {
  if (kind_ == DescriptorKind::socket) return ::recv(fd_, to, size, MSG_DONTWAIT);
  return ::read(fd_, to, size);
}

flow::Error Input::failure(int number) const {
  switch (number) {
    case EISDIR:
      return {std::make_error_code(std::errc::is_a_directory),
              fmt::format("{}: is a directory; give it a file or a pipe", name_)};
    case EBADF:
      return {std::make_error_code(std::errc::bad_file_descriptor),
              fmt::format("{}: is not open for reading; give it a file or a pipe, or /dev/null", name_)};
    default:
      return system_error(name_, number);
  }
}

// Waits for more input and sends off lines whose time has come meanwhile. Returns no error when there is something to
// read or the context is done.
flow::Error Input::wait(const flow::Context& context, const flow::WakeFd& wake, LineReader& lines) const {
  while (!context.done()) {
    const auto now = SteadyClock::now();
    if (lines.due(now)) {
      if (flow::Error error = lines.flush(context)) return error;
      continue;
    }
    const flow::Error error = flow::wait_ready(context, wake, fd_, POLLIN, lines.wake_time(now));
    if (!error) return {};
    if (context.done() || error.code() == std::errc::timed_out) continue;
    return {error.code(), fmt::format("{}: cannot wait for input: {}", name_, error.message())};
  }
  return {};
}

flow::Error Input::read_lines(const flow::Context& context, LineReader& lines) {
  if (kind_ == DescriptorKind::closed) return failure(EBADF);
  if (kind_ == DescriptorKind::directory) return failure(EISDIR);
  std::optional<flow::WakeFd> wake;
  if (kind_ != DescriptorKind::regular) wake.emplace(context);
  while (!context.done()) {
    // Before the batch is taken: a pipeline that waits for input holds as little as possible.
    if (poll_first_) {
      if (flow::Error error = wait(context, *wake, lines)) return error;
      if (context.done()) break;
    }
    if (flow::Error error = lines.make_room(context)) return context.done() ? flow::Error() : error;
    const std::span<char> room = lines.room();
    const long count = read_some(room.data(), room.size());
    if (count > 0) {
      const auto now = SteadyClock::now();
      lines.commit(static_cast<std::size_t>(count), now);
      if (!lines.due(now)) continue;
      if (flow::Error error = lines.flush(context)) return context.done() ? flow::Error() : error;
    } else if (count == 0 || (errno == EIO && kind_ == DescriptorKind::terminal)) {  // EIO: the terminal is gone
      lines.end_of_stream(SteadyClock::now());
      return {};
    } else if (wake && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (flow::Error error = wait(context, *wake, lines)) return context.done() ? flow::Error() : error;
    } else if (errno != EINTR) {
      return failure(errno);
    }
  }
  return {};
}

}  // namespace sluice::stages
