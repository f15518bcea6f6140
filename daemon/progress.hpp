// The line at the bottom of a terminal that says how far a run on plain files has come.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "config/pipeline.hpp"
#include "daemon/ledger.hpp"
#include "flow/context.hpp"
#include "flow/thread.hpp"

namespace sluice::daemon {

// What a run has before it.
struct Workload {
  // Not known for compressed files, and where an earlier run may have read a part.
  std::optional<std::uint64_t> bytes;
};

// Nothing if the run has no end that can be foreseen: a generator that follows files or reads anything but files.
// `input` is what `generate: stdin` reads.
std::optional<Workload> workload_of(const flow::Context& context, const config::PipelineConfig& config, int input);

// The bottom line, and the sink of a log that shares the terminal with it: every message stands on a line of its own
// above it. The cursor stays at the line's beginning, so that others who write to the terminal write over it.
// Thread-safe.
class ProgressLine final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  using Write = std::function<void(std::string_view)>;
  // `columns` is the width of the terminal.
  ProgressLine(Write write, std::function<std::size_t()> columns);

  // Replaces the line; the empty text removes it.
  void show(std::string_view text);

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  const Write write_;
  const std::function<std::size_t()> columns_;
  std::string line_;  // guarded by the base's mutex
};

// On that terminal.
std::shared_ptr<ProgressLine> progress_line(int terminal);

// Says how fast it goes at the moment: since the samples of the last seconds. Used by one thread.
class ProgressText {
 public:
  explicit ProgressText(Workload workload) : workload_(workload) {}
  // " 42%  1.3 GB of 3.1 GB  310.0 MB/s  1200000 records/s  0:06 left". Snapshots come in the order of time.
  std::string next(const LedgerSnapshot& ledger);

 private:
  struct Sample {
    std::chrono::nanoseconds elapsed{};
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
  };
  const Workload workload_;
  std::deque<Sample> samples_;
};

// Keeps the line up to date until it is destroyed, which removes it. Runs that are over in a moment never show it.
class Progress {
 public:
  static constexpr std::chrono::milliseconds kInterval{250};

  Progress(std::shared_ptr<ProgressLine> line, Workload workload, std::function<LedgerSnapshot()> ledger);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void run();

  const std::shared_ptr<ProgressLine> line_;
  ProgressText text_;  // used by the thread alone
  const std::function<LedgerSnapshot()> ledger_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool over_ = false;
  flow::Thread thread_;
};

}  // namespace sluice::daemon
