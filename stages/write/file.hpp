// write: {to: file, path: /var/log/out.ndjson, sync: interval}
//
// Appends to one file.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "stages/write/encoding_writer.hpp"

namespace sluice::stages {

enum class SyncPolicy {
  none,      // the system writes to disk when it likes
  batch,     // after every batch; records count as written when they are on disk
  interval,  // some time after a write at the latest
};

class FileWriter final : public EncodingWriter {
 public:
  struct Options {
    std::string path;
    bool append = true;  // false: what was there at the start is removed
    bool create_directories = false;
    SyncPolicy sync = SyncPolicy::none;
    std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);
  };
  FileWriter(Options options, std::unique_ptr<Encoder> encoder);
  ~FileWriter() override;

  // Opens the file first. When a write fails in the middle of a record (a full disk), that part of it is cut off again.
  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;

  // Opens the file if no record came; syncs unless SyncPolicy::none; closes.
  flow::Error finish(const flow::Context& context) override;

 private:
  // What the timer's task shares with the writer: the task may outlive it.
  struct Shared {
    Descriptor descriptor;  // a duplicate of the file's
    std::atomic<bool> armed{false};
    std::atomic<int> error{0};  // the errno of a failed sync
  };

  flow::Error open(const flow::Context& context);
  flow::Error open_descriptor(const flow::Context& context, Descriptor& file) const;
  flow::Error open_failure(int number) const;
  flow::Error sync();
  flow::Error sync_later(const flow::Context& context);
  void cut_off(std::size_t bytes);

  Options options_;
  std::optional<Output> output_;
  std::shared_ptr<Shared> shared_;  // for SyncPolicy::interval
  flow::CancelHandle timer_;
  flow::AfterFunc sync_task_;  // after timer_: it must be stopped before the timer's context is cancelled
};

Definition write_file();

}  // namespace sluice::stages
