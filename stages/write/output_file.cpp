#include "stages/write/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "record/civil.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;

constexpr auto kFifoInterval = std::chrono::milliseconds(10);

std::string directory_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// The directories that must be synced when `directory`, and those above it that are missing, have been made.
std::vector<std::string> parents_without(std::string directory) {
  std::vector<std::string> parents;
  std::error_code error;
  while (!fs::exists(directory, error)) {
    std::string parent = directory_of(directory);
    if (parent == directory) break;
    parents.push_back(parent);
    directory = std::move(parent);
  }
  return parents;
}

bool is_fifo(const std::string& path) {
  std::error_code error;
  return fs::is_fifo(fs::status(path, error));
}

// A path in two, so that an old file's time stands before what tells programs how it is compressed.
struct Split {
  std::string stem;
  std::string extension;  // ".gz", ".zst" or nothing
};
Split split_path(const std::string& path) {
  for (const std::string_view extension : {".gz", ".zst"}) {
    if (path.ends_with(extension) && !path.ends_with("/" + std::string(extension))) {
      return {path.substr(0, path.size() - extension.size()), std::string(extension)};
    }
  }
  return {path, ""};
}

// 20261124T232645.123Z: sorts as the times do.
std::string compact(std::int64_t milliseconds) {
  const std::int64_t days = milliseconds / 86'400'000;
  const std::int64_t left = milliseconds % 86'400'000;
  const record::CivilDate date = record::civil_from_days(days);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}Z", date.year, date.month, date.day, left / 3'600'000,
                     left / 60'000 % 60, left / 1000 % 60, left % 1000);
}

bool is_compact(std::string_view text) {
  constexpr std::string_view kShape = "00000000T000000.000Z";
  return std::ranges::equal(
      text, kShape, [](char have, char want) { return want == '0' ? have >= '0' && have <= '9' : have == want; });
}

}  // namespace

flow::Error make_directory(const std::string& directory, const FileSettings& settings) {
  std::error_code error;
  if (settings.create_directories) {
    const std::vector<std::string> parents = parents_without(directory);
    fs::create_directories(directory, error);
    int number = error.value();
    for (const std::string& parent : parents) {
      if (number == 0 && settings.sync != SyncPolicy::none) number = sync_directory(parent);
    }
    if (number != 0) return system_error(fmt::format("cannot create the directory {}", directory), number);
  } else if (!fs::exists(directory, error)) {
    return {std::make_error_code(std::errc::no_such_file_or_directory),
            fmt::format("there is no directory {}; create it, or set `create_directories: true`", directory)};
  }
  return {};
}

OutputFile::OutputFile(std::string path, const FileSettings& settings, std::string_view preamble)
    : path_(std::move(path)), settings_(settings), preamble_(preamble) {}

flow::Error OutputFile::open_failure(int number) const {
  const std::string what = fmt::format("cannot open {} for writing", path_);
  if (number == ENOENT) {
    if (const flow::Error error = make_directory(directory_of(path_), {})) {
      return {error.code(), fmt::format("{}: {}", what, error.message())};
    }
  }
  if (number == EISDIR) {
    return {std::make_error_code(std::errc::is_a_directory),
            fmt::format("{}: is a directory; add a file name to `path`", what)};
  }
  return system_error(what, number);
}

flow::Error OutputFile::open_descriptor(const flow::Context& context, Content content, Descriptor& file) const {
  // O_NONBLOCK: neither opening nor writing a FIFO may hang where the context cannot interrupt it.
  const int flags =
      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (content == Content::remove ? O_TRUNC : 0);
  while (!context.done()) {
    file.reset(::open(path_.c_str(), flags, 0666));
    if (file) return {};
    // A FIFO that nobody reads yet: wait for a reader, as a blocking open() does. Nothing tells when one comes.
    if (errno == ENXIO && is_fifo(path_)) {
      context.wait_for(kFifoInterval);
    } else if (errno != EINTR) {
      return open_failure(errno);
    }
  }
  return context.cause();
}

