#include "daemon/undo_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "daemon/atomic_file.hpp"
#include "daemon/checksum.hpp"

namespace sluice::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "journal.";

// A path as one word: no spaces, no line ends.
std::string escaped(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '%' || byte == 0x7f) {
      text += fmt::format("%{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ec == std::errc()) {
      path += static_cast<char>(byte);
      i += 2;
    } else {
      path += text[i];
    }
  }
  return path;
}

struct Note {
  bool is_rename = false;
  stages::FileIdentity file;
  std::uint64_t size = 0;
  bool created = false;
  std::string path;
  std::string new_path;  // of a rename
};

// Nothing if the line is not whole.
std::optional<Note> read_note(std::string_view line) {
  constexpr std::size_t kChecksum = 8;
  if (line.size() < kChecksum + 1 || checksum(line.substr(kChecksum + 1)) != line.substr(0, kChecksum)) return {};
  std::vector<std::string> words;
  std::istringstream stream{std::string(line.substr(kChecksum + 1))};
  for (std::string word; stream >> word;) words.push_back(word);
  if (words.size() < 6) return {};
  Note note;
  note.is_rename = words[0] == "rename";
  if (note.is_rename != (words.size() == 7) || (!note.is_rename && words[0] != "extend")) return {};
  const auto number = [](const std::string& text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  note.file = {number(words[1]), number(words[2])};
  note.size = number(words[3]);
  note.created = words[4] == "1";
  note.path = unescaped(words[5]);
  if (note.is_rename) note.new_path = unescaped(words[6]);
  return note;
}

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

bool is_same(const std::optional<struct stat>& status, const stages::FileIdentity& file) {
  return status && status->st_dev == file.device && status->st_ino == file.inode;
}

using Report = std::function<void(const std::string& sentence)>;

flow::Error undo_extend(const Note& note, const Report& report) {
  // stat(): the writer may have opened it through a symbolic link.
  struct stat found {};
  const bool there = ::stat(note.path.c_str(), &found) == 0;
  if (!there || !is_same(found, note.file)) {
    if (!note.created) {
      report(
          fmt::format("{} was moved or replaced since the last checkpoint; lines that were written to it after that "
                      "checkpoint may be written again",
                      note.path));
    }
    return {};
  }
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (size < note.size) {
    report(fmt::format("{} has {} bytes, but had {} at the last checkpoint: somebody else has cut it", note.path, size,
                       note.size));
    return {};
  }
  const int failed =
      note.created ? ::unlink(note.path.c_str()) : ::truncate(note.path.c_str(), static_cast<off_t>(note.size));
  if (failed != 0) {
    return stages::system_error(fmt::format("cannot cut {} back to the last checkpoint", note.path), errno);
  }
  return {};
}

flow::Error undo_rename(const Note& note, const Report& report) {
  if (!is_same(status_of(note.new_path), note.file)) return {};  // it had not been renamed yet
  const std::optional<struct stat> other = status_of(note.path);
  // Empty: the new file had been opened, and was not noted yet.
  const bool is_new = other && S_ISREG(other->st_mode) && other->st_size == 0;
  if (is_new && ::unlink(note.path.c_str()) != 0) {
    return stages::system_error(fmt::format("cannot remove {}", note.path), errno);
  }
  if (other && !is_new) {
    report(fmt::format("{} cannot be renamed back to {}, since there is another file of that name", note.new_path,
                       note.path));
    return {};
  }
  if (::rename(note.new_path.c_str(), note.path.c_str()) != 0) {
    return stages::system_error(fmt::format("cannot rename {} back to {}", note.new_path, note.path), errno);
  }
  return {};
}

}  // namespace

UndoJournal::UndoJournal(std::string directory, bool continues)
    : directory_(std::move(directory)), continues_(continues) {}

std::string UndoJournal::path(std::uint64_t epoch) const { return fmt::format("{}/{}{}", directory_, kPrefix, epoch); }

