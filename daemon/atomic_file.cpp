#include "daemon/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "stages/descriptor.hpp"

namespace sluice::daemon {
namespace {

flow::Error write_all(const flow::Context& context, int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    if (context.done()) return context.cause();
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return stages::system_error(path, errno);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

flow::Error replace_file(const flow::Context& context, const std::string& path, std::string_view content) {
  if (is_special(path)) {
    const stages::Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file) return stages::system_error(path, errno);
    return write_all(context, file.get(), path, content);
  }
  const std::string temporary = path + ".new";
  stages::Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return stages::system_error(temporary, errno);
  flow::Error error = write_all(context, file.get(), temporary, content);
  if (!error && ::fsync(file.get()) != 0) error = stages::system_error(temporary, errno);
  if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) error = stages::system_error(path, errno);
  if (error) {
    ::unlink(temporary.c_str());
    return error;
  }
  // Without this the name may still lead to the old content after a power failure.
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int number = stages::sync_directory(directory);
  return number == 0 ? flow::Error() : stages::system_error(directory, number);
}

flow::Error read_file(const flow::Context& context, const std::string& path, std::string& text, bool& exists) {
  const stages::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  exists = file || errno != ENOENT;
  if (!exists) return {};
  if (!file) return stages::system_error(fmt::format("cannot read {}", path), errno);
  char piece[65536];
  while (!context.done()) {
    const ssize_t count = ::read(file.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return stages::system_error(fmt::format("cannot read {}", path), errno);
    if (count == 0) return {};
    text.append(piece, static_cast<std::size_t>(count));
  }
  return context.cause();
}

}  // namespace sluice::daemon
