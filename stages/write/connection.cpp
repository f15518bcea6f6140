#include "stages/write/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "flow/notifier.hpp"

namespace sluice::stages {
namespace {

struct Endpoint {
  int family = AF_UNSPEC;
  sockaddr_storage address{};
  socklen_t size = 0;
};

// What the task that resolves a name shares with the one who waits for it, and may give up.
struct Resolution {
  std::string host;
  std::string port;
  int type = SOCK_STREAM;
  int flags = 0;
  int status = 0;  // of getaddrinfo; read after `done` was cancelled
  int number = 0;  // errno, for EAI_SYSTEM
  std::vector<Endpoint> endpoints;
  flow::CancelHandle done;

  void run() {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = type;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    number = errno;
    for (const addrinfo* entry = status == 0 ? found : nullptr; entry != nullptr; entry = entry->ai_next) {
      Endpoint endpoint;
      endpoint.family = entry->ai_family;
      endpoint.size = std::min<socklen_t>(entry->ai_addrlen, sizeof endpoint.address);
      std::memcpy(&endpoint.address, entry->ai_addr, endpoint.size);
      endpoints.push_back(endpoint);
    }
    if (status == 0) ::freeaddrinfo(found);
  }
};

struct Resolved {
  std::vector<Endpoint> endpoints;
  flow::Error error;
};

Resolved result_of(Resolution& resolution) {
  if (resolution.status == 0) return {std::move(resolution.endpoints), {}};
  const std::string why =
      resolution.status == EAI_SYSTEM ? std::strerror(resolution.number) : ::gai_strerror(resolution.status);
  return {{},
          {std::make_error_code(std::errc::host_unreachable),
           fmt::format("cannot find the host {}: {}", resolution.host, why)}};
}

Resolved resolve_name(const flow::Context& context, const Destination& destination, std::chrono::nanoseconds timeout) {
  const auto resolution = std::make_shared<Resolution>();
  resolution->host = destination.host;
  resolution->port = std::to_string(destination.port);
  resolution->type = destination.is_datagram() ? SOCK_DGRAM : SOCK_STREAM;
  resolution->flags = AI_NUMERICHOST | AI_NUMERICSERV;
  resolution->run();  // an address needs nobody's help
  if (resolution->status != EAI_NONAME) return result_of(*resolution);
  resolution->flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  const flow::Cancellable limit = flow::with_timeout(context, timeout);
  flow::Cancellable done = flow::with_cancel(limit.context);
  resolution->done = std::move(done.handle);
  flow::Cancellable now = flow::with_cancel(context);
  now.cancel();
  flow::AfterFunc task = flow::after_func(now.context, [resolution] {
    resolution->run();
    resolution->done.cancel();
  });
  done.context.wait();
  if (context.done()) return {{}, context.cause()};
  if (limit.context.done()) {
    return {{},
            {std::make_error_code(std::errc::timed_out),
             fmt::format("cannot find the host {}: no answer for {} s", destination.host,
                         std::chrono::duration<double>(timeout).count())}};
  }
  return result_of(*resolution);
}

Resolved resolve(const flow::Context& context, const Destination& destination, std::chrono::nanoseconds timeout) {
  if (destination.kind == Destination::Kind::tcp || destination.kind == Destination::Kind::udp) {
    return resolve_name(context, destination, timeout);
  }
  Endpoint endpoint;
  endpoint.family = AF_UNIX;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, destination.path.data(),
              std::min(destination.path.size(), sizeof address.sun_path - 1));
  std::memcpy(&endpoint.address, &address, sizeof address);
  endpoint.size = sizeof address;
  return {{endpoint}, {}};
}

// Waits for connect() to end; its errno, or 0.
struct Outcome {
  int number = 0;
  flow::Error interruption;
};
Outcome await(const flow::Context& context, int fd, std::chrono::nanoseconds timeout) {
  const flow::WakeFd wake(context);
  const auto until = std::chrono::steady_clock::now() + timeout;
  if (flow::Error error = flow::wait_ready(context, wake, fd, POLLOUT, until)) {
    if (!context.done() && error.code() == std::errc::timed_out) return {ETIMEDOUT, {}};
    return {0, std::move(error)};
  }
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
  return {number, {}};
}

Connected try_endpoint(const flow::Context& context, const Destination& destination, const Endpoint& endpoint,
                       std::chrono::nanoseconds timeout) {
  const int type = destination.is_datagram() ? SOCK_DGRAM : SOCK_STREAM;
  Descriptor socket(::socket(endpoint.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string what = fmt::format("cannot connect to {}", destination.text());
  if (!socket) return {{}, system_error(what, errno)};
  if (destination.kind == Destination::Kind::tcp) {
    const int on = 1;
    // A peer whose machine has gone is noticed some time, though nothing is sent. That it fails does no harm.
    static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  }
  const auto* const address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  Outcome outcome;
  if (::connect(socket.get(), address, endpoint.size) != 0) outcome.number = errno;
  // A connect() that was interrupted goes on, as one that is in progress does.
  if (outcome.number == EINPROGRESS || outcome.number == EINTR) outcome = await(context, socket.get(), timeout);
  if (outcome.interruption) return {{}, std::move(outcome.interruption)};
  if (outcome.number != 0) return {{}, system_error(what, outcome.number)};
  return {std::move(socket), {}};
}

}  // namespace

const std::size_t kLongestUnixPath = sizeof sockaddr_un{}.sun_path - 1;

std::string Destination::text() const {
  if (kind == Destination::Kind::unix_stream || kind == Destination::Kind::unix_datagram) return path;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address without brackets
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (host.empty() || error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return HostPort{std::string(host), port};
}

Connected connect(const flow::Context& context, const Destination& destination, std::chrono::nanoseconds timeout) {
  const Resolved resolved = resolve(context, destination, timeout);
  if (resolved.error) return {{}, resolved.error};
  Connected last;
  for (const Endpoint& endpoint : resolved.endpoints) {
    if (context.done()) return {{}, context.cause()};
    last = try_endpoint(context, destination, endpoint, timeout);
    if (last.socket) break;
  }
  return last;
}

}  // namespace sluice::stages
