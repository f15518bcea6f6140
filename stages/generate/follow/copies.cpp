// Looking for the copy in which a text goes on that is no longer where it was.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"

namespace sluice::stages::follow {
namespace {

bool is_generation_of(const std::string& path, const std::string& former) {
  const std::vector<std::string> names = former_names(path);
  return std::ranges::find(names, former) != names.end();
}

}  // namespace

// Whether the open file is what is known of `file`.
Match Follower::is_still(const flow::Context& context, int fd, const File& file) {
  const Packing packing = file.saved.packing;
  return packing == Packing::none ? holds(fd, text_of(file)) : unpacks_to(context, fd, packing, text_of(file));
}

// Looks for a copy: among those that were compared with the file while it was there; and beside it, where it was before
// it was renamed at last, if it was. What little is known of a short file may fit several: the oldest is its copy then,
// and the others are what was written later.
Follower::Found Follower::find_copy(const flow::Context& context, const File& file) {
  Found found;
  for (const File* const known : files_.copies_of(file)) consider_known(file, *known, found);
  if (found.copy || found.is_moving || file.saved.text.head.length == 0) return found;
  const std::string former = file.former_path.empty() ? file.saved.path : file.former_path;
  const std::string prefix = stem_of(former);
  std::vector<Name> names;
  list_files(context, directory_of(former), names);
  for (const Name& name : names) {
    if (context.done()) return {};
    if (!name.path.starts_with(prefix)) continue;
    if (const int number = consider(context, file, name.path, found);
        number != 0 && is_generation_of(name.path, former)) {
      found.unreadable = name.path;
      found.number = number;
    }
  }
  // While others were looked at, it may have been found to be another's.
  const File* const known = found.copy ? files_.with(found.copy->identity) : nullptr;
  if (known != nullptr && !known->fresh) found.copy.reset();
  return found;
}

// A copy that was compared with the file: it begins as the file did, but may end before what has been read.
void Follower::consider_known(const File& file, const File& known, Found& found) {
  if (!known.fresh || (found.copy && !found.copy->is_short)) return;
  Copy copy{known.saved.path, known.saved.identity, known.modified, Packing::none, open_to_read(known.saved.path)};
  const std::optional<Status> status = copy.fd ? status_of(copy.fd) : std::nullopt;
  Match match = Match::unreadable;
  if (status && status->identity == known.saved.identity) {
    match = holds(copy.fd.get(), {known.saved.text.head, {}, 0});
    copy.is_short = status->size < file.read;
    if (match == Match::same && !copy.is_short) match = holds(copy.fd.get(), {{}, file.tail, file.read});
  } else if (status || errno == ENOENT) {
    found.is_moving = found.is_moving || known.has_path;
    if (known.has_path) dirty_.insert(directory_of(known.saved.path));
    return;
  }
  if (match == Match::same) found.copy = std::move(copy);
  if (match != Match::unreadable) return;
  found.number = errno;
  found.unreadable = known.saved.path;
}

// What is at `path`, if that is a copy of this one that nobody has read yet, and older than what was found before. An
// error number if it cannot be told.
int Follower::consider(const flow::Context& context, const File& file, const std::string& path, Found& found) {
  const std::optional<Status> status = status_of(path);
  if (!status || !status->is_regular) return 0;
  Copy copy{path, status->identity, status->modified, packing_by_name(path), open_to_read(path)};
  const int number = errno;
  const File* known = files_.with(status->identity);
  if (known == &file) return 0;
  if (!copy.fd) return number != ENOENT && (known == nullptr || known->fresh) ? number : 0;
  if (known != nullptr && !known->fresh && !known->being_cut) {
    if (is_still(context, copy.fd.get(), *known) != Match::differs) return 0;
    cut(context, *files_.with(status->identity));  // its inode is used again
    known = files_.with(status->identity);
  }
  const bool is_anothers = known != nullptr && known->copy_of != 0 && known->copy_of != file.source;
  if (known != nullptr && (known->saved.skipped || is_anothers)) return 0;
  if (!is_packed(copy.fd.get(), copy.packing)) copy.packing = Packing::none;
  const Match match = copy.packing == Packing::none ? holds(copy.fd.get(), text_of(file))
                                                    : unpacks_to(context, copy.fd.get(), copy.packing, text_of(file));
  if (match == Match::unreadable) return errno;
  if (match == Match::differs || (file.read == 0 && was_read_as_another(context, copy))) return 0;
  if (known != nullptr && (!known->fresh || known->being_cut)) {
    found.is_moving = true;  // it is nobody's as soon as the one that it was has been cut
    return 0;
  }
  const bool is_first = !found.copy || is_older(copy.modified, path, found.copy->modified, found.copy->path);
  if (is_first) found.copy = std::move(copy);
  return 0;
}

// One of which nothing was read has no claim to what another one was read from.
bool Follower::was_read_as_another(const flow::Context& context, const Copy& copy) {
  bool found = false;
  files_.for_each([&](const File& each) {
    if (found || each.read == 0 || each.saved.text.head.length == 0) return;
    const Match match = copy.packing == Packing::none ? holds(copy.fd.get(), text_of(each))
                                                      : unpacks_to(context, copy.fd.get(), copy.packing, text_of(each));
    found = match == Match::same;
  });
  return found;
}

// The text goes on in this copy.
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
  if (copy.packing != Packing::none) return;
  const std::uint64_t size = status_of(file.fd).value_or(Status()).size;
  if (file.saved.text.head.length > size) files_.set_head(file, head_of(file.fd.get(), size));
  if (copy.is_short) files_.set_start(file, {file.saved.text.head, tail_of(file.fd.get(), size), size});
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
  files_.set_copy_of(original, 0);
  if (fd) files_.opened(original, std::move(fd));
  original.modified = modified;
  original.replaced = true;
  original.fresh = original.holds_event = original.troubled = false;
  original.seen = original.read;
  original.quiet_since.reset();
  original.unclear_since.reset();
  original.after = std::move(after);
  std::erase(original.after, original.source);
  for (const std::uint64_t source : original.after) {
    if (File* const earlier = files_.find(source)) earlier->followers.push_back(original.source);
  }
  for (const std::uint64_t source : followers) {
    if (source == original.source) continue;
    original.followers.push_back(source);
    if (File* const follower = files_.find(source)) std::ranges::replace(follower->after, was, original.source);
  }
  enqueue(original);
}

}  // namespace sluice::stages::follow
