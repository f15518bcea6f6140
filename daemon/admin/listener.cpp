#include "daemon/admin/listener.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/admin.hpp"
#include "stages/descriptor.hpp"

namespace sluice::daemon {
namespace {

constexpr int kBacklog = 64;
constexpr mode_t kMode = 0660;

flow::Error unix_address(const std::string& path, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return {std::errc::filename_too_long, "admin: the path " + path + " is too long for a socket (at most " +
                                              std::to_string(sizeof address.sun_path - 1) + " bytes)"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return {};
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// Whether a socket's file is of a process that is gone. Only a refused connection says so: anything else may be alive.
bool is_stale(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const stages::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return probe.get() >= 0 && ::connect(probe.get(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
}

flow::Error occupied(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
    return {std::errc::address_in_use, "admin: " + path + " is there already and is no socket; remove it"};
  }
  return {std::errc::address_in_use,
          "admin: another process answers at " + path + "; stop it, or give this one another `admin:`"};
}

// Binds under a lock of the directory, so that of two processes that find a stale file at the same time the second does
// not take away what the first has just made.
flow::Error bind_and_listen(int fd, const sockaddr_un& address) {
  const std::string path = address.sun_path;
  const std::string directory = std::filesystem::path(path).parent_path();
  const stages::Descriptor lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.get() < 0) return stages::system_error("admin: the directory of " + path, errno);
  if (::flock(lock.get(), LOCK_EX) != 0) return stages::system_error("admin: " + directory, errno);
  // The file gets the mode of the descriptor less the umask: never more than meant. Afterwards, all that is meant.
  if (::fchmod(fd, kMode) != 0) return stages::system_error("admin: " + path, errno);
  bool bound = ::bind(fd, generic(address), sizeof address) == 0;
  if (!bound && errno == EADDRINUSE) {
    if (!is_stale(address)) return occupied(path);
    bound = ::unlink(address.sun_path) == 0 && ::bind(fd, generic(address), sizeof address) == 0;
  }
  if (!bound || ::chmod(address.sun_path, kMode) != 0 || ::listen(fd, kBacklog) != 0) {
    return stages::system_error("admin: cannot listen on " + path, errno);
  }
  return {};
}

}  // namespace

Listener Listener::open(const config::Admin& admin, flow::Error& error) {
  Listener listener;
  error = admin.kind == config::Admin::Kind::unix_socket ? listener.open_unix(admin.address) : listener.open_tcp(admin);
  if (error) listener.close();
  return listener;
}

flow::Error Listener::open_unix(const std::string& path) {
  std::error_code failed;
  address_ = std::filesystem::absolute(path, failed);  // what is removed at the end must not depend on where we are
  if (failed) return {failed, "admin: " + path + ": " + failed.message()};
  sockaddr_un address{};
  if (flow::Error error = unix_address(address_, address)) return error;
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return stages::system_error("admin: no socket", errno);
  if (flow::Error error = bind_and_listen(fd_, address)) return error;
  struct stat status {};
  if (::lstat(address.sun_path, &status) == 0) {
    path_ = address_;
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  return {};
}

flow::Error Listener::open_tcp(const config::Admin& admin) {
  address_ = config::to_string(admin);
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_in);
  if (admin.address.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    size = sizeof(sockaddr_in6);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(admin.port);
    ::inet_pton(AF_INET6, admin.address.c_str(), &v6->sin6_addr);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(admin.port);
    ::inet_pton(AF_INET, admin.address.c_str(), &v4->sin_addr);
  }
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return stages::system_error("admin: no socket", errno);
  const int on = 1;  // a restart must not wait for connections of the process before
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd_, plain, size) != 0 || ::listen(fd_, kBacklog) != 0 || ::getsockname(fd_, plain, &size) != 0) {
    return stages::system_error("admin: cannot listen on " + address_, errno);
  }
  config::Admin bound = admin;
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&address);  // the port is at one place in both families
  bound.port = ntohs(v4->sin_port);
  address_ = config::to_string(bound);
  return {};
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  address_ = std::move(other.address_);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

Listener::~Listener() { close(); }

void Listener::close() noexcept {
  struct stat status {};
  const bool is_ours =
      !path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
  if (is_ours) ::unlink(path_.c_str());
  path_.clear();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace sluice::daemon
