#include "stages/generate/follow/listing.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "stages/generate/follow/watcher.hpp"

namespace sluice::stages::follow {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_symbolic(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

Status from(const struct stat& status) {
  return {.identity = {status.st_dev, status.st_ino},
          .is_regular = S_ISREG(status.st_mode),
          .is_directory = S_ISDIR(status.st_mode),
          .is_shared = status.st_nlink > 1,
          .links = status.st_nlink,
          .modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          .size = static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace

std::optional<Status> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  Status made = from(status);
  made.is_shared = status.st_nlink > 1 || is_symbolic(path);
  return made;
}

std::optional<Status> status_of(const Descriptor& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return std::nullopt;
  return from(status);
}

Descriptor open_to_read(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

bool leads_to(const std::string& path, const Identity& identity) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && Identity{status.st_dev, status.st_ino} == identity;
}

bool list_files(const flow::Context& context, const std::string& directory, std::vector<Name>& names) {
  const std::unique_ptr<DIR, CloseDirectory> opened(::opendir(directory.empty() ? "." : directory.c_str()));
  struct stat own {};
  if (!opened || ::fstat(::dirfd(opened.get()), &own) != 0) return false;
  while (const dirent* const entry = ::readdir(opened.get())) {
    if (context.done()) {
      errno = 0;
      return false;
    }
    if (entry->d_type == DT_DIR) continue;
    Name name{join_path(directory, entry->d_name), {own.st_dev, entry->d_ino}};
    if (entry->d_type != DT_REG) {
      struct stat target {};
      if (::stat(name.path.c_str(), &target) != 0 || S_ISDIR(target.st_mode)) continue;
      name.identity = {target.st_dev, target.st_ino};
    }
    names.push_back(std::move(name));
  }
  std::ranges::sort(names, {}, &Name::path);
  return true;
}

}  // namespace sluice::stages::follow
