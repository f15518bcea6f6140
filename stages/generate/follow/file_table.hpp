// All files that a generator knows, those that are gone included as long as a copy of them may turn up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flow/error.hpp"
#include "stages/descriptor.hpp"
#include "stages/generate/follow/fingerprint.hpp"
#include "stages/generate/follow/unpacker.hpp"
#include "stages/stage.hpp"

namespace sluice::stages::follow {

using TimePoint = std::chrono::steady_clock::time_point;

// What is saved of a file.
struct Position {
  std::string path;  // its last one, if it is gone
  Identity identity;
  Text text;               // up to what has been passed on
  std::uint64_t size = 0;  // of the file as last seen, packed or not
  Packing packing = Packing::none;
  bool complete = false;  // a packed file that was read to its end
  bool gone = false;      // nothing is left to read
  bool skipped = false;   // a packed file that `start: end` leaves out
  std::uint64_t end = 0;  // of one that is gone: what has been read of it, passed on or not; not saved
  // A copy that waits to be its original's next place: that of the original, as saved. Otherwise the inode is 0.
  Identity copy_of = {};
  std::int64_t time = 0;  // when something of it was last passed on, seconds since 1970; 0: never
};

// A file: where it is, how far it has been read, and what it waits for. Its text, not its name or inode, makes it the
// same: the copy that copytruncate or gzip leaves goes on as the file that was copied, under its source number.
struct File {
  std::uint64_t source = 0;  // for Mark; never used again
  Position saved;            // changed by the table only

  std::uint64_t read = 0;  // all lines before are in records
  std::uint64_t seen = 0;  // >= read: no further line ends before
  Fingerprint tail;        // of the bytes before `read`
  Descriptor fd;
  std::unique_ptr<Unpacker> unpacker;  // of a packed file that is open

  std::uint64_t copy_of = 0;  // the source whose copy this is: its next place, should it be cut. Changed by the table

  std::string former_path;    // if it was renamed, and it is not sure yet that it is still what it was
  bool has_path = false;      // can be found by it, and opened
  bool has_identity = false;  // can be found by it
  bool bound = true;          // not yet, if it comes from an earlier run and has not been found again
  bool fresh = true;          // nobody has looked yet whether it is a copy
  bool replaced = false;      // another file has its former name: nobody goes on writing to it for long
  bool deleted = false;       // no directory has it any more, but it is open
  bool caught_up = false;     // those that go after it may be read
  bool troubled = false;      // could not be read when last tried; reported
  bool queued = false;
  bool being_cut = false;                  // its copy is being looked for
  bool holds_event = false;                // the unfinished rest has complete lines of an event
  std::int64_t modified = 0;               // when it was found: nanoseconds since 1970
  std::vector<std::uint64_t> after;        // the sources that go first
  std::vector<std::uint64_t> followers;    // who has this one in `after`
  std::uint64_t last_size = 0;             // when quiet_since was set
  std::optional<TimePoint> quiet_since;    // its size has not changed since
  std::optional<TimePoint> timer;          // to be looked at
  std::optional<TimePoint> unclear_since;  // something that must be known of it could not be read
  std::chrono::nanoseconds retry{0};       // how long the last wait after an error was
  std::list<File*>::iterator place_open;   // if fd
};

// What is known of its text, up to where it has been read.
inline Text text_of(const File& file) { return {file.saved.text.head, file.tail, file.read}; }

// Positions of an earlier run.
struct Saved {
  std::vector<Position> files;
  std::vector<std::string> patterns;
};

// The files belong to the generator's thread; passed_on() is called on it too. to_json() may be called by any thread.
class FileTable {
 public:
  // More than that many files are not kept open, but for those that could not be opened again. Of files that are gone
  // the youngest are remembered: as many as there are others, but at least kMinGone.
  static constexpr std::size_t kMaxOpen = 256;
  static constexpr std::size_t kMinGone = 1024;

  // A file that is to be read from its beginning.
  File& add(const std::string& path, const Identity& identity);
  // One of an earlier run; not bound.
  File& add(Position position);

  File* find(std::uint64_t source);
  File* at_path(std::string_view path);
  File* with(const Identity& identity);

  void detach_path(File& file);
  void attach_path(File& file, const std::string& path);
  void detach_identity(File& file);
  void attach_identity(File& file, const Identity& identity);
  void set_size(File& file, std::uint64_t size);
  void set_head(File& file, const Fingerprint& head);
  void set_packing(File& file, Packing packing, bool skipped);
  void set_complete(File& file, bool complete);
  // Nobody's, if 0.
  void set_copy_of(File& file, std::uint64_t original);
  // Finds the originals of copies again, after those of an earlier run were added.
  void link_copies();
  // Where reading starts, or goes on.
  void set_start(File& file, const Text& text);

  // Everything of it has been read, or cannot be any more. Takes its path, identity and descriptor; forgets an older
  // one if there are too many.
  void set_gone(File& file);
  // A copy of it has been found.
  void revive(File& file, const std::string& path, const Identity& identity);
  void erase(File& file);

  // The file was opened, or used: another one is closed if there are too many.
  void opened(File& file, Descriptor fd);
  void used(File& file);
  void close(File& file);
  // Takes the descriptor out of the table.
  Descriptor release(File& file);
  std::size_t open_count() const { return open_.size(); }

  void passed_on(std::span<const Mark> marks);

  // In no particular order. `visit` must not add or erase.
  void for_each(const std::function<void(File&)>& visit);
  // Those with a path, in its order; and those whose path is right in that directory.
  std::vector<File*> by_path();
  std::vector<File*> in(const std::string& directory);
  std::vector<File*> beginning_with(const std::string& prefix);
  std::vector<File*> copies_of(const File& original);
  const std::deque<std::uint64_t>& gone() const { return gone_; }
  std::size_t size() const { return files_.size(); }

  // From now on positions may be saved: every file that was there at the start is known.
  void set_all_known();

  // {"files": [...], "patterns": [...]} on one line; nothing before set_all_known().
  std::string to_json(const std::vector<std::string>& patterns) const;

 private:
  File& insert(std::unique_ptr<File> file);
  void close_some(bool queued_too);
  void forget_oldest();

  mutable std::mutex mutex_;  // guards files_ as a map, and File::saved
  bool all_known_ = false;    // guarded by it too
  std::unordered_map<std::uint64_t, std::unique_ptr<File>> files_;
  std::uint64_t next_source_ = 1;
  std::map<std::string_view, File*> paths_;  // keys point to File::saved.path
  std::unordered_map<Identity, File*, IdentityHash> identities_;
  std::list<File*> open_;  // the one used last comes first
  std::deque<std::uint64_t> gone_;
};

// What to_json() gave. Fails, saying what, if there is something that it does not understand.
flow::Error parse_positions(std::string_view json, Saved& saved);

}  // namespace sluice::stages::follow