flow::Error UndoJournal::begin(std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  failed_ = false;
  Open next;
  next.epoch = epoch;
  const std::string name = path(epoch);
  next.file.reset(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (!next.file) return stages::system_error(fmt::format("cannot write {}", name), errno);
  if (current_.file && current_.epoch != epoch) {
    before_.push_back(std::move(current_));
    next.removals = std::exchange(removals_, {});
    making_ = true;
  } else {
    next.removals = std::move(current_.removals);
  }
  current_ = std::move(next);
  return {};
}

void UndoJournal::commit() {
  const std::lock_guard lock(mutex_);
  making_ = false;
  for (const Open& each : std::exchange(before_, {})) ::unlink(path(each.epoch).c_str());
  for (const std::string& each : std::exchange(current_.removals, {})) ::unlink(each.c_str());
}

void UndoJournal::abort() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(making_, false)) return;
  ::unlink(path(current_.epoch).c_str());
  removals_.insert(removals_.begin(), current_.removals.begin(), current_.removals.end());
  current_ = std::move(before_.back());
  before_.pop_back();
}

void UndoJournal::doubt() {
  const std::lock_guard lock(mutex_);
  making_ = false;
  const std::vector<std::string> removals = std::exchange(current_.removals, {});
  removals_.insert(removals_.begin(), removals.begin(), removals.end());
}

bool UndoJournal::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

flow::Error UndoJournal::write_line(Open& journal, const std::string& line, bool durable) {
  const int fd = journal.file.get();
  const off_t begin = ::lseek(fd, 0, SEEK_END);
  const std::string text = journal.torn ? "\n" + line : line;
  for (std::string_view left = text; !left.empty();) {
    const ssize_t count = ::write(fd, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int number = errno;
      // Half a line would swallow the next one.
      journal.torn = ::ftruncate(fd, begin) != 0 || journal.torn;
      return stages::system_error(fmt::format("cannot write {}", path(journal.epoch)), number);
    }
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  journal.torn = false;
  if (durable && ::fdatasync(fd) != 0) return stages::system_error(path(journal.epoch), errno);
  return {};
}

flow::Error UndoJournal::note(std::string_view text, bool durable) {
  const std::string line = fmt::format("{} {}\n", checksum(text), text);
  const std::lock_guard lock(mutex_);
  flow::Error error = write_line(current_, line, durable);
  if (!making_) {
    for (Open& each : before_) {
      if (!error) error = write_line(each, line, durable);
    }
  }
  failed_ = failed_ || error;
  return error;
}

flow::Error UndoJournal::will_extend(const std::string& path, const stages::OpenFile& file, bool created,
                                     bool durable) {
  return note(fmt::format("extend {} {} {} {} {}", file.identity.device, file.identity.inode, file.size,
                          created ? 1 : 0, escaped(path)),
              durable);
}

flow::Error UndoJournal::will_rename(const std::string& from, const std::string& to, const stages::FileIdentity& file,
                                     bool durable) {
  return note(fmt::format("rename {} {} 0 0 {} {}", file.device, file.inode, escaped(from), escaped(to)), durable);
}

void UndoJournal::remove_later(const std::string& path) {
  const std::lock_guard lock(mutex_);
  removals_.push_back(path);
}

flow::Error undo_to_checkpoint(const flow::Context& context, const std::string& directory, std::uint64_t epoch,
                               const Report& report) {
  const std::string wanted = fmt::format("{}{}", kPrefix, epoch);
  std::string text;
  bool exists = false;
  if (flow::Error error = read_file(context, directory + "/" + wanted, text, exists)) return error;
  std::vector<Note> notes;
  for (std::string_view left = text; left.find('\n') != std::string_view::npos;) {
    const std::size_t end = left.find('\n');
    if (std::optional<Note> note = read_note(left.substr(0, end))) notes.push_back(std::move(*note));
    left.remove_prefix(end + 1);
  }
  std::ranges::reverse(notes);
  for (const Note& note : notes) {
    if (context.done()) return context.cause();
    if (flow::Error error = note.is_rename ? undo_rename(note, report) : undo_extend(note, report)) return error;
  }
  std::error_code ignored;
  for (fs::directory_iterator entry(directory, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kPrefix) && name != wanted) ::unlink(entry->path().c_str());
  }
  return {};
}

}  // namespace sluice::daemon