flow::Error OutputFile::open(const flow::Context& context, Content content) {
  if (output_) return {};
  if (settings_.create_directories) {
    if (flow::Error error = make_directory(directory_of(path_), settings_)) return error;
  }
  std::error_code ignored;
  const bool created = !fs::exists(path_, ignored);
  Descriptor file;
  if (flow::Error error = open_descriptor(context, content, file)) return error;
  if (settings_.sync == SyncPolicy::interval) {
    shared_ = std::make_shared<Shared>();
    shared_->descriptor.reset(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
    if (!shared_->descriptor) return open_failure(errno);
  }
  output_.emplace(std::move(file), path_);
  return take_up(context, created);
}

flow::Error OutputFile::note(bool created) const {
  return note_extension(settings_.journal, path_, output_->fd(), created, settings_.sync != SyncPolicy::none);
}

// Looks at what is in the file, and begins it if there is nothing.
flow::Error OutputFile::take_up(const flow::Context& context, bool created) {
  if (settings_.compression != Compression::none) repair(output_->fd());
  struct stat status {};
  if (::fstat(output_->fd(), &status) != 0) return open_failure(errno);
  size_ = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  period_ = period({status.st_mtim.tv_sec, static_cast<std::uint32_t>(status.st_mtim.tv_nsec)});
  if (flow::Error error = note(created)) return error;
  if (created) {
    if (flow::Error error = sync_name()) return error;
  }
  if (size_ != 0 || preamble_.empty()) return {};
  Output::Result result = write(context, preamble_);
  if (result.error) cut_off(result.bytes);
  return std::move(result.error);
}

// A file that was made, and the one that was renamed to make room for it, are found again after a power failure.
flow::Error OutputFile::sync_name() const {
  if (settings_.sync == SyncPolicy::none || output_->kind() != DescriptorKind::regular) return {};
  const int number = sync_directory(directory_of(path_));
  return number == 0 ? flow::Error() : sync_failure(number);
}

void OutputFile::repair(int fd) {
  if (output_->kind() != DescriptorKind::regular) return;
  const Descriptor reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!reader || ::fstat(reader.get(), &status) != 0) return;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t whole = whole_compressed(reader.get(), size, settings_.compression);
  if (whole == size || ::ftruncate(fd, static_cast<off_t>(whole)) != 0) return;
  if (settings_.report) {
    settings_.report("cut_off", fmt::format("{} ended in the middle of a batch: its last {} bytes were removed", path_,
                                            size - whole));
  }
}

