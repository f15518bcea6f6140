#include "stages/generate/follow/watcher.hpp"

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::stages::follow {
namespace {

constexpr std::uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kDirectory = kNames | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
constexpr std::uint32_t kContent = IN_MODIFY | IN_ATTRIB;

// statfs(2) and linux/magic.h: file systems that others can write to without this kernel noticing.
constexpr std::array<std::uint32_t, 12> kRemote = {
    0x6969,      // nfs
    0xff534d42,  // cifs
    0xfe534d42,  // smb2
    0x517b,      // smb
    0x65735546,  // fuse
    0x01021997,  // 9p
    0x00c36400,  // ceph
    0x5346414f,  // afs
    0x0bd00bd0,  // lustre
    0x01161970,  // gfs2
    0x7461636f,  // ocfs2
    0x786f4256,  // vboxsf
};

bool is_remote(const std::string& directory) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0) return false;
  return std::ranges::count(kRemote, static_cast<std::uint32_t>(status.f_type)) != 0;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string stem_of(const std::string& path) {
  const std::size_t begin = path.rfind('/') + 1;
  return path.substr(0, path.find('.', begin + 1));
}

std::vector<std::string> former_names(const std::string& path) {
  std::vector<std::string> names;
  const std::size_t begin = path.rfind('/') + 1;
  const std::size_t dot = path.rfind('.');
  const std::string extension = dot != std::string::npos && dot > begin ? path.substr(dot) : "";
  for (std::size_t at = path.size(); (at = path.find_last_of(".-_", at - 1)) != std::string::npos && at > begin;) {
    names.push_back(path.substr(0, at));
    if (at != dot && !extension.empty()) names.push_back(path.substr(0, at) + extension);
  }
  return names;
}

std::string join_path(const std::string& directory, const std::string& name) {
  if (directory.empty() || directory.ends_with('/')) return directory + name;
  return directory + '/' + name;
}

flow::Error Watcher::open() {
  fd_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (fd_) return {};
  return system_error("cannot watch directories for changes; raise fs.inotify.max_user_instances", errno);
}

Watcher::Watch Watcher::watch(const std::string& directory, bool names_only) {
  const std::string name = directory.empty() ? "." : directory;
  const int id = ::inotify_add_watch(fd_.get(), name.c_str(), names_only ? kDirectory : kDirectory | kContent);
  if (id < 0) return errno == ENOENT || errno == ENOTDIR ? Watch::missing : Watch::blind;
  std::vector<std::string>& paths = watched_[id].paths;
  if (std::ranges::count(paths, directory) == 0) paths.push_back(directory);
  return !names_only && is_remote(name) ? Watch::blind : Watch::good;
}

void Watcher::watch_file(const std::string& path) {
  const int id = ::inotify_add_watch(fd_.get(), path.c_str(), kContent | IN_MOVE_SELF | IN_DELETE_SELF);
  if (id < 0) return;  // the rescan sees it
  Watched& file = watched_[id];
  file.is_file = true;
  if (std::ranges::count(file.paths, path) == 0) file.paths.push_back(path);
}

void Watcher::read(std::vector<Change>& changes) {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  for (int round = 0; round < 16; ++round) {
    const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      take(event.mask, event.wd, event.cookie, event.len > 0 ? buffer.data() + at + sizeof event : "", changes);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
    if (static_cast<std::size_t>(size) < buffer.size() / 2) break;  // there was no more
  }
}

void Watcher::take(std::uint32_t mask, int watch, std::uint32_t cookie, const char* name,
                   std::vector<Change>& changes) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    moved_.clear();
    changes.push_back({Change::Kind::lost, {}, {}, {}});
    return;
  }
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;
  for (const std::string& path : found->second.paths) {
    if (found->second.is_file) {
      const bool is_name = (mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)) != 0;
      changes.push_back({is_name ? Change::Kind::names : Change::Kind::content, directory_of(path), path, {}});
    } else if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
      changes.push_back({Change::Kind::directories, path, path, {}});
    } else if (*name != '\0') {
      take_name(mask, cookie, {Change::Kind::content, path, join_path(path, name), {}}, changes);
    }
  }
  if ((mask & IN_IGNORED) != 0) {
    watched_.erase(found);
  } else if ((mask & IN_MOVE_SELF) != 0 && !found->second.is_file) {
    // It has another name now, so that its events would come under the wrong one.
    ::inotify_rm_watch(fd_.get(), watch);
    watched_.erase(found);
  }
}

void Watcher::take_name(std::uint32_t mask, std::uint32_t cookie, Change change, std::vector<Change>& changes) {
  if ((mask & IN_MODIFY) != 0) {
    if (!changes.empty() && changes.back().kind == change.kind && changes.back().path == change.path) return;
  } else if ((mask & IN_ATTRIB) != 0) {
    change.kind = Change::Kind::attributes;
  } else {
    change.kind = (mask & IN_ISDIR) != 0 ? Change::Kind::directories : Change::Kind::names;
    if ((mask & IN_MOVED_FROM) != 0) {
      if (moved_.size() > 1000) moved_.clear();  // their other halves are elsewhere
      moved_[cookie] = change.path;
    } else if (const auto half = moved_.find(cookie); (mask & IN_MOVED_TO) != 0 && half != moved_.end()) {
      change.from = std::move(half->second);
      moved_.erase(half);
    }
  }
  changes.push_back(std::move(change));
}

}  // namespace sluice::stages::follow
