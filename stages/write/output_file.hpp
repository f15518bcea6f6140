// One file that records are appended to: opening, rotation, syncing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "flow/context.hpp"
#include "record/value.hpp"
#include "stages/write/compression.hpp"
#include "stages/write/journal.hpp"
#include "stages/write/output.hpp"

namespace sluice::stages {

enum class SyncPolicy {
  none,      // the system writes to disk when it likes
  batch,     // after every batch; records count as written when they are on disk
  interval,  // some time after a write at the latest
};

// When a file is renamed and a new one begun. Only regular files are.
struct Rotation {
  std::uint64_t size = 0;            // bytes that a file may have; 0 = any
  std::chrono::nanoseconds every{};  // at multiples of this time since 1970; 0 = never
  std::uint64_t keep = 0;            // how many old files are kept; 0 = all
};

// What all files of one writer have in common.
struct FileSettings {
  bool create_directories = false;
  SyncPolicy sync = SyncPolicy::none;
  std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);
  Compression compression = Compression::none;
  Rotation rotate;
  std::function<record::Timestamp()> clock;  // the time of day
  std::function<void(std::string_view reason, const std::string& sentence)> report;
  Journal* journal = nullptr;  // told before a regular file is changed
};

// Makes the directory, and those above it, unless it is there or is not asked for; an error says what to do.
flow::Error make_directory(const std::string& directory, const FileSettings& settings);

// Used by one thread.
class OutputFile {
 public:
  // `settings` and `preamble` (what a new file begins with, compressed if need be) must outlive it.
  OutputFile(std::string path, const FileSettings& settings, std::string_view preamble);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const { return path_; }
  bool is_open() const { return output_.has_value(); }

  enum class Content : bool { keep, remove };
  // A compressed file that ends in the middle of something (the process was killed) is cut back to what is whole.
  flow::Error open(const flow::Context& context, Content content);

  // Whether the file must be rotated before anything is written: its time has passed.
  bool is_over() const;
  // How many bytes may still be written before it must be rotated for its size.
  std::uint64_t room() const;
  bool has_records() const { return size_ > preamble_.size(); }
  // Gives the file its old name, removes the oldest files beyond those to keep, and begins a new one.
  flow::Error rotate(const flow::Context& context);

  Output::Result write(const flow::Context& context, std::string_view bytes);
  // Removes so many bytes, the last that were written, unless somebody else has written behind them.
  void cut_off(std::size_t bytes);
  // What the policy wants after a write.
  flow::Error settle(const flow::Context& context);
  // Tells the journal that the file, which is open, will go on from its present size. Synced before, unless the policy
  // is none.
  flow::Error checkpoint();
  // Syncs, unless the policy is none, and closes.
  flow::Error close();

 private:
  // What the timer's task shares with the file: the task may outlive it.
  struct Shared {
    Descriptor descriptor;  // a duplicate of the file's
    std::mutex mutex;       // held while syncing: of two at a time, one could succeed where the other has lost data
    std::atomic<bool> armed{false};
    std::atomic<int> error{0};  // the errno of a failed sync
  };

  flow::Error open_descriptor(const flow::Context& context, Content content, Descriptor& file) const;
  flow::Error open_failure(int number) const;
  flow::Error take_up(const flow::Context& context, bool created);
  flow::Error note(bool created) const;
  flow::Error sync_name() const;
  flow::Error sync_all();
  void repair(int fd);
  flow::Error sync();
  flow::Error sync_later(const flow::Context& context);
  flow::Error sync_failure(int number) const;
  std::int64_t period(record::Timestamp time) const;
  std::string rotated_path() const;
  void remove_oldest() const;

  const std::string path_;
  const FileSettings& settings_;
  const std::string_view preamble_;
  std::optional<Output> output_;
  std::uint64_t size_ = 0;
  std::int64_t period_ = 0;         // that its records belong to
  std::shared_ptr<Shared> shared_;  // for SyncPolicy::interval
  flow::CancelHandle timer_;
  flow::AfterFunc sync_task_;  // after timer_: it must be stopped before the timer's context is cancelled
};

}  // namespace sluice::stages
