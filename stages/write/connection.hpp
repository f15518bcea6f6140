// Getting from an address to a connected socket, without blocking where a context cannot interrupt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "stages/descriptor.hpp"

namespace sluice::stages {

// Who to talk to.
struct Destination {
  enum class Kind { tcp, udp, unix_stream, unix_datagram };
  Kind kind = Kind::tcp;
  std::string host;        // tcp, udp: a name or an address
  std::uint16_t port = 0;  // tcp, udp
  std::string path;        // unix

  bool is_datagram() const { return kind == Kind::udp || kind == Kind::unix_datagram; }
  // "host:port", "[::1]:514", or the path.
  std::string text() const;
};

// "host:port", "192.0.2.1:514", "[2001:db8::1]:514"; nothing if the text is none of these.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<HostPort> parse_host_port(std::string_view text);

// The longest path of a Unix socket, in bytes (unix(7)).
extern const std::size_t kLongestUnixPath;

// A socket that is connected to the destination, non-blocking. Names are resolved anew by each call (in a task of their
// own: getaddrinfo() cannot be interrupted; what it finds too late is dropped), and each address is tried in turn.
// Takes at most `timeout` for each address and for the name, and ends with the context's cause when that is done.
struct Connected {
  Descriptor socket;
  flow::Error error;
};
Connected connect(const flow::Context& context, const Destination& destination, std::chrono::nanoseconds timeout);

}  // namespace sluice::stages
