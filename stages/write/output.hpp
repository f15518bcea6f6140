// Writing to a file descriptor, whatever is behind it, without ever blocking where a context cannot interrupt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "stages/descriptor.hpp"

namespace sluice::stages {

// An open descriptor to write to. As with Input, the flags of a shared descriptor are never changed: pipes and
// terminals are opened a second time for non-blocking writes, sockets are written with MSG_DONTWAIT, and where that is
// not possible each write waits for poll() and is small enough not to block then. Used by one thread. SIGPIPE and
// SIGXFSZ must be ignored by the process.
class Output {
 public:
  // `fd` stays the caller's; `name` is for messages ("stdout", a path).
  Output(int fd, std::string name);
  // The same, closing it at the end; opened with O_NONBLOCK by the caller.
  Output(Descriptor owned, std::string name);

  int fd() const { return fd_; }
  DescriptorKind kind() const { return kind_; }

  // Writes all of it. After an error `bytes` says how many reached the kernel before. A peer that is gone is EPIPE,
  // "the reader has gone away"; a context that is done is its cause.
  struct Result {
    std::size_t bytes = 0;
    flow::Error error;
  };
  Result write(const flow::Context& context, std::string_view bytes);

  // Removes so many bytes of a regular file, the last that were written, unless somebody else has written behind them.
  // False if they are still there.
  bool take_back(std::size_t bytes);

 private:
  flow::Error failure(int number) const;

  std::string name_;
  Descriptor owned_;
  int fd_;
  DescriptorKind kind_;
  bool poll_first_ = false;  // write() could block
};

}  // namespace sluice::stages
