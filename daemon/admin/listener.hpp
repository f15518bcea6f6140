// The listening socket of the admin endpoint.
#pragma once

#include <string>

#include "config/pipeline.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// Owns the descriptor, and the socket's file if it has one, which goes with it.
class Listener {
 public:
  // Binds and listens. A unix socket has the mode 0660 whatever the umask, and never a wider one meanwhile; a file that
  // a dead process left is replaced, one that somebody listens on is an error. The result is not open if there was one.
  static Listener open(const config::Admin& admin, flow::Error& error);

  Listener() = default;
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // As a client would write it: a path, or HOST:PORT with the port that was given.
  const std::string& address() const { return address_; }
  // Nobody can connect any more; the file is removed, unless it is another's by now.
  void close() noexcept;

 private:
  flow::Error open_unix(const std::string& path);
  flow::Error open_tcp(const config::Admin& admin);

  int fd_ = -1;
  std::string address_;
  std::string path_;  // of the file to remove
  unsigned long device_ = 0;
  unsigned long inode_ = 0;
};

}  // namespace sluice::daemon
