// Finding again what an earlier run knew, and putting what came meanwhile in its order.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

struct Generation {
  File* file;
  int rank;
  std::int64_t modified;
  bool is_twin;  // a packed one beside the plain one that it is made of, which comes first
};

std::string_view without_packing(std::string_view path) {
  return packing_by_name(path) == Packing::none ? path : path.substr(0, path.rfind('.'));
}

bool comes_before(const Generation& a, const Generation& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  const std::string_view left = without_packing(a.file->saved.path);
  const std::string_view right = without_packing(b.file->saved.path);
  if (left == right) return a.is_twin < b.is_twin;
  return is_older(a.modified, left, b.modified, right);
}

}  // namespace

// File systems tell time in steps of some milliseconds; where that says nothing, app.log.10 is older than app.log.9.gz,
// and that is older than app.log.
bool is_older(std::int64_t modified, std::string_view path, std::int64_t other_modified, std::string_view other_path) {
  if (modified != other_modified) return modified < other_modified;
  const std::string_view left = without_packing(path);
  const std::string_view right = without_packing(other_path);
  return left.size() != right.size() ? left.size() > right.size() : left > right;
}

// The file with this identity. After a restart a device may have another number: then the path and the inode say enough
// for a first guess, which reading confirms.
File* Follower::earlier_at(const std::string& path, const Identity& identity) {
  if (first_) {
    const auto found = earlier_paths_.find(path);
    File* const file = found == earlier_paths_.end() ? nullptr : files_.find(found->second);
    if (file != nullptr && !file->bound && file->saved.identity.inode == identity.inode) {
      files_.attach_identity(*file, identity);
      return file;
    }
  }
  return files_.with(identity);
}

// Files of the earlier run that no wanted path leads to: renamed, deleted, or copied and cut.
void Follower::find_earlier(const flow::Context& context) {
  std::vector<std::pair<std::string, std::uint64_t>> lost;
  files_.for_each([&](File& file) {
    if (!file.bound && !file.saved.gone) lost.emplace_back(file.saved.path, file.source);
  });
  std::ranges::sort(lost);
  std::map<std::string, std::vector<Name>> listings;
  for (const auto& [path, source] : lost) {
    File* const file = files_.find(source);
    if (file == nullptr || file->bound || file->saved.gone) continue;
    formerly_[path] = source;
    bool found = false;
    // What is renamed while the directory is listed may be missing in the list.
    for (int round = 0; round < kMostRounds && !found && !context.done(); ++round) {
      const std::string directory = directory_of(path);
      take_note_of_changes();
      if (round > 0 && !dirty_.contains(directory)) break;
      dirty_.erase(directory);
      if (round > 0) listings.erase(directory);
      const auto [listing, is_new] = listings.try_emplace(directory);
      if (is_new) list_files(context, directory, listing->second);
      found = find_lost(context, *file, listing->second);
    }
    if (context.done()) return;
    file->bound = true;
    if (!found) lost_track(*file);
  }
}

// Where there are new files, those of the same name that an earlier run knew may have been cut, and a new one be their
// copy: they are looked at before it is.
void Follower::doubt_earlier() {
  std::set<std::string> stems;
  const std::vector<File*> files = files_.by_path();
  for (const File* const file : files) {
    if (file->fresh) stems.insert(stem_of(file->saved.path));
  }
  for (File* const file : files) {
    if (file->fresh || file->saved.packing != Packing::none || !stems.contains(stem_of(file->saved.path))) continue;
    if (file->former_path.empty()) file->former_path = file->saved.path;
    moved_.push_back(file->source);
  }
}

// What has the name of another goes after it. Of a file that was empty nothing but its inode is known, which proves
// little.
void Follower::order_renamed() {
  for (File* const file : files_.by_path()) {
    const auto former = formerly_.find(file->saved.path);
    File* const earlier = former == formerly_.end() ? nullptr : files_.find(former->second);
    if (earlier == nullptr || earlier == file || earlier->saved.text.head.length == 0) continue;
    go_after(*file, *earlier, true);
  }
}

// Whether the file, or a copy of it, is among these names.
bool Follower::find_lost(const flow::Context& context, File& file, const std::vector<Name>& names) {
  const auto name = std::ranges::find_if(names, [&](const Name& each) {
    const File* const holder = files_.with(each.identity);
    return each.identity.inode == file.saved.identity.inode && (holder == nullptr || holder == &file);
  });
  if (name != names.end() && is_at(context, file, name->path)) {
    file.bound = true;
    files_.attach_identity(file, name->identity);
    if (const auto status = status_of(name->path)) file.modified = status->modified;
    moved(file, name->path);
    newcomers_.push_back(file.source);
    return true;
  }
  std::optional<Copy> copy = find_copy(context, file);
  if (!copy) return false;
  file.bound = true;
  go_on_in(file, std::move(*copy));
  newcomers_.push_back(file.source);
  return true;
}

