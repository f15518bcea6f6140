#include "stages/generate/follow/file_table.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "stages/generate/follow/watcher.hpp"

namespace sluice::stages::follow {

File& FileTable::insert(std::unique_ptr<File> file) {
  file->source = next_source_++;
  const std::lock_guard lock(mutex_);
  File& inserted = *file;
  files_.emplace(file->source, std::move(file));
  return inserted;
}

File& FileTable::add(const std::string& path, const Identity& identity) {
  File& file = insert(std::make_unique<File>());
  attach_path(file, path);
  attach_identity(file, identity);
  return file;
}

File& FileTable::add(Position position) {
  auto made = std::make_unique<File>();
  made->read = made->seen = position.text.offset;
  made->tail = position.text.tail;
  made->bound = position.gone;
  made->fresh = position.text.offset == 0 && !position.skipped;
  made->saved = std::move(position);
  File& file = insert(std::move(made));
  if (file.saved.gone) {
    gone_.push_back(file.source);
  } else if (identities_.try_emplace(file.saved.identity, &file).second) {
    file.has_identity = true;
  }
  return file;
}

File* FileTable::find(std::uint64_t source) {
  const auto found = files_.find(source);
  return found == files_.end() ? nullptr : found->second.get();
}

File* FileTable::at_path(std::string_view path) {
  const auto found = paths_.find(path);
  return found == paths_.end() ? nullptr : found->second;
}

File* FileTable::with(const Identity& identity) {
  const auto found = identities_.find(identity);
  return found == identities_.end() ? nullptr : found->second;
}

void FileTable::detach_path(File& file) {
  if (!std::exchange(file.has_path, false)) return;
  paths_.erase(file.saved.path);
}

void FileTable::attach_path(File& file, const std::string& path) {
  detach_path(file);
  if (File* const other = at_path(path)) detach_path(*other);
  {
    const std::lock_guard lock(mutex_);
    file.saved.path = path;
  }
  paths_[file.saved.path] = &file;
  file.has_path = true;
}

void FileTable::detach_identity(File& file) {
  if (std::exchange(file.has_identity, false)) identities_.erase(file.saved.identity);
}

void FileTable::attach_identity(File& file, const Identity& identity) {
  detach_identity(file);
  if (File* const other = with(identity)) detach_identity(*other);
  {
    const std::lock_guard lock(mutex_);
    file.saved.identity = identity;
  }
  identities_[identity] = &file;
  file.has_identity = true;
}

void FileTable::set_size(File& file, std::uint64_t size) {
  if (file.saved.size == size) return;
  const std::lock_guard lock(mutex_);
  file.saved.size = size;
}

void FileTable::set_head(File& file, const Fingerprint& head) {
  const std::lock_guard lock(mutex_);
  file.saved.text.head = head;
}

void FileTable::set_packing(File& file, Packing packing, bool skipped) {
  const std::lock_guard lock(mutex_);
  file.saved.packing = packing;
  file.saved.complete = false;
  file.saved.skipped = skipped;
}

void FileTable::set_complete(File& file, bool complete) {
  const std::lock_guard lock(mutex_);
  file.saved.complete = complete;
  file.saved.end = file.read;
}

void FileTable::set_copy_of(File& file, std::uint64_t original) {
  if (file.copy_of == original) return;
  const std::lock_guard lock(mutex_);
  file.copy_of = original;
}

void FileTable::link_copies() {
  for (const auto& [source, file] : files_) {
    const File* const original = file->saved.copy_of.inode == 0 ? nullptr : with(file->saved.copy_of);
    if (original != nullptr) set_copy_of(*file, original->source);
  }
}

std::vector<File*> FileTable::copies_of(const File& original) {
  std::vector<File*> all;
  for (const auto& [source, file] : files_) {
    if (file->copy_of == original.source) all.push_back(file.get());
  }
  std::ranges::sort(all, {}, &File::source);
  return all;
}

void FileTable::set_start(File& file, const Text& text) {
  file.read = file.seen = text.offset;
  file.tail = text.tail;
  const std::lock_guard lock(mutex_);
  file.saved.text = text;
}

void FileTable::set_gone(File& file) {
  close(file);
  detach_path(file);
  detach_identity(file);
  file.deleted = false;
  file.caught_up = true;
  file.bound = true;
  if (file.saved.gone) return;
  if (file.saved.text.head.length == 0) return erase(file);  // nobody could tell that a copy is one
  {
    const std::lock_guard lock(mutex_);
    file.saved.gone = true;
    file.saved.end = file.read;
  }
  gone_.push_back(file.source);
  if (gone_.size() > std::max(kMinGone, files_.size() / 2)) forget_oldest();
}

void FileTable::forget_oldest() {
  File* const file = find(gone_.front());
  gone_.pop_front();
  if (file != nullptr) erase(*file);
}

void FileTable::revive(File& file, const std::string& path, const Identity& identity) {
  close(file);
  std::erase(gone_, file.source);
  attach_path(file, path);
  attach_identity(file, identity);
  file.bound = true;
  file.deleted = file.caught_up = false;
  const std::lock_guard lock(mutex_);
  file.saved.gone = false;
}

void FileTable::erase(File& file) {
  close(file);
  detach_path(file);
  detach_identity(file);
  std::erase(gone_, file.source);
  const std::lock_guard lock(mutex_);
  files_.erase(file.source);
}

void FileTable::opened(File& file, Descriptor fd) {
  close(file);
  file.fd = std::move(fd);
  open_.push_front(&file);
  file.place_open = open_.begin();
  // Those that have something left to read come last: what is deleted meanwhile can only be read while it is open.
  close_some(false);
  close_some(true);
}

void FileTable::close_some(bool queued_too) {
  for (auto each = std::prev(open_.end()); open_.size() > kMaxOpen && each != open_.begin();) {
    File& oldest = **each--;
    if (oldest.has_path && !oldest.deleted && (queued_too || !oldest.queued)) close(oldest);
  }
}

void FileTable::used(File& file) { open_.splice(open_.begin(), open_, file.place_open); }

void FileTable::close(File& file) { release(file); }

Descriptor FileTable::release(File& file) {
  if (!file.fd) return {};
  Descriptor fd = std::move(file.fd);
  file.unpacker.reset();
  open_.erase(file.place_open);
  return fd;
}

void FileTable::set_all_known() {
  const std::lock_guard lock(mutex_);
  all_known_ = true;
}

void FileTable::passed_on(std::span<const Mark> marks) {
  const std::int64_t now = std::time(nullptr);
  const std::lock_guard lock(mutex_);
  for (const Mark& mark : marks) {
    File* const file = find(mark.source);
    if (file == nullptr) continue;
    file->saved.text.offset = mark.offset;
    // Marks are made of what has been read, so these are the same but for events that their timeout ended; what the
    // file holds before those by now may be another text.
    file->saved.text.tail = mark.offset == file->read ? file->tail : Fingerprint();
    file->saved.time = now;
  }
}

void FileTable::for_each(const std::function<void(File&)>& visit) {
  for (auto& [source, file] : files_) visit(*file);
}

std::vector<File*> FileTable::by_path() {
  std::vector<File*> all;
  for (const auto& [path, file] : paths_) all.push_back(file);
  return all;
}

std::vector<File*> FileTable::beginning_with(const std::string& prefix) {
  std::vector<File*> all;
  for (auto each = paths_.lower_bound(prefix); each != paths_.end() && each->first.starts_with(prefix); ++each) {
    all.push_back(each->second);
  }
  return all;
}

std::vector<File*> FileTable::in(const std::string& directory) {
  const std::string prefix = directory.empty() || directory.ends_with('/') ? directory : directory + '/';
  std::vector<File*> all = beginning_with(prefix);
  std::erase_if(all, [&](const File* file) { return file->saved.path.find('/', prefix.size()) != std::string::npos; });
  return all;
}

}  // namespace sluice::stages::follow
