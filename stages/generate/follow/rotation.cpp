// Copies: what copytruncate and compressing leave of a file goes on as that file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::optional<std::uint64_t> size_of(const Descriptor& fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

// Whether two files have the same bytes there; few enough to be looked at.
bool are_same(int left, int right, std::uint64_t begin, std::size_t size) {
  std::array<char, kHeadBytes> a;
  std::array<char, kHeadBytes> b;
  const auto whole = static_cast<long>(size);
  return read_at(left, std::span(a).first(size), begin) == whole &&
         read_at(right, std::span(b).first(size), begin) == whole &&
         std::equal(a.begin(), a.begin() + whole, b.begin());
}

}  // namespace

// Whether a file that nobody has looked at yet is to be read from its beginning. If not, it waits, or is no more.
bool Follower::is_itself(const flow::Context& context, File& file) {
  // Asked now, not when it was opened: it may have been empty then.
  const Packing packing = packing_by_name(file.saved.path);
  if (file.saved.packing == Packing::none && is_packed(file.fd.get(), packing))
    files_.set_packing(file, packing, false);
  if (file.saved.packing != Packing::none) return is_packed_itself(context, file);
  errno = 0;
  if (!holds(file.fd.get(), {file.saved.text.head, {}, 0})) {
    if (errno != 0) {
      trouble(file, errno);
      return false;
    }
    cut(context, file);  // it was, between being found and having its turn
    return false;
  }
  const std::uint64_t size = size_of(file.fd).value_or(0);
  if (size == 0) return true;
  if (options_.follow && packing != Packing::none && size < kMagicBytes) {
    caught_up(file);  // there is more to come
    return false;
  }
  if (File* const original = gone_original(file, size)) {
    adopt(*original, file);
    return false;
  }
  if (was_read_beyond(file, size)) {
    start_at_end(file);
    return true;
  }
  File* const original = options_.follow && !file.deleted ? live_original(file) : nullptr;
  errno = 0;
  if (original != nullptr && !holds(original->fd.get(), text_of(*original)) && errno == 0) {
    // It has been cut, and whether this is its copy is found out at once: others may wait for either.
    enqueue(file);
    cut(context, *original);
    return false;
  }
  if (original != nullptr && is_copy(*original, file, size)) {
    const auto now = SteadyClock::now();
    if (!file.quiet_since || file.last_size != size) {
      file.quiet_since = now;
      file.last_size = size;
    }
    // If its original is cut soon, it is what is left of that. If not, it is a file of its own.
    if (now - *file.quiet_since < options_.timing.copying) {
      set_timer(file, *file.quiet_since + options_.timing.copying);
      caught_up(file);
      return false;
    }
  }
  file.quiet_since.reset();
  file.fresh = false;
  return true;
}

// A file that is gone, but has come back under another name or inode. Short ones are more likely to be alike than
// copied.
File* Follower::gone_original(const File& copy, std::uint64_t size) {
  std::map<std::uint32_t, Fingerprint> heads;
  File* best = nullptr;
  for (const std::uint64_t source : files_.gone()) {
    File* const file = files_.find(source);
    const Text text = text_of(*file);
    const bool is_back = file->saved.identity == copy.saved.identity;
    const bool is_elsewhere = text.offset >= kTailBytes && file->saved.path != copy.saved.path;
    if (text.head.length == 0 || text.offset > size || file->saved.packing != Packing::none) continue;
    if ((!is_back && !is_elsewhere) || (best != nullptr && best->read >= file->read)) continue;
    const auto [head, is_new] = heads.try_emplace(text.head.length);
    if (is_new) head->second = head_of(copy.fd.get(), text.head.length);
    if (head->second == text.head && holds(copy.fd.get(), text)) best = file;
  }
  return best;
}

// Whether it is the copy of a file that was cut after more of it had been read than was copied: what is in the copy has
// been read. How it ends cannot be compared, so its name and all of its head must be right.
bool Follower::was_read_beyond(const File& copy, std::uint64_t size) {
  const std::vector<std::string> names = former_names(copy.saved.path);
  return std::ranges::any_of(files_.gone(), [&](std::uint64_t source) {
    const File* const file = files_.find(source);
    const Text text = text_of(*file);
    return text.offset > size && text.head.length == kHeadBytes && file->saved.packing == Packing::none &&
           std::ranges::find(names, file->saved.path) != names.end() && holds(copy.fd.get(), {text.head, {}, 0});
  });
}

// A file that is still there, and which this one might be a copy of: copytruncate is at work, or was. It is open.
File* Follower::live_original(const File& copy) {
  for (const std::string& path : former_names(copy.saved.path)) {
    File* const file = files_.at_path(path);
    if (file == nullptr || file == &copy || file->fresh || file->read == 0) continue;
    if (file->saved.packing == Packing::none && ensure_open(*file)) return file;
  }
  return nullptr;
}

bool Follower::is_copy(const File& original, const File& copy, std::uint64_t size) const {
  if (size > size_of(original.fd).value_or(0)) return false;
  const std::size_t tail = std::min<std::uint64_t>(size, kTailBytes);
  return are_same(original.fd.get(), copy.fd.get(), 0, std::min<std::uint64_t>(size, kHeadBytes)) &&
         are_same(original.fd.get(), copy.fd.get(), size - tail, tail);
}