// Nothing more can be read of it, although there may have been more.
void Follower::lost_track(File& file) {
  if (file.saved.size > file.seen && file.saved.packing == Packing::none) {
    report_("bytes_lost", fmt::format("{} is gone, with {} bytes that had not been read yet", file.saved.path,
                                      file.saved.size - file.seen));
  }
  finished(file);
}

// Whether what is at the path is what is known of the file: its inode may have been used again.
bool Follower::is_at(const flow::Context& context, const File& file, const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  return fd && (file.read == 0 || is_still(context, fd.get(), file));
}

bool Follower::waits_for(const File& file, const File& other) {
  std::vector<std::uint64_t> waiting{file.source};
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i] == other.source) return true;
    const File* const each = files_.find(waiting[i]);
    if (each == nullptr) continue;
    for (const std::uint64_t source : each->after) {
      if (std::ranges::find(waiting, source) == waiting.end()) waiting.push_back(source);
    }
  }
  return false;
}

// `later` is not read before `earlier` has been read to its end; if it has its name, not before its last line was
// taken.
void Follower::go_after(File& later, File& earlier, bool replaces) {
  if (earlier.saved.gone || earlier.saved.skipped || waits_for(earlier, later)) return;
  earlier.replaced = earlier.replaced || replaces;
  earlier.caught_up = false;
  earlier.followers.push_back(later.source);
  if (std::ranges::count(later.after, earlier.source) == 0) later.after.push_back(earlier.source);
  enqueue(earlier);
}

// Where several generations of a file (app.log, app.log.1, app.log-20251125.gz) have something to read, that is read
// from the oldest on.
void Follower::order_newcomers() {
  std::set<std::string> stems;
  for (const std::uint64_t source : std::exchange(newcomers_, {})) {
    const File* const file = files_.find(source);
    if (file != nullptr && file->has_path) stems.insert(stem_of(file->saved.path));
  }
  for (const std::string& stem : stems) {
    std::vector<File*> family = files_.beginning_with(stem);
    std::erase_if(family, [&](const File* file) {
      const bool is_member = file->saved.path.size() == stem.size() || file->saved.path[stem.size()] == '.';
      return !is_member || file->saved.skipped || (!file->fresh && !file->queued && file->caught_up);
    });
    for (File* const file : family) {  // what was decided before may be wrong by now
      std::erase_if(file->after, [&](std::uint64_t source) {
        return std::ranges::find(family, source, &File::source) != family.end();
      });
    }
    for (File* const file : family) {
      if (const auto status = status_of(file->saved.path)) file->modified = status->modified;
    }
    std::vector<Generation> generations;
    for (File* const file : family) {
      const std::string_view plain = without_packing(file->saved.path);
      const auto twin = std::ranges::find_if(family, [&](const File* other) { return other->saved.path == plain; });
      const bool is_twin = plain != file->saved.path && twin != family.end();
      File& dated = is_twin ? **twin : *file;
      generations.push_back({file, rank_of(dated, family), dated.modified, is_twin});
    }
    std::ranges::sort(generations, comes_before);
    for (std::size_t i = 1; i < generations.size(); ++i)
      go_after(*generations[i].file, *generations[i - 1].file, false);
  }
}

// 1 for the one that is written to, which is the youngest whatever its time says; 2 for a copy of that which is just
// being made, before the original is cut, if nothing of that was read yet; otherwise 0.
int Follower::rank_of(File& file, const std::vector<File*>& family) {
  const auto comes_from = [](const File& later, const File& earlier) {
    const std::vector<std::string> names = former_names(later.saved.path);
    return without_packing(later.saved.path) != earlier.saved.path &&
           std::ranges::find(names, earlier.saved.path) != names.end();
  };
  bool is_written = false;
  for (File* const other : family) {
    if (other == &file) continue;
    if (comes_from(*other, file)) is_written = true;
    const bool is_new = file.fresh && other->fresh && other->read == 0 && file.saved.packing == Packing::none;
    if (!is_new || !comes_from(file, *other) || !ensure_open(file) || !ensure_open(*other)) continue;
    struct stat status {};
    const bool is_there = ::fstat(file.fd.get(), &status) == 0 && status.st_size > 0;
    if (is_there && is_copy(*other, file, static_cast<std::uint64_t>(status.st_size))) return 2;
  }
  return is_written ? 1 : 0;
}

}  // namespace sluice::stages::follow
