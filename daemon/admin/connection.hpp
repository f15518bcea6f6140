// A connection to the admin endpoint: the bytes of requests and answers, within bounds.
#pragma once

// The library's own server would do, but for three things: it gives no end of its own to connections that wait, so that
// stopping would take as long as the slowest client likes; it takes as many headers as a client likes to send; and it
// makes the unix socket with whatever mode the umask leaves. So sockets and threads are ours, and HTTP is the
// library's.
#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>

#include "stages/descriptor.hpp"

namespace sluice::daemon {

// What the library reads a request from and writes the answer to. Used by one thread; close_soon() by any.
class Connection final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kIdle{30};                   // between two requests
  static constexpr std::chrono::seconds kWhole{10};                  // a request, from its first byte to its last
  static constexpr std::chrono::seconds kWrite{5};                   // until the client takes more
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10U;  // of a request

  // `stop` becomes readable when the server stops: then no more requests are waited for.
  Connection(stages::Descriptor socket, int stop);

  // Waits for the first byte of the next request. False when none will come.
  bool await_request();
  // From any thread: reading and writing fail from now on.
  void shut() noexcept;

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_.get(); }

 private:
  bool wait(short events, std::chrono::milliseconds timeout, bool until_stop) const;
  bool fill();

  const stages::Descriptor socket_;
  const int stop_;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;  // of what was read into buffer_ and not given out yet
  std::size_t end_ = 0;
  std::size_t budget_ = kMostBytes;  // of the request
  Clock::time_point deadline_{};     // of the request
};

}  // namespace sluice::daemon
