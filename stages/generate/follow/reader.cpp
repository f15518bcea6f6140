#include "stages/generate/follow/reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kWorthReadingAhead = 1024 * 1024;

Visit failure(int number) { return {Outcome::failed, number, {}}; }

// After a check of the content that was not passed. One that could not read says nothing about the content.
Visit failed(Match match) { return match == Match::unreadable ? failure(errno) : Visit{Outcome::cut, 0, {}}; }

std::string_view last_bytes(std::string_view text) {
  return text.substr(text.size() - std::min(text.size(), kTailBytes));
}

}  // namespace

void FileReader::leave() {
  if (current_ == 0) return;
  lines_.leave_stream();
  current_ = 0;
}

void FileReader::trim_window() {
  if (window_.size() > kTailBytes) window_.erase(0, window_.size() - kTailBytes);
}

// The bytes before file.read, if they are those that were read there.
Match FileReader::load_window(File& file) {
  std::array<char, kTailBytes> bytes;
  const std::size_t length = std::min<std::uint64_t>(bytes.size(), file.read);
  const long count = read_at(file.fd.get(), std::span(bytes).first(length), file.read - length);
  if (count < 0) return Match::unreadable;
  if (count != static_cast<long>(length)) return Match::differs;
  window_.assign(bytes.data(), length);
  const bool is_known = file.tail.length > 0 && file.tail.length <= length;
  if (is_known && fingerprint(std::string_view(window_).substr(length - file.tail.length)) != file.tail) {
    return Match::differs;
  }
  const Fingerprint& head = file.saved.text.head;
  // More of what came first may be known than was read.
  if (head.length > length || !is_known) return holds(file.fd.get(), {head, {}, 0});
  return Match::same;
}

// The first bytes, if they are not all known yet. Whether they are its own shows when it is_same() later on.
Match FileReader::load_head(File& file) {
  const Fingerprint& known = file.saved.text.head;
  head_.clear();
  grows_head_ = known.length < kHeadBytes;
  if (!grows_head_ || file.read == 0) return Match::same;
  head_.resize(std::min<std::uint64_t>(kHeadBytes, file.read));
  if (file.saved.packing != Packing::none) {
    Unpacker again(file.saved.packing);
    Unpacker::Status status{};
    grows_head_ = again.read(file.fd.get(), head_, status) == head_.size();
    return Match::same;
  }
  const long count = read_at(file.fd.get(), head_, 0);
  if (count < 0) return Match::unreadable;
  if (count != static_cast<long>(head_.size())) return Match::differs;
  if (known.length > head_.size()) return Match::same;
  return fingerprint(std::string_view(head_).substr(0, known.length)) == known ? Match::same : Match::differs;
}

// Whether the bytes before at_ are still there. To be asked after what follows them was read: had it been cut and
// written anew before, they would be others. Where nothing was read yet, what is known of the beginning says it.
Match FileReader::is_same(const File& file) const {
  std::array<char, kTailBytes> bytes;
  const long count = read_at(file.fd.get(), std::span(bytes).first(window_.size()), at_ - window_.size());
  if (count < 0) return Match::unreadable;
  const bool same =
      count == static_cast<long>(window_.size()) && std::memcmp(bytes.data(), window_.data(), window_.size()) == 0;
  const Fingerprint& head = file.saved.text.head;
  if (!same || at_ >= head.length) return same ? Match::same : Match::differs;
  return holds(file.fd.get(), {head, {}, 0});
}

// Looks for a line end among the bytes that nobody has looked at, so that a long line that is written bit by bit is
// not read from its beginning each time.
bool FileReader::has_line_end(const flow::Context& context, File& file, std::uint64_t size) {
  std::vector<char> bytes(std::min<std::uint64_t>(64 * 1024, size - file.seen));
  while (!context.done()) {
    const long count = read_at(file.fd.get(), bytes, file.seen);
    if (count <= 0) return false;
    if (std::memchr(bytes.data(), '\n', static_cast<std::size_t>(count)) != nullptr) return true;
    file.seen += static_cast<std::uint64_t>(count);
  }
  return false;
}

