// Which files there are, and where they have gone.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <unordered_set>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

flow::Error is_a_directory(const std::string& path) {
  return {std::make_error_code(std::errc::is_a_directory),
          fmt::format("cannot read {0}: is a directory; `{0}/*` reads the files in it", path)};
}

bool Follower::is_wanted(const std::string& path) const { return adopted_.contains(path) || selection_.wants(path); }

void Follower::report_once(const std::string& path, const flow::Error& error) {
  if (!options_.follow && !scan_error_) scan_error_ = error;
  if (options_.follow && reported_.insert(path).second) report_("cannot_read", error.message());
}

void Follower::watch(const Scan& scan) {
  for (const bool names_only : {false, true}) {
    for (const std::string& directory : names_only ? scan.parents : scan.directories) {
      const Watcher::Watch watched = watcher_.watch(directory, names_only);
      if (watched == Watcher::Watch::blind) blind_.insert(directory);
    }
  }
}

void Follower::first_scan(const flow::Context& context, const Scan& scan) {
  files_.for_each([this](const File& file) {
    if (!file.bound) earlier_paths_[file.saved.path] = file.source;
  });
  rescan(context, scan);
  find_earlier(context);
  doubt_earlier();
  check_moved(context);
  order_renamed();
  order_newcomers();
  earlier_paths_.clear();
  first_ = false;
  if (!context.done()) files_.set_all_known();
}

void Follower::report(const Scan& scan) {
  for (const std::string& each : scan.named) {
    report_once(each, is_a_directory(each));
  }
  for (const std::string& each : scan.unreadable) {
    if (options_.follow) report_once(each, system_error(fmt::format("cannot list {}", each), EACCES));
  }
  if (!first_ || !options_.follow || options_.optional) return;
  for (const std::string& each : scan.unmatched) {
    report_("no_file", fmt::format("no file matches {} yet; it is read as soon as there is one", each));
  }
}

// Looks at everything: for what no change told of.
void Follower::rescan(const flow::Context& context, const Scan& scan) {
  const auto began = SteadyClock::now();
  blind_.clear();
  if (options_.follow) watch(scan);
  report(scan);
  std::set<std::string> before = std::exchange(directories_, {scan.directories.begin(), scan.directories.end()});
  before.insert(directories_.begin(), directories_.end());
  // Names first: a file that was renamed must not be taken for a new one.
  for (const std::string& directory : first_ ? std::set<std::string>() : before) look_into(context, directory);
  for (const std::string& path : scan.paths) enter(path);
  if (!first_) check_moved(context);
  settle_missing(context);
  if (!first_) enqueue_changed();
  if (!first_) order_newcomers();
  std::erase_if(formerly_, [this](const auto& entry) { return files_.find(entry.second) == nullptr; });
  dirty_.clear();
  if (first_) dirty_ = directories_;  // what came while it was not watched yet
  const auto now = SteadyClock::now();
  rescan_wanted_ = changes_lost_ = false;
  next_rescan_ =
      now + (blind_.empty() ? options_.timing.rescan : std::min(options_.timing.rescan, options_.timing.blind_rescan));
  rescan_not_before_ = now + std::max<std::chrono::nanoseconds>(std::chrono::milliseconds(50), 10 * (now - began));
}

// Those that were written to without anybody having told so.
void Follower::enqueue_changed() {
  for (File* const file : files_.by_path()) {
    const std::optional<Status> status = status_of(file->saved.path);
    const bool has_changed =
        !status || status->identity != file->saved.identity ||
        (file->saved.packing == Packing::none ? status->size != std::max(file->saved.size, file->seen)
                                              : status->modified != file->modified);
    if (!has_changed) continue;
    if (status) file->modified = status->modified;
    enqueue(*file);
  }
}

void Follower::take_note_of_changes() {
  if (!options_.follow) return;
  watcher_.read(changes_);
  for (const Change& change : std::exchange(changes_, {})) take_change(change);
}

void Follower::take_changes(const flow::Context& context) {
  bool any = !missing_.empty() || !moved_.empty();
  // Names that changed while a directory was listed may be missing in the list. Nothing is concluded from that before
  // it is quiet; in one that never is, some other time.
  for (int round = 0; round < kMostRounds && !context.done(); ++round) {
    take_note_of_changes();
    if (dirty_.empty()) break;
    any = true;
    for (const std::string& directory : std::exchange(dirty_, {})) look_into(context, directory);
  }
  if (!any || context.done()) return;
  check_moved(context);
  settle_missing(context);
  order_newcomers();
}

