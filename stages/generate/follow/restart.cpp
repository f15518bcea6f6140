// Finding again what an earlier run knew, and putting what came meanwhile in its order.

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

struct Generation {
  File* file;
  bool is_written;
  std::int64_t modified;
  bool is_twin;  // a packed one beside the plain one that it is made of, which comes first
};

std::string_view without_packing(std::string_view path) {
  return packing_by_name(path) == Packing::none ? path : path.substr(0, path.rfind('.'));
}

bool comes_before(const Generation& a, const Generation& b) {
  if (a.is_written != b.is_written) return b.is_written;
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

// Of a file that was empty in an earlier run nothing but its inode is known, which proves little.
bool Follower::is_guessed(const File& file) const { return first_ && file.saved.text.head.length == 0; }

// Files of the earlier run that no wanted path leads to: renamed, deleted, or copied and cut.
void Follower::find_earlier(const flow::Context& context) {
  std::vector<std::tuple<bool, std::string, std::uint64_t>> lost;  // those first of which something was read
  files_.for_each([&](File& file) {
    if (!file.bound && !file.saved.gone) lost.emplace_back(file.read == 0, file.saved.path, file.source);
  });
  std::ranges::sort(lost);
  std::map<std::string, std::vector<Name>> listings;
  for (const auto& [is_unread, path, source] : lost) {
    File* const file = files_.find(source);
    if (file == nullptr || file->bound || file->saved.gone) continue;
    if (!is_guessed(*file)) formerly_[path] = source;
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
    if (found) continue;
    report_lost(*file, "is gone");
    finished(*file);
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

// What has the name of another goes after it.
void Follower::order_renamed() {
  for (File* const file : files_.by_path()) {
    const auto former = formerly_.find(file->saved.path);
    File* const earlier = former == formerly_.end() ? nullptr : files_.find(former->second);
    if (earlier == nullptr || earlier == file || is_guessed(*earlier)) continue;
    go_after(*file, *earlier, true);
  }
}

// Whether the file, or a copy of it, is among these names, or may be.
bool Follower::find_lost(const flow::Context& context, File& file, const std::vector<Name>& names) {
  const auto name = std::ranges::find_if(names, [&](const Name& each) {
    const File* const holder = files_.with(each.identity);
    const bool is_likely = !is_guessed(file) || each.path.starts_with(stem_of(file.saved.path));
    return is_likely && each.identity.inode == file.saved.identity.inode && (holder == nullptr || holder == &file);
  });
  if (name != names.end() && is_at(context, file, name->path) != Match::differs) {
    files_.attach_identity(file, name->identity);
    if (const auto status = status_of(name->path)) file.modified = status->modified;
    moved(file, name->path);
  } else {
    Found found = find_copy(context, file);
    if (found.copy) {
      go_on_in(file, std::move(*found.copy));
    } else if (found.is_moving || found.number != 0) {
      missing_.push_back(file.source);  // is looked for again
    } else {
      return false;
    }
  }
  file.bound = true;
  newcomers_.push_back(file.source);
  return true;
}

// Whether what is at the path is what is known of the file: its inode may have been used again.
Match Follower::is_at(const flow::Context& context, const File& file, const std::string& path) {
  const Descriptor fd = open_to_read(path);
  if (!fd) return errno == ENOENT ? Match::differs : Match::unreadable;
  return file.saved.text.head.length == 0 ? Match::same : is_still(context, fd.get(), file);
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
  std::vector<File*> fresh;
  for (const std::uint64_t source : std::exchange(newcomers_, {})) {
    File* const file = files_.find(source);
    if (file == nullptr || !file->has_path) continue;
    stems.insert(stem_of(file->saved.path));
    if (file->fresh) fresh.push_back(file);
  }
  for (const std::string& stem : stems) order_family(stem);
  for (File* const file : fresh) order_originals(*file);
}

void Follower::order_family(const std::string& stem) {
  std::vector<File*> family = files_.beginning_with(stem);
  std::erase_if(family, [&](const File* file) {
    const bool is_member = file->saved.path.size() == stem.size() || file->saved.path[stem.size()] == '.';
    return !is_member || file->saved.skipped || (!file->fresh && !file->queued && file->caught_up);
  });
  for (File* const file : family) {
    std::erase_if(file->after, [&](std::uint64_t source) {  // what was decided before may be wrong by now
      return std::ranges::find(family, source, &File::source) != family.end();
    });
    if (const auto status = status_of(file->saved.path)) file->modified = status->modified;
  }
  std::vector<Generation> generations;
  for (File* const file : family) {
    const std::string_view plain = without_packing(file->saved.path);
    const auto twin = std::ranges::find_if(family, [&](const File* other) { return other->saved.path == plain; });
    const bool is_twin = plain != file->saved.path && twin != family.end();
    File& dated = is_twin ? **twin : *file;
    generations.push_back({file, is_written(dated, family), dated.modified, is_twin});
  }
  std::ranges::sort(generations, comes_before);
  for (std::size_t i = 1; i < generations.size(); ++i) go_after(*generations[i].file, *generations[i - 1].file, false);
}

// What may be a copy of a file that is there is looked at before more of that is read: see waits_as_copy().
void Follower::order_originals(File& copy) {
  if (!options_.follow || packing_by_name(copy.saved.path) != Packing::none) return;
  for (const std::string& path : former_names(copy.saved.path)) {
    File* const original = files_.at_path(path);
    if (original != nullptr && original != &copy && original->saved.packing == Packing::none)
      go_after(*original, copy, false);
  }
}

// Whether it is the one of its generations that is written to, which is the youngest whatever its time says.
bool Follower::is_written(const File& file, const std::vector<File*>& family) {
  return std::ranges::any_of(family, [&](const File* other) {
    const std::vector<std::string> names = former_names(other->saved.path);
    return other != &file && without_packing(other->saved.path) != file.saved.path &&
           std::ranges::find(names, file.saved.path) != names.end();
  });
}

}  // namespace sluice::stages::follow