// Gets to where reading stopped; as begin().
Visit FileReader::begin_packed(const flow::Context& context, File& file) {
  struct stat status {};
  if (::fstat(file.fd.get(), &status) != 0) return failure(errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!file.unpacker) {
    const Match match = unpacks_to(context, file.fd.get(), file.saved.packing, {file.saved.text.head, {}, 0});
    if (match != Match::same) return failed(match);
  }
  if (file.saved.complete && file.saved.size == size) return {};
  files_.set_size(file, size);
  if (!file.unpacker || file.unpacker->position() > file.read) {
    file.unpacker = std::make_unique<Unpacker>(file.saved.packing);
  }
  std::vector<char> bytes(64 * 1024);
  while (file.unpacker->position() < file.read) {
    if (context.done()) return {Outcome::stopped, 0, {}};
    const std::size_t wanted = std::min<std::uint64_t>(bytes.size(), file.read - file.unpacker->position());
    Unpacker::Status unpacked{};
    const std::size_t count = file.unpacker->read(file.fd.get(), std::span(bytes).first(wanted), unpacked);
    if (count == wanted) continue;
    if (unpacked == Unpacker::Status::failed) return failure(errno);
    return unpacked == Unpacker::Status::broken ? failure(EILSEQ) : Visit{Outcome::waiting, 0, {}};
  }
  window_ = file.unpacker->window();
  load_head(file);
  return {Outcome::more, 0, {}};
}

