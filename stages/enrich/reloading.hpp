// A file's content in memory that is read again when the file has changed.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "stages/registry.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

// What tells one version of a file from the next. Equal only for the same bytes, as far as the file system knows.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  // -1: there is no such file
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  static FileVersion of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino), status.st_size,
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  bool exists() const { return size >= 0; }
  bool operator==(const FileVersion&) const = default;
};

// Holds what was made of a file. Thread-safe. At most every `every`, the caller of get() that comes next looks whether
// the file has changed and, if so, reads it, on its own thread and time; meanwhile all others go on with what was there
// before. A new file that cannot be used is counted, by the reason given, and the old content stays until the file
// changes again. So one worker is away for as long as it takes to read the file, and no worker ever waits for another.
template <class T>
class Reloading {
 public:
  // Null if the file cannot be used.
  using Load = std::function<std::shared_ptr<const T>()>;

  // `content` was made of `version` of the file. `every` of zero: it is never read again.
  Reloading(std::string path, FileVersion version, std::shared_ptr<const T> content, std::chrono::nanoseconds every,
            Clock clock, Load load, std::string_view failure)
      : path_(std::move(path)),
        every_(every),
        clock_(std::move(clock)),
        load_(std::move(load)),
        failure_(failure),
        content_(std::move(content)),
        version_(version),
        next_look_(every_.count() == 0 ? std::chrono::steady_clock::time_point::max() : clock_() + every_) {}

  bool reloads() const { return every_.count() != 0; }

  std::shared_ptr<const T> get(Tally& tally) {
    if (!reloads()) return content_;
    FileVersion known;
    {
      const std::lock_guard lock(mutex_);
      const std::chrono::steady_clock::time_point now = clock_();
      if (now < next_look_ || looking_) return content_;
      looking_ = true;
      next_look_ = now + every_;
      known = version_;
    }
    const FileVersion found = FileVersion::of(path_);
    std::shared_ptr<const T> fresh;
    if (found != known && found.exists()) fresh = load_();
    if (found != known && fresh == nullptr) tally.error(failure_);
    const std::lock_guard lock(mutex_);
    looking_ = false;
    version_ = found;
    if (fresh != nullptr) content_ = std::move(fresh);
    return content_;
  }

 private:
  const std::string path_;
  const std::chrono::nanoseconds every_;
  const Clock clock_;
  const Load load_;
  const std::string_view failure_;
  std::mutex mutex_;  // guards what follows; content_ never changes without reload
  std::shared_ptr<const T> content_;
  FileVersion version_;
  std::chrono::steady_clock::time_point next_look_;
  bool looking_ = false;
};

}  // namespace sluice::stages
