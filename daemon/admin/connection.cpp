#include "daemon/admin/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::daemon {
namespace {

using std::chrono::milliseconds;

}  // namespace

Connection::Connection(stages::Descriptor socket, int stop) : socket_(std::move(socket)), stop_(stop) {}

// False if that did not happen in time, or if the server stops first.
bool Connection::wait(short events, milliseconds timeout, bool until_stop) const {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::array<pollfd, 2> watched{pollfd{socket_.get(), events, 0}, pollfd{stop_, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const int timeout_ms = static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
    const int ready = ::poll(watched.data(), until_stop ? 2 : 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && watched[1].revents == 0;
  }
}

bool Connection::await_request() {
  if (begin_ == end_ && (!wait(POLLIN, kIdle, true) || !fill())) return false;
  budget_ = kMostBytes;
  deadline_ = Clock::now() + kWhole;
  return true;
}

void Connection::shut() noexcept { ::shutdown(socket_.get(), SHUT_RDWR); }

// Reads what is there; false at the end, or after an error.
bool Connection::fill() {
  const ssize_t count = ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  begin_ = 0;
  end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0;
}

bool Connection::is_readable() const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
  return begin_ != end_ || (left.count() > 0 && wait(POLLIN, left, false));
}

bool Connection::is_writable() const { return wait(POLLOUT, kWrite, false); }

ssize_t Connection::read(char* to, std::size_t size) {
  if (size == 0) return 0;
  if (budget_ == 0 || (begin_ == end_ && (!is_readable() || !fill()))) return -1;
  const std::size_t count = std::min({size, end_ - begin_, budget_});
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  budget_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* from, std::size_t size) {
  while (true) {
    const ssize_t count = ::send(socket_.get(), from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || !is_writable()) return -1;
  }
}

// Nobody asks: who may ask what is decided by the socket and the token.
void Connection::get_remote_ip_and_port(std::string& ip, int& port) const { ip.clear(), port = 0; }
void Connection::get_local_ip_and_port(std::string& ip, int& port) const { ip.clear(), port = 0; }

}  // namespace sluice::daemon