// As begin().
Visit FileReader::begin_plain(const flow::Context& context, File& file) {
  struct stat status {};
  if (::fstat(file.fd.get(), &status) != 0) return failure(errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < file.read) return failed(Match::differs);
  if (const Match match = load_window(file); match != Match::same) return failed(match);
  files_.set_size(file, size);
  if (size < file.seen) file.seen = file.read;  // only of the unfinished line something is gone
  if (size == file.seen) return {};
  if (file.seen > file.read && !has_line_end(context, file, size)) return {};
  if (const Match match = load_head(file); match != Match::same) return failed(match);
  if (size - file.read >= kWorthReadingAhead) ::posix_fadvise(file.fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return {Outcome::more, 0, {}};
}

// Opens the stream, if there is something to read; otherwise the outcome says why not.
Visit FileReader::begin(const flow::Context& context, File& file) {
  leave();
  if (file.saved.packing != Packing::none || verify_) {
    Visit visit = file.saved.packing != Packing::none ? begin_packed(context, file) : begin_plain(context, file);
    if (visit.outcome != Outcome::more) return visit;
  } else {
    ::posix_fadvise(file.fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  lines_.begin_stream(file.source, file.read);
  at_ = file.read;
  current_ = file.source;
  return {Outcome::more, 0, {}};
}

Visit FileReader::read(const flow::Context& context, File& file, std::size_t turn) {
  if (current_ != file.source) {
    if (Visit visit = begin(context, file); visit.outcome != Outcome::more) return visit;
  }
  Visit visit = pump(context, file, turn);
  if (visit.outcome == Outcome::end || visit.outcome == Outcome::waiting) file.seen = at_;
  if (visit.outcome != Outcome::more) {
    file.holds_event = lines_.holds_event();
    leave();
  }
  return visit;
}

Visit FileReader::let_go(const flow::Context& context, File& file) {
  file.seen = file.read;
  Visit visit = begin(context, file);
  if (visit.outcome != Outcome::more) return visit;
  visit = pump(context, file, std::numeric_limits<std::size_t>::max());
  if (visit.outcome == Outcome::end || visit.outcome == Outcome::waiting) {
    file.seen = at_;
    if (lines_.holds_event()) {
      if (flow::Error error = lines_.let_go(context)) return {Outcome::stopped, 0, std::move(error)};
    }
    file.read = lines_.taken();
    note_tail(file);
    note_head(file);
  }
  file.holds_event = false;
  leave();
  return visit;
}

// Bytes of the file into the room; 0 and the outcome if there are none.
long FileReader::read_some(File& file, std::span<char> room, Visit& visit) {
  if (!file.unpacker) {
    const ssize_t count = ::pread(file.fd.get(), room.data(), room.size(), static_cast<off_t>(at_));
    if (count < 0) visit = failure(errno);
    return std::max<ssize_t>(count, 0);
  }
  Unpacker::Status status{};
  const std::size_t count = file.unpacker->read(file.fd.get(), room, status);
  if (count == 0 && status == Unpacker::Status::failed) visit = failure(errno);
  if (count == 0 && status == Unpacker::Status::broken) visit = failure(EILSEQ);
  if (count == 0 && status == Unpacker::Status::incomplete) visit.outcome = Outcome::waiting;
  return static_cast<long>(count);
}

Visit FileReader::pump(const flow::Context& context, File& file, std::size_t turn) {
  const std::uint64_t began = at_;
  const std::uint64_t taken = file.read;
  while (!context.done()) {
    if (flow::Error error = lines_.make_room(context)) return {Outcome::stopped, 0, std::move(error)};
    const std::span<char> room = lines_.room();
    Visit visit;
    const long count = read_some(file, room, visit);
    if (visit.outcome == Outcome::failed && visit.number == EINTR) continue;
    if (count == 0) return visit;
    if (is_disturbed_(file)) return {Outcome::disturbed, 0, {}};
    const Match match = verify_ && !file.unpacker ? is_same(file) : Match::same;
    if (match != Match::same) return failed(match);
    const auto now = SteadyClock::now();
    lines_.commit(static_cast<std::size_t>(count), now);
    note(file, {room.data(), static_cast<std::size_t>(count)});
    if (lines_.due(now)) {
      if (flow::Error error = lines_.flush(context)) return {Outcome::stopped, 0, std::move(error)};
    }
    // Saves a read that would find nothing; a read may also be short before the end.
    if (verify_ && !file.unpacker && static_cast<std::size_t>(count) < room.size() && at_ >= file.saved.size)
      return visit;
    // A turn is not over in the midst of a line, however long, or nobody would ever come to its end.
    if (at_ - began >= turn && file.read > taken) return {Outcome::more, 0, {}};
  }
  return {Outcome::stopped, 0, {}};
}

// Takes note of what was read behind at_.
void FileReader::note(File& file, std::string_view bytes) {
  const std::uint64_t before = at_;
  at_ += bytes.size();
  const std::uint64_t taken = lines_.taken();
  if (!verify_ && !file.unpacker) {
    file.read = file.seen = taken;
    return;
  }
  if (grows_head_ && head_.size() < kHeadBytes) head_ += bytes.substr(0, kHeadBytes - head_.size());
  const bool has_moved = taken != file.read;
  file.read = taken;
  file.seen = std::max(file.seen, taken);
  if (taken > before) {
    const std::string_view whole = bytes.substr(0, taken - before);
    if (whole.size() < kTailBytes) {
      window_ += whole;
      file.tail = fingerprint(last_bytes(window_));
      window_ += bytes.substr(whole.size());
    } else {
      file.tail = fingerprint(last_bytes(whole));
      window_ += last_bytes(bytes);
    }
  } else {
    if (bytes.size() >= kTailBytes) window_.clear();
    window_ += last_bytes(bytes);
    if (has_moved) note_tail(file);
  }
  trim_window();
  note_head(file);
}

// The bytes before file.read, which is before at_: as they were read, or as they are if it is still the same text.
void FileReader::note_tail(File& file) {
  const std::uint64_t behind = at_ - file.read;
  const std::size_t length = std::min<std::uint64_t>(kTailBytes, file.read);
  if (behind + length <= window_.size()) {
    file.tail = fingerprint(std::string_view(window_).substr(window_.size() - behind - length, length));
  } else {
    file.tail = file.unpacker ? Fingerprint() : tail_of(file.fd.get(), file.read);
    trim_window();
    if (!file.unpacker && is_same(file) != Match::same) file.tail = {};
  }
}

void FileReader::note_head(File& file) {
  const std::size_t size = std::min<std::uint64_t>(head_.size(), file.read);
  if (!grows_head_ || file.saved.text.head.length >= size) return;
  files_.set_head(file, fingerprint(std::string_view(head_).substr(0, size)));
}

Visit FileReader::finish(const flow::Context& context, File& file) {
  Visit visit{Outcome::more, 0, {}};
  if (current_ != file.source) {
    file.seen = file.read;
    visit = begin(context, file);
  }
  if (visit.outcome != Outcome::more) return visit;
  visit = pump(context, file, std::numeric_limits<std::size_t>::max());
  const bool is_over = visit.outcome == Outcome::end || (visit.outcome == Outcome::failed && file.unpacker);
  if (!is_over) {
    leave();
    return visit;
  }
  if (flow::Error error = lines_.make_room(context)) return {Outcome::stopped, 0, std::move(error)};
  lines_.end_of_stream(SteadyClock::now());
  file.holds_event = false;
  current_ = 0;
  file.seen = file.read = lines_.taken();
  if (verify_ || file.unpacker) {
    file.tail = fingerprint(window_);
    note_head(file);
  }
  return visit;
}

}  // namespace sluice::stages::follow
