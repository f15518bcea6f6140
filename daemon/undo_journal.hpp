// The notes of what file writers changed since the last checkpoint, and the way back (docs/decisions/checkpoints.md).
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "stages/descriptor.hpp"
#include "stages/write/journal.hpp"

namespace sluice::daemon {

// One journal for each checkpoint: the file `journal.EPOCH` in the state directory holds what was changed since the
// checkpoint of that number. A line is `CRC32 VERB DEVICE INODE SIZE CREATED PATH [PATH]`, written before the change is
// made; a line that is cut off or does not have its checksum was never followed by a change. Thread-safe.
class UndoJournal final : public stages::Journal {
 public:
  // `continues`: there is a checkpoint that this run goes on from.
  UndoJournal(std::string directory, bool continues);

  // A new and empty journal for the checkpoint `epoch`, which is about to be made; notes go there from now on. The one
  // before is kept. Again with the same epoch to begin that journal anew.
  flow::Error begin(std::uint64_t epoch);
  // The checkpoint has been made: forgets the journals before, and removes the files that were to be removed later.
  void commit();
  // The checkpoint will not be made: notes go to the journal before again. Without a begin() before it, does nothing.
  void abort();
  // Nobody knows whether it was made, or will still be after a power failure: notes go to both journals, until a later
  // checkpoint has been made for sure.
  void doubt();
  // Whether a note could not be written since the last begin().
  bool has_failed() const;

  bool continues() const override { return continues_; }
  flow::Error will_extend(const std::string& path, const stages::OpenFile& file, bool created, bool durable) override;
  flow::Error will_rename(const std::string& from, const std::string& to, const stages::FileIdentity& file,
                          bool durable) override;
  void remove_later(const std::string& path) override;

 private:
  struct Open {
    std::uint64_t epoch = 0;
    stages::Descriptor file;
    bool torn = false;                  // ends with a part of a line
    std::vector<std::string> removals;  // noted before this journal was begun, due when it is committed
  };
  std::string path(std::uint64_t epoch) const;
  flow::Error note(std::string_view text, bool durable);
  flow::Error write_line(Open& journal, const std::string& line, bool durable);

  const std::string directory_;
  const bool continues_;
  mutable std::mutex mutex_;  // guards what follows
  Open current_;
  std::vector<Open> before_;  // while a checkpoint is being made, and those that are in doubt; the oldest first
  bool making_ = false;       // a checkpoint
  bool failed_ = false;
  std::vector<std::string> removals_;
};

// Undoes what the journal of `epoch` in `directory` noted, the last first: files are cut to the size that they had,
// renamed back, and removed if they were new. Files that are not the ones noted any more are left alone, and `report`
// is told. May be repeated after it was interrupted. Other journals in the directory are removed. No journal, nothing
// to do.
flow::Error undo_to_checkpoint(const flow::Context& context, const std::string& directory, std::uint64_t epoch,
                               const std::function<void(const std::string& sentence)>& report);

}  // namespace sluice::daemon
