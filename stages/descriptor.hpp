// An owned file descriptor, and what went wrong with one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "flow/error.hpp"

namespace sluice::stages {

// Closes its descriptor when it goes. Move-only.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }  // -1 if there is none
  explicit operator bool() const { return fd_ >= 0; }

  // Closes what it has and takes `fd`.
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// How a descriptor must be treated so that nothing blocks where it cannot be interrupted.
enum class DescriptorKind {
  regular,  // never waits for anyone: plain read() and write()
  pipe,     // pipes and FIFOs
  terminal,
  socket,
  directory,
  other,   // character devices and the like
  closed,  // not open at all
};

DescriptorKind kind_of(int fd);

// A second open file description of the pipe, FIFO or terminal behind `fd`, in non-blocking mode. O_NONBLOCK on `fd`
// itself would change it for every process that shares it (the shell, the peer). `access` is O_RDONLY or O_WRONLY.
// Nothing where that is not possible (no /proc, no permission, no peer).
Descriptor reopen_nonblocking(int fd, DescriptorKind kind, int access);

// "WHAT: the system's word for `number`", followed by what to do about it where that can be said.
flow::Error system_error(std::string_view what, int number);

}  // namespace sluice::stages