// Whether names have changed in the directory that nobody has looked into since.
bool Follower::is_disturbed(const std::string& directory) {
  if (!options_.follow || draining_) return false;
  watcher_.read(changes_);
  return std::ranges::any_of(changes_, [&](const Change& change) {
    if (change.kind == Change::Kind::content || change.kind == Change::Kind::attributes) return false;
    return change.kind != Change::Kind::names || change.directory == directory;
  });
}

void Follower::take_change(const Change& change) {
  File* const file = files_.at_path(change.path);
  switch (change.kind) {
    case Change::Kind::content:
      if (file != nullptr) {
        enqueue(*file);
      } else if (is_wanted(change.path)) {
        dirty_.insert(change.directory);
      }
      return;
    case Change::Kind::attributes:
      if (file != nullptr && file->troubled) enqueue(*file);
      if (file == nullptr && is_wanted(change.path)) dirty_.insert(change.directory);
      return;
    case Change::Kind::names:
      // It had a wanted name, if only for a moment: it is wanted under any other.
      if (!change.from.empty() && is_wanted(change.from)) adopted_.insert(change.path);
      if (!change.from.empty()) adopted_.erase(change.from);
      dirty_.insert(change.directory);
      return;
    case Change::Kind::lost:
      changes_lost_ = true;
      [[fallthrough]];
    case Change::Kind::directories:
      rescan_wanted_ = true;
      return;
  }
}

// Compares the names in a directory with the files that are known: some have been renamed, are new, or gone.
void Follower::look_into(const flow::Context& context, const std::string& directory) {
  std::vector<Name> names;
  if (!list_files(context, directory, names) && errno != ENOENT && errno != ENOTDIR) return;
  std::unordered_set<const File*> present;
  std::vector<const Name*> others;
  for (const Name& name : names) {
    File* const file = files_.with(name.identity);
    if (file != nullptr && file->has_path && file->saved.path == name.path) {
      present.insert(file);
    } else if (file != nullptr || is_wanted(name.path)) {
      others.push_back(&name);
    }
  }
  std::vector<File*> here = files_.in(directory);
  std::erase_if(here, [&](const File* file) { return present.contains(file); });
  for (File* const file : here) {
    formerly_[file->saved.path] = file->source;
    files_.detach_path(*file);  // so that files may take each other's names
    missing_.push_back(file->source);
  }
  for (const Name* name : others) {
    File* const file = files_.with(name->identity);
    if (file == nullptr || !file->bound || present.contains(file)) continue;
    if (file->has_path && leads_to(file->saved.path, name->identity)) continue;  // a second link to it
    moved(*file, name->path);
    present.insert(file);
  }
  for (const Name* name : others) {
    if (files_.with(name->identity) == nullptr) enter(name->path);
  }
  std::erase_if(adopted_, [&](const std::string& path) {
    return directory_of(path) == directory && !std::ranges::binary_search(names, path, {}, &Name::path);
  });
}

void Follower::moved(File& file, const std::string& path) {
  if (file.has_path) formerly_[file.saved.path] = file.source;
  if (file.former_path.empty() && file.saved.path != path && !is_guessed(file)) file.former_path = file.saved.path;
  files_.attach_path(file, path);
  if (!file.deleted && !selection_.wants(path)) adopted_.insert(path);
  file.deleted = false;
  moved_.push_back(file.source);
  enqueue(file);
}

// A file may have been cut before it was renamed. Then its copy, whatever that is called by now, must be found before
// somebody takes it for a new file.
void Follower::check_moved(const flow::Context& context) {
  for (const std::uint64_t source : std::exchange(moved_, {})) {
    File* const file = files_.find(source);
    if (file == nullptr || file->saved.gone || file->former_path.empty()) continue;
    if (file->saved.text.head.length == 0) file->former_path.clear();  // it was empty there: no copy can tell
    if (file->former_path.empty()) continue;
    if (!ensure_open(*file)) {
      if (file->troubled && is_patient(*file)) moved_.push_back(source);
      continue;
    }
    const Match match = is_still(context, file->fd.get(), *file);
    if (match == Match::same) {
      file->former_path.clear();
      file->unclear_since.reset();
    } else if (match == Match::unreadable ? is_patient(*file, file->saved.path, errno) : !cut(context, *file)) {
      moved_.push_back(source);
    }
  }
}

// Files whose name is gone, and which no other directory had: deleted, or moved out of sight.
void Follower::settle_missing(const flow::Context& context) {
  for (const std::uint64_t source : std::exchange(missing_, {})) {
    File* const file = files_.find(source);
    if (file == nullptr || file->has_path || file->saved.gone) continue;
    if (file->fd) {
      settle_open(*file);
    } else if (!settle_closed(context, *file)) {
      missing_.push_back(source);
    }
    if (context.done()) return;
  }
}

