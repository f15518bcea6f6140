#include "stages/write/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "flow/notifier.hpp"

namespace sluice::stages {

Output::Output(int fd, std::string name) : name_(std::move(name)), fd_(fd), kind_(kind_of(fd)) {
  if (kind_ == DescriptorKind::regular || kind_ == DescriptorKind::socket) return;
  owned_ = reopen_nonblocking(fd, kind_, O_WRONLY);
  if (owned_) {
    fd_ = owned_.get();
  } else {
    const int flags = ::fcntl(fd, F_GETFL);
    poll_first_ = flags < 0 || (flags & O_NONBLOCK) == 0;
  }
}

Output::Output(Descriptor owned, std::string name)
    : name_(std::move(name)), owned_(std::move(owned)), fd_(owned_.get()), kind_(kind_of(fd_)) {}

flow::Error Output::failure(int number) const {
  if (number == EPIPE || number == ECONNRESET || (number == EIO && kind_ == DescriptorKind::terminal)) {
    return {std::make_error_code(std::errc::broken_pipe), fmt::format("{}: the reader has gone away", name_)};
  }
  if (number == EBADF) {
    return {std::make_error_code(std::errc::bad_file_descriptor),
            fmt::format("{}: is not open for writing; give it a file or a pipe, or /dev/null", name_)};
  }
  return system_error(fmt::format("cannot write to {}", name_), number);
}

Output::Result Output::write(const flow::Context& context, std::string_view bytes) {
  Result result;
  std::optional<flow::WakeFd> wake;  // made when something has to be waited for
  bool must_wait = poll_first_;
  while (result.bytes < bytes.size()) {
    if (context.done()) {
      result.error = context.cause();
      break;
    }
    if (must_wait) {
      if (!wake) wake.emplace(context);
      if (flow::Error error = flow::wait_ready(context, *wake, fd_, POLLOUT)) {
        result.error = std::move(error);
        break;
      }
    }
    std::string_view left = bytes.substr(result.bytes);
    // A pipe that poll() calls writable takes this much without blocking (pipe(7)); devices are trusted to be quick.
    if (poll_first_ && kind_ != DescriptorKind::other) left = left.substr(0, PIPE_BUF);
    const ssize_t count = kind_ == DescriptorKind::socket
                              ? ::send(fd_, left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd_, left.data(), left.size());
    must_wait = poll_first_;
    if (count > 0) {
      result.bytes += static_cast<std::size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      must_wait = true;
    } else if (count == 0 || errno != EINTR) {
      result.error = failure(count == 0 ? EIO : errno);
      break;
    }
  }
  return result;
}

bool Output::take_back(std::size_t bytes) {
  if (bytes == 0) return true;
  struct stat status {};
  const off_t end = kind_ == DescriptorKind::regular ? ::lseek(fd_, 0, SEEK_CUR) : -1;
  if (end < 0 || ::fstat(fd_, &status) != 0 || status.st_size != end) return false;
  return ::ftruncate(fd_, end - static_cast<off_t>(bytes)) == 0;
}

}  // namespace sluice::stages
