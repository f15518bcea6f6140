#include "stages/descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::stages {
namespace {

std::string_view advice(int number) {
  switch (number) {
    case ENOSPC:
      return "; free some space on that file system, then start again";
    case EDQUOT:
      return "; the disk quota is used up: free some space or raise it, then start again";
    case EFBIG:
      return "; the file has reached the largest size allowed (LimitFSIZE, ulimit -f)";
    case EACCES:
    case EPERM:
      return "; give the user that sluice runs as access to it";
    case EROFS:
      return "; choose a path on a file system that can be written";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (LimitNOFILE, ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

DescriptorKind kind_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return DescriptorKind::closed;
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return DescriptorKind::regular;
  if (S_ISFIFO(status.st_mode)) return DescriptorKind::pipe;
  if (S_ISSOCK(status.st_mode)) return DescriptorKind::socket;
  if (S_ISDIR(status.st_mode)) return DescriptorKind::directory;
  return ::isatty(fd) == 1 ? DescriptorKind::terminal : DescriptorKind::other;
}

Descriptor reopen_nonblocking(int fd, DescriptorKind kind, int access) {
  if (kind != DescriptorKind::pipe && kind != DescriptorKind::terminal) return {};
  return Descriptor(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

int sync_data(int fd) { return ::fdatasync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno; }

int sync_directory(const std::string& directory) {
  const Descriptor opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return errno == EACCES ? 0 : errno;
  return ::fsync(opened.get()) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

flow::Error system_error(std::string_view what, int number) {
  const std::error_code code(number, std::generic_category());
  return {code, fmt::format("{}: {}{}", what, code.message(), advice(number))};
}

}  // namespace sluice::stages
