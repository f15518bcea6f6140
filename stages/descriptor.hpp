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

// Both return 0 or an errno. What cannot be synced by its nature (a pipe, a read-only file system, a directory that may
// be used but not listed) is no error.
// Puts what was written to the file on disk.
int sync_data(int fd);
// Puts the names in the directory ("": the working directory) on disk: without it, a file that was made or renamed may
// not be found after a power failure, or under its old name.
int sync_directory(const std::string& directory);

// "WHAT: the system's word for `number`", followed by what to do about it where that can be said.
flow::Error system_error(std::string_view what, int number);

}  // namespace sluice::stages