std::int64_t OutputFile::period(record::Timestamp time) const {
  const std::int64_t length = settings_.rotate.every.count();
  if (length == 0) return 0;
  return (time.seconds * 1'000'000'000 + time.nanoseconds) / length;
}

bool OutputFile::is_over() const {
  return settings_.rotate.every.count() != 0 && has_records() && output_->kind() == DescriptorKind::regular &&
         period(settings_.clock()) != period_;
}

std::uint64_t OutputFile::room() const {
  if (settings_.rotate.size == 0 || output_->kind() != DescriptorKind::regular) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return settings_.rotate.size - std::min(size_, settings_.rotate.size);
}

std::string OutputFile::rotated_path() const {
  const record::Timestamp now = settings_.clock();
  std::int64_t milliseconds = now.seconds * 1000 + now.nanoseconds / 1'000'000;
  const auto [stem, extension] = split_path(path_);
  std::string name;
  struct stat status {};
  do {
    name = fmt::format("{}.{}{}", stem, compact(milliseconds++), extension);
  } while (::lstat(name.c_str(), &status) == 0);
  return name;
}

void OutputFile::remove_oldest() const {
  if (settings_.rotate.keep == 0) return;
  const auto [stem, extension] = split_path(path_);
  const std::string begin = fs::path(stem).filename().string() + ".";
  std::vector<std::string> old;
  std::error_code error;
  for (fs::directory_iterator entry(directory_of(path_), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= begin.size() + extension.size() || !name.starts_with(begin) || !name.ends_with(extension)) {
      continue;
    }
    if (is_compact(std::string_view(name).substr(begin.size(), name.size() - begin.size() - extension.size()))) {
      old.push_back(entry->path().string());
    }
  }
  std::ranges::sort(old);
  for (std::size_t i = 0; i + settings_.rotate.keep < old.size(); ++i) {
    if (settings_.journal != nullptr) {
      settings_.journal->remove_later(old[i]);
      continue;
    }
    if (::unlink(old[i].c_str()) == 0 || errno == ENOENT || !settings_.report) continue;
    settings_.report("not_removed", system_error(fmt::format("cannot remove {}", old[i]), errno).message());
  }
}

flow::Error OutputFile::rotate(const flow::Context& context) {
  struct stat status {};
  const bool known = ::fstat(output_->fd(), &status) == 0;
  if (flow::Error error = close()) return error;
  const std::string name = rotated_path();
  if (settings_.journal != nullptr && known) {
    if (flow::Error error = settings_.journal->will_rename(path_, name, {status.st_dev, status.st_ino},
                                                           settings_.sync != SyncPolicy::none)) {
      return error;
    }
  }
  // Somebody else may have moved it away: then there is nothing to rename, and a new file begins all the same.
  if (::rename(path_.c_str(), name.c_str()) != 0 && errno != ENOENT) {
    return system_error(fmt::format("cannot rename {} to {}", path_, name), errno);
  }
  remove_oldest();
  return open(context, Content::keep);
}

Output::Result OutputFile::write(const flow::Context& context, std::string_view bytes) {
  if (settings_.rotate.every.count() != 0 && !has_records()) period_ = period(settings_.clock());
  Output::Result result = output_->write(context, bytes);
  size_ += result.bytes;
  return result;
}

void OutputFile::cut_off(std::size_t bytes) {
  // If it fails there is nothing more to do: the error that brought us here is being reported.
  if (output_->take_back(bytes)) size_ -= bytes;
}

flow::Error OutputFile::sync_failure(int number) const {
  return system_error(fmt::format("cannot sync {} to disk", path_), number);
}

flow::Error OutputFile::sync() {
  const int number = sync_data(output_->fd());
  return number == 0 ? flow::Error() : sync_failure(number);
}

// Sees to it that what has been written is synced within the interval, also when no batch comes after this one.
flow::Error OutputFile::sync_later(const flow::Context& context) {
  if (const int number = shared_->error.load(std::memory_order_relaxed); number != 0) return sync_failure(number);
  // Pairs with the task's release: a task that cleared it has not synced what was written before this point for sure,
  // so it is armed again.
  if (shared_->armed.exchange(true, std::memory_order_acq_rel)) return {};
  flow::Cancellable timer = flow::with_timeout(context, settings_.sync_interval);
  sync_task_ = flow::after_func(timer.context, [shared = shared_] {
    const std::lock_guard lock(shared->mutex);
    shared->armed.exchange(false, std::memory_order_acq_rel);
    if (const int number = sync_data(shared->descriptor.get()); number != 0) shared->error = number;
  });
  timer_ = std::move(timer.handle);
  return {};
}

flow::Error OutputFile::settle(const flow::Context& context) {
  switch (settings_.sync) {
    case SyncPolicy::batch:
      return sync();
    case SyncPolicy::interval:
      return sync_later(context);
    case SyncPolicy::none:
      break;
  }
  return {};
}

// No error if the policy is none. A sync that failed stays failed: the system does not say again what it has lost.
flow::Error OutputFile::sync_all() {
  if (settings_.sync == SyncPolicy::none) return {};
  if (!shared_) return sync();
  const std::lock_guard lock(shared_->mutex);
  const int failed = shared_->error.load();
  return failed != 0 ? sync_failure(failed) : sync();
}

flow::Error OutputFile::checkpoint() {
  flow::Error error = sync_all();
  return error ? error : note(false);
}

flow::Error OutputFile::close() {
  if (!output_) return {};
  if (settings_.sync != SyncPolicy::none) {
    sync_task_.stop();
    timer_.cancel();
  }
  flow::Error error = sync_all();
  shared_.reset();
  output_.reset();
  size_ = 0;
  return error;
}

}  // namespace sluice::stages
