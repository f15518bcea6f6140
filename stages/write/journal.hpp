// What writers of files say before they change one, so that a run that was killed can be undone to its last checkpoint.
#pragma once

#include <cstdint>
#include <string>

#include "flow/error.hpp"

namespace sluice::stages {

// Which file it is, whatever it is called.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// The identity and size of an open regular file.
struct OpenFile {
  FileIdentity identity;
  std::uint64_t size = 0;  // bytes
};

// Thread-safe. An error means that the change must not be made.
class Journal {
 public:
  virtual ~Journal() = default;

  // Whether this run goes on where another one stopped: what is in the output already belongs to it.
  virtual bool continues() const = 0;

  // The regular file at `path` is about to get its first byte since it was opened, or since the last checkpoint.
  // `created`: it did not exist before this writer opened it. With `durable` the note is on disk on return.
  virtual flow::Error will_extend(const std::string& path, const OpenFile& file, bool created, bool durable) = 0;
  // It is about to be renamed; `to` does not exist.
  virtual flow::Error will_rename(const std::string& from, const std::string& to, const FileIdentity& file,
                                  bool durable) = 0;
  // The file is not needed any more: it is removed when the next checkpoint has been made, not before.
  virtual void remove_later(const std::string& path) = 0;
};

// Tells the journal, if there is one, that the file open as `fd` will be extended: see will_extend(). Nothing to tell
// of what is no regular file.
flow::Error note_extension(Journal* journal, const std::string& path, int fd, bool created, bool durable);

}  // namespace sluice::stages
