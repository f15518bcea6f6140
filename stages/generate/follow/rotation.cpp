// Which text a file holds: its own; or one that is known, of which it is a copy (docs/decisions/following.md).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kLookAgain = std::chrono::milliseconds(20);  // at what is just being decided about

}  // namespace

// Whether a file that nobody has looked at yet is to be read from its beginning. If not, it waits, or is no more.
bool Follower::is_itself(const flow::Context& context, File& file) {
  // Asked now, not when it was opened: it may have been empty then. The size comes first: where there were enough bytes
  // then, what is_packed() says is final.
  const Packing packing = packing_by_name(file.saved.path);
  const std::optional<Status> status = status_of(file.fd);
  if (file.saved.packing == Packing::none && is_packed(file.fd.get(), packing))
    files_.set_packing(file, packing, false);
  if (is_in_doubt(directory_of(file.saved.path))) {
    set_timer(file, SteadyClock::now() + kLookAgain);
    return false;
  }
  if (file.saved.packing != Packing::none) return is_packed_itself(context, file);
  const Match match = status ? holds(file.fd.get(), {file.saved.text.head, {}, 0}) : Match::unreadable;
  if (match == Match::unreadable) trouble(file, errno);
  if (match == Match::differs) cut(context, file);  // it was, between being found and having its turn
  if (match != Match::same) return false;
  const std::uint64_t size = status->size;
  if (options_.follow && packing != Packing::none && size < kMagicBytes && !file.deleted) {
    caught_up(file);  // there is more to come, and that may be packed
    return false;
  }
  if (size > 0 && is_left_of_another(context, file, size)) return false;
  if (options_.follow && !file.deleted && file.fresh && !is_original(context, file, size)) return false;
  if (size == 0) return true;
  files_.set_copy_of(file, 0);
  file.quiet_since.reset();
  file.unclear_since.reset();
  file.fresh = false;
  return true;
}

// Whether it is not known yet where the texts of some files of this directory are.
bool Follower::is_in_doubt(const std::string& directory) {
  const auto is_there = [&](std::uint64_t source) {
    const File* const file = files_.find(source);
    return file != nullptr && (directory_of(file->saved.path) == directory ||
                               (!file->former_path.empty() && directory_of(file->former_path) == directory));
  };
  return std::ranges::any_of(moved_, is_there) || std::ranges::any_of(missing_, is_there);
}

// Whether it is what is left of a file that is gone. That goes on in it then.
bool Follower::is_left_of_another(const flow::Context& context, File& file, std::uint64_t size) {
  if (File* const original = gone_original(file, size)) {
    adopt(*original, file);
    return true;
  }
  if (!was_read_beyond(file, size)) return false;
  if (!send_off(context)) return true;
  start_at_end(file);
  return false;
}

// A file that is gone, but has come back under another name or inode. Short ones are more likely to be alike than
// copied.
File* Follower::gone_original(const File& copy, std::uint64_t size) {
  std::map<std::uint32_t, Fingerprint> heads;
  File* best = nullptr;
  for (const std::uint64_t source : files_.gone()) {
    File* const file = files_.find(source);
    const Text text = text_of(*file);
    const bool is_back = file->saved.identity == copy.saved.identity || file->source == copy.copy_of;
    const bool is_elsewhere = text.offset >= kTailBytes && file->saved.path != copy.saved.path;
    if (text.head.length == 0 || text.offset > size || file->saved.packing != Packing::none) continue;
    if ((!is_back && !is_elsewhere) || (best != nullptr && best->read >= file->read)) continue;
    const auto [head, is_new] = heads.try_emplace(text.head.length);
    if (is_new) head->second = head_of(copy.fd.get(), text.head.length);
    if (head->second == text.head && holds(copy.fd.get(), text) == Match::same) best = file;
  }
  return best;
}

// Whether it is the copy of a file that is gone after more of it had been read than was copied: what is in the copy has
// been read. How it ends cannot be compared: it was compared while the file was there, or its name and all of its head
// must be right.
bool Follower::was_read_beyond(const File& copy, std::uint64_t size) {
  const std::vector<std::string> names = former_names(copy.saved.path);
  return std::ranges::any_of(files_.gone(), [&](std::uint64_t source) {
    const File* const file = files_.find(source);
    const Text text = text_of(*file);
    if (text.offset <= size || file->saved.packing != Packing::none) return false;
    if (file->source == copy.copy_of) return true;
    return text.head.length == kHeadBytes && std::ranges::find(names, file->saved.path) != names.end() &&
           holds(copy.fd.get(), {text.head, {}, 0}) == Match::same;
  });
}

// Whether it is a file of its own. If not, it may be a copy of one that is still there, and waits for what becomes of
// that: copytruncate is at work.
bool Follower::is_original(const flow::Context& context, File& copy, std::uint64_t size) {
  for (const std::string& path : former_names(copy.saved.path)) {
    File* const original = files_.at_path(path);
    if (original == nullptr || original == &copy || original->saved.packing != Packing::none) continue;
    if (!ensure_open(*original)) {
      if (is_patient(copy)) return false;
      continue;
    }
    const Match match = compare(context, *original, copy, size);
    if (match == Match::unreadable || (match == Match::same && waits_as_copy(*original, copy, size))) return false;
    if (match == Match::same) return true;
  }
  return true;
}

