// What the kernel tells of changes in directories (inotify), as paths.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "flow/error.hpp"
#include "stages/descriptor.hpp"

namespace sluice::stages::follow {

struct Change {
  enum class Kind {
    content,      // `path` was written to or cut
    attributes,   // its mode or owner
    names,        // it appeared, vanished or was renamed; `from` is what it was called before, where that is known
    directories,  // it is a directory that did so, or a watched one that is gone
    lost,         // changes were lost: everything must be looked at
  };
  Kind kind = Kind::lost;
  std::string directory;  // as it was given to watch()
  std::string path;
  std::string from;
};

// Belongs to one thread.
class Watcher {
 public:
  flow::Error open();
  // Readable when there are changes.
  int fd() const { return fd_.get(); }

  // How a directory can be watched.
  enum class Watch {
    good,
    blind,    // other machines change it, or the kernel has no watch left: look at it again and again
    missing,  // there is no such directory
  };
  // A directory may be watched under several paths; doing it again costs a system call. With `names_only` nothing is
  // told of the content of its files.
  Watch watch(const std::string& directory, bool names_only);

  // The file behind a path whose changes the watch on the path's directory does not see: a link's target. What happens
  // to it is told as the content of `path`.
  void watch_file(const std::string& path);

  // Appends what has happened; does not block.
  void read(std::vector<Change>& changes);

 private:
  struct Watched {
    std::vector<std::string> paths;
    bool is_file = false;
  };
  void take(std::uint32_t mask, int watch, std::uint32_t cookie, const char* name, std::vector<Change>& changes);
  void take_name(std::uint32_t mask, std::uint32_t cookie, Change change, std::vector<Change>& changes);

  Descriptor fd_;
  std::unordered_map<int, Watched> watched_;
  std::map<std::uint32_t, std::string> moved_;  // by cookie, until the other half comes
};

// "a/b" of "a/b/c", "" of "c", "/" of "/c".
std::string directory_of(const std::string& path);
// "/var/log/app" of "/var/log/app.log.1": what all generations of a file begin with.
std::string stem_of(const std::string& path);
// What the rotated generation `path` may have been called before: its beginnings at ".", "-" and "_", with and without
// its extension.
std::vector<std::string> former_names(const std::string& path);
std::string join_path(const std::string& directory, const std::string& name);

}  // namespace sluice::stages::follow