// The copy is the original from now on.
void Follower::adopt(File& original, File& copy) {
  reader_.leave();
  const std::string path = copy.saved.path;
  const Identity identity = copy.saved.identity;
  const Packing packing = copy.saved.packing;
  const std::int64_t modified = copy.modified;
  const std::uint64_t was = copy.source;
  std::vector<std::uint64_t> after = std::move(copy.after);
  Descriptor fd = files_.release(copy);
  std::vector<std::uint64_t> followers = std::move(copy.followers);
  forget_timer(copy);
  forget_timer(original);
  held_.erase(copy.source);
  files_.erase(copy);
  files_.revive(original, path, identity);
  files_.set_packing(original, packing, false);
  if (fd) files_.opened(original, std::move(fd));
  original.modified = modified;
  original.replaced = true;
  original.fresh = original.holds_event = original.troubled = false;
  original.seen = original.read;
  original.after = std::move(after);
  std::erase(original.after, original.source);
  for (const std::uint64_t source : original.after) {
    if (File* const earlier = files_.find(source)) earlier->followers.push_back(original.source);
  }
  original.quiet_since.reset();
  original.followers.insert(original.followers.end(), followers.begin(), followers.end());
  for (const std::uint64_t source : followers) {
    if (File* const follower = files_.find(source)) std::ranges::replace(follower->after, was, original.source);
  }
  enqueue(original);
}

// Its content is gone from under its name: it was cut, and perhaps written anew. What was copied before is looked for;
// the rest is another file. False if it must be looked at again, since names are changing.
bool Follower::cut(const flow::Context& context, File& file) {
  if (std::exchange(file.being_cut, true)) return true;
  std::optional<Copy> copy = find_copy(context, file);
  file.being_cut = false;
  if (context.done()) return false;  // it may be that nobody looked closely enough
  const std::string path = file.saved.path;
  const Identity identity = file.saved.identity;
  const bool had_path = file.has_path;
  if (!copy && had_path && is_disturbed(directory_of(path))) {
    enqueue(file);  // a copy may just have got another name
    return false;
  }
  files_.close(file);
  files_.detach_path(file);
  files_.detach_identity(file);
  File* next = nullptr;
  if (had_path && is_wanted(path)) {
    next = &files_.add(path, identity);
    newcomers_.push_back(next->source);
  }
  file.seen = file.read;
  file.holds_event = false;
  if (copy) {
    go_on_in(file, std::move(*copy));
    if (next != nullptr) go_after(*next, file, true);
  } else {
    if (file.saved.size > file.read && file.saved.packing == Packing::none) {
      report_("bytes_lost", fmt::format("{} was cut, and {} bytes that had not been read yet are in no copy of it",
                                        path, file.saved.size - file.read));
    }
    finished(file);
  }
  if (next != nullptr) enqueue(*next);
  order_newcomers();
  return true;
}

// Looks for a copy beside it, where it was before it was renamed at last, if it was. What little is known of a short
// file may fit several: the oldest is its copy then, and the others are what was written later.
std::optional<Follower::Copy> Follower::find_copy(const flow::Context& context, const File& file) {
  if (file.saved.text.head.length == 0) return std::nullopt;
  const std::string former = file.former_path.empty() ? file.saved.path : file.former_path;
  const std::string prefix = stem_of(former);
  std::vector<Name> names;
  list_files(context, directory_of(former), names);
  std::optional<Copy> best;
  for (const Name& name : names) {
    if (context.done()) return std::nullopt;
    if (!name.path.starts_with(prefix)) continue;
    std::optional<Copy> copy = copy_at(context, file, name.path);
    if (copy && (!best || is_older(copy->modified, name.path, best->modified, best->path))) best = std::move(copy);
  }
  // While others were looked at, it may have been found to be another's.
  const File* const known = best ? files_.with(best->identity) : nullptr;
  return known == nullptr || known->fresh ? std::move(best) : std::nullopt;
}

void Follower::go_on_in(File& file, Copy copy) {
  File* known = files_.with(copy.identity);
  if (known == nullptr) {
    known = &files_.add(copy.path, copy.identity);
    known->after = file.after;  // its place in the order; one that was known before has its own
    known->modified = copy.modified;
    if (!selection_.wants(copy.path)) adopted_.insert(copy.path);
  }
  files_.set_packing(*known, copy.packing, false);
  files_.opened(*known, std::move(copy.fd));
  file.former_path.clear();
  adopt(file, *known);
}

// Whether the open file is what is known of `file`.
bool Follower::is_still(const flow::Context& context, int fd, const File& file) {
  const Packing packing = file.saved.packing;
  return packing == Packing::none ? holds(fd, text_of(file)) : unpacks_to(context, fd, packing, text_of(file));
}

// What is at `path`, if that is a copy of this one that nobody has read yet.
std::optional<Follower::Copy> Follower::copy_at(const flow::Context& context, const File& file,
                                                const std::string& path) {
  const std::optional<Status> status = status_of(path);
  if (!status || !status->is_regular) return std::nullopt;
  Copy copy{path, status->identity, status->modified, packing_by_name(path), {}};
  copy.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!copy.fd) return std::nullopt;
  const File* known = files_.with(status->identity);
  errno = 0;
  if (known != nullptr && known != &file && !known->fresh && !is_still(context, copy.fd.get(), *known) && errno == 0) {
    cut(context, *files_.with(status->identity));  // its inode is used again
    known = files_.with(status->identity);
  }
  if (known != nullptr && (!known->fresh || known->saved.skipped)) return std::nullopt;
  if (!is_packed(copy.fd.get(), copy.packing)) copy.packing = Packing::none;
  const bool matches = copy.packing == Packing::none ? holds(copy.fd.get(), text_of(file))
                                                     : unpacks_to(context, copy.fd.get(), copy.packing, text_of(file));
  return matches ? std::optional(std::move(copy)) : std::nullopt;
}

}  // namespace sluice::stages::follow