// Whether all of the copy is in the original. Otherwise than by `same` and `differs` it has been seen to.
Match Follower::compare(const flow::Context& context, File& original, File& copy, std::uint64_t size) {
  const int fd = original.fd.get();
  Match still = is_still(context, fd, original);
  Match match = still;
  if (still == Match::same) {
    const std::uint64_t original_size = status_of(original.fd).value_or(Status()).size;
    const std::size_t tail = std::min<std::uint64_t>(size, kTailBytes);
    match = size > original_size || original_size == 0
                ? Match::differs
                : have_same(fd, copy.fd.get(), 0, std::min<std::uint64_t>(size, kHeadBytes));
    if (match == Match::same) match = have_same(fd, copy.fd.get(), size - tail, tail);
    // That they differ says something only if the original was still there.
    if (match == Match::differs) still = is_still(context, fd, original);
  }
  if (match == Match::unreadable || still == Match::unreadable) {
    const bool waits = is_patient(copy, original.saved.path, errno);
    return waits ? Match::unreadable : Match::differs;
  }
  if (still == Match::same) return match;
  // It has been cut, and whether this is its copy is found out at once: others may wait for either.
  set_timer(copy, SteadyClock::now() + kLookAgain);
  cut(context, original);
  return Match::unreadable;
}

// If its original is cut soon, it is what is left of that. If not, it is a file of its own. As long as it has not all
// that was read of its original, that is not read: it could not be known any more to be a copy.
bool Follower::waits_as_copy(File& original, File& copy, std::uint64_t size) {
  const auto now = SteadyClock::now();
  if (!copy.quiet_since || copy.last_size != size) {
    copy.quiet_since = now;
    copy.last_size = size;
  }
  const bool is_known = size > 0 && (copy.copy_of == original.source || size >= original.read);
  const TimePoint until = *copy.quiet_since + (is_known ? options_.timing.copied : options_.timing.copying);
  if (now >= until) return false;
  set_timer(copy, until);
  if (!is_known) return true;
  const Fingerprint head = head_of(copy.fd.get(), size);
  if (original.saved.text.head.length < head.length) files_.set_head(original, head);
  if (head.length > 0) files_.set_head(copy, head);
  files_.set_copy_of(copy, original.source);
  caught_up(copy);
  return true;
}

// Its content is gone from under its name: it was cut, and perhaps written anew. What was copied before is looked for;
// the rest is another file. False if it must be looked at again: names are changing, or something cannot be read.
bool Follower::cut(const flow::Context& context, File& file) {
  if (std::exchange(file.being_cut, true)) return true;
  Found found = find_copy(context, file);
  file.being_cut = false;
  if (context.done()) return false;  // it may be that nobody looked closely enough
  const std::string path = file.saved.path;
  const bool had_path = file.has_path;
  if (!found.copy && found.number != 0 && is_patient(file, found.unreadable, found.number)) return false;
  const bool is_moving = found.is_moving && is_patient(file);
  if (!found.copy && (is_moving || (had_path && is_disturbed(directory_of(path))))) {
    enqueue(file);  // a copy may just have got another name, or will be nobody else's in a moment
    return false;
  }
  if (found.copy && found.copy->is_short && !send_off(context)) return false;
  const Identity identity = file.saved.identity;
  files_.close(file);
  files_.detach_path(file);
  files_.detach_identity(file);
  File* next = nullptr;
  if (had_path && is_wanted(path)) {
    next = &files_.add(path, identity);
    know_beginning(*next);
    newcomers_.push_back(next->source);
  }
  file.seen = file.read;
  file.holds_event = false;
  file.unclear_since.reset();
  if (found.copy) {
    go_on_in(file, std::move(*found.copy));
    if (next != nullptr) go_after(*next, file, true);
  } else {
    report_lost(file, "was cut");
    finished(file);
  }
  if (next != nullptr) enqueue(*next);
  order_newcomers();
  return true;
}

void Follower::report_lost(const File& file, std::string_view what) {
  const std::uint64_t until = std::max(file.read, file.seen);
  if (file.saved.size <= until || file.saved.packing != Packing::none) return;
  report_("bytes_lost", fmt::format("{} {}, and {} bytes that had not been read yet are in no copy of it",
                                    file.saved.path, what, file.saved.size - until));
}

// Passes on all that has been read. False if the pipeline takes no more.
bool Follower::send_off(const flow::Context& context) {
  reader_.leave();
  if (!failure_) failure_ = lines_.flush(context);
  return !failure_;
}

// Something that decides what becomes of the file cannot be read: whether to wait for it, and look again. That is said
// once, and so is the end of it.
bool Follower::is_patient(File& file, const std::string& path, int number) {
  report_once(path, system_error(fmt::format("cannot read {}", path), number));
  if (is_patient(file)) return true;
  report_("cannot_read", fmt::format("{} cannot be read, and {} waits for it no longer: lines that are in both files "
                                     "may be read twice",
                                     path, file.saved.path));
  return false;
}

bool Follower::is_patient(File& file) {
  if (!options_.follow) return true;  // the error ends the run
  const auto now = SteadyClock::now();
  if (!file.unclear_since) file.unclear_since = now;
  if (now - *file.unclear_since < options_.timing.patience) {
    set_timer(file, now + options_.timing.first_retry);
    return true;
  }
  file.unclear_since.reset();
  return false;
}

}  // namespace sluice::stages::follow