void Follower::settle_open(File& file) {
  std::array<char, 4096> target;
  if (const std::optional<Status> status = status_of(file.fd); status && status->links > 0) {
    const std::string link = fmt::format("/proc/self/fd/{}", file.fd.get());
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    const std::string path(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size > 0 && leads_to(path, file.saved.identity)) {
      moved(file, path);
      watcher_.watch_file(path);
      return;
    }
  }
  file.deleted = true;
  file.quiet_since.reset();
  enqueue(file);
}

// False if it must be looked for again.
bool Follower::settle_closed(const flow::Context& context, File& file) {
  Found found;
  if (file.saved.size > file.read || file.read == 0) found = find_copy(context, file);
  if (context.done()) return false;
  if (found.copy) {
    if (found.copy->is_short && !send_off(context)) return false;
    go_on_in(file, std::move(*found.copy));
    return true;
  }
  if (found.is_moving || (found.number != 0 && is_patient(file, found.unreadable, found.number))) return false;
  report_lost(file, "is gone");
  finished(file);
  return true;
}

// A wanted path that leads to a file which is not known by that path.
void Follower::enter(const std::string& path) {
  const std::optional<Status> status = status_of(path);
  if (!status) {
    if (errno != ENOENT && errno != ENOTDIR) {
      report_once(path, system_error(fmt::format("cannot read {}", path), errno));
    }
    return;
  }
  File* const at = files_.at_path(path);
  if (at != nullptr && at->saved.identity == status->identity) return;
  if (!status->is_regular) {
    const std::string advice = "is not a regular file; use `generate: stdin` and redirect it there";
    report_once(path,
                {std::make_error_code(std::errc::not_supported), fmt::format("cannot read {}: {}", path, advice)});
    return;
  }
  if (at != nullptr) {
    formerly_[path] = at->source;
    files_.detach_path(*at);
    missing_.push_back(at->source);
  }
  if (File* const file = earlier_at(path, status->identity)) {
    if (file->bound && file->has_path && leads_to(file->saved.path, status->identity)) return;
    const bool was_bound = std::exchange(file->bound, true);
    if (!was_bound) newcomers_.push_back(file->source);
    if (!was_bound && file->saved.path != path && !is_guessed(*file)) formerly_[file->saved.path] = file->source;
    moved(*file, path);
    file->modified = status->modified;
    if (options_.follow && status->is_shared) watcher_.watch_file(path);
    return;
  }
  add(path, status->identity, status->modified);
  if (options_.follow && status->is_shared) watcher_.watch_file(path);
}

void Follower::add(const std::string& path, const Identity& identity, std::int64_t modified) {
  File& file = files_.add(path, identity);
  file.modified = modified;
  newcomers_.push_back(file.source);
  if (const auto former = formerly_.find(path); former != formerly_.end()) {
    if (File* const earlier = files_.find(former->second)) go_after(file, *earlier, true);
    formerly_.erase(former);
  }
  if (first_ && starts_at_end(path)) {
    start_at_end(file);
  } else {
    know_beginning(file);
  }
  enqueue(file);
}

// It is known by what it holds now, should it be cut before it has its turn.
void Follower::know_beginning(File& file) {
  if (!options_.follow || packing_by_name(file.saved.path) != Packing::none || !ensure_open(file)) return;
  files_.set_head(file, head_of(file.fd.get(), status_of(file.fd).value_or(Status()).size));
}

// `start: end` is about files that were there before anybody looked: not about those that came between two runs.
bool Follower::starts_at_end(const std::string& path) const {
  return options_.start_at_end && std::ranges::none_of(earlier_, [&path](const std::string& pattern) {
           return Selection::finds(pattern, path);
         });
}

void Follower::start_at_end(File& file) {
  const Descriptor fd = open_to_read(file.saved.path);
  const std::optional<Status> status = fd ? status_of(fd) : std::nullopt;
  if (!status) return;  // whoever may read it later reads all of it
  const Packing packing = packing_by_name(file.saved.path);
  if (packing != Packing::none && status->size < kMagicBytes) return;  // is_itself() will tell what it becomes
  file.fresh = false;
  if (is_packed(fd.get(), packing)) return files_.set_packing(file, packing, true);
  files_.set_size(file, status->size);
  files_.set_start(file, {head_of(fd.get(), status->size), tail_of(fd.get(), status->size), status->size});
}

}  // namespace sluice::stages::follow
