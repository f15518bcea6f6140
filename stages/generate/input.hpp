// Reading lines from a file descriptor, whatever is behind it, without ever blocking where a context cannot interrupt.
#pragma once

#include <string>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "flow/notifier.hpp"
#include "stages/descriptor.hpp"
#include "stages/generate/line_reader.hpp"

namespace sluice::stages {

// An open descriptor to read from. The flags of a descriptor that is shared with other processes are never changed:
// pipes and terminals are opened a second time for non-blocking reads, sockets are read with MSG_DONTWAIT, and where
// that is not possible each read waits for poll() first. Pipes are enlarged where the system allows it. Used by one
// thread.
class Input {
 public:
  // `fd` stays the caller's; `name` is for messages ("stdin", a path).
  Input(int fd, std::string name);
  // The same, closing it at the end.
  Input(Descriptor owned, std::string name);

  DescriptorKind kind() const { return kind_; }

  // Reads to the end of the input, or until the context is done, and hands all bytes to `lines`. At the end of the
  // input `lines` is told so; lines that are complete are in `lines` or sent off in every case, so call lines.flush()
  // afterwards. No error when the context is done.
  flow::Error read_lines(const flow::Context& context, LineReader& lines);

 private:
  long read_some(char* to, std::size_t size) const;
  flow::Error wait(const flow::Context& context, const flow::WakeFd& wake, LineReader& lines) const;
  flow::Error failure(int number) const;

  std::string name_;
  Descriptor owned_;     // the caller's gift, or our own non-blocking description of the same pipe
  Descriptor original_;  // owned, when owned_ is a second description of it
  int fd_;
  DescriptorKind kind_;
  bool poll_first_ = false;  // read() could block
};

}  // namespace sluice::stages
