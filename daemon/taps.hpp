// Looking at records as they pass: copies of a few of them, for as many viewers as taps are open. The pipeline never
// waits for a viewer, and does next to nothing while there is none.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "record/arena.hpp"
#include "record/batch.hpp"
#include "record/record.hpp"

namespace sluice::daemon {

// Copies of records of one batch, independent of it.
struct TapSample {
  record::Arena arena;
  std::vector<record::Record> records;
};

enum class TapEnd {
  none,
  gone,      // a reload took the stage away
  stopping,  // the daemon ends
};

// One viewer of one stage. The pipeline's side is thread-safe; take() and the rest belong to one viewer.
class Tap {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMostRecords = 2048;                 // that wait for the viewer
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20U;  // of memory that they hold

  // `rate`: how many records a second are looked at, at most; at once a tenth of that.
  explicit Tap(std::uint32_t rate) : rate_(rate), burst_(std::max(rate / 10.0, 1.0)), budget_(burst_) {}

  struct Figures {
    std::uint64_t passed = 0;     // records that left the stage
    std::uint64_t looked_at = 0;  // of them, copied for the viewer
    std::uint64_t dropped = 0;    // of them, within the rate, but the viewer is too slow
  };
  Figures figures() const;

  // What has come since the last call; waits for it (and for the end) until `timeout` has passed, in small steps, so
  // that the pipeline need not wake anybody.
  std::vector<TapSample> take(std::chrono::nanoseconds timeout);
  TapEnd end() const { return end_.load(std::memory_order_acquire); }

  // ---- the pipeline's side
  void offer(const record::Batch& batch, Clock::time_point now) noexcept;
  void finish(TapEnd end) noexcept;

 private:
  std::size_t allot(std::size_t records, Clock::time_point now);
  void put(TapSample&& sample);

  const std::uint32_t rate_;
  const double burst_;
  std::atomic<std::uint64_t> passed_{0};
  std::atomic<std::uint64_t> looked_at_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> turn_{0};  // spreads where in a batch copying begins
  std::atomic<TapEnd> end_{TapEnd::none};
  std::mutex mutex_;  // guards what follows; never held while records are copied
  std::condition_variable ended_;
  double budget_;  // records that may be looked at now
  Clock::time_point refilled_ = Clock::now();
  std::vector<TapSample> waiting_;
  std::size_t waiting_records_ = 0;
  std::size_t waiting_bytes_ = 0;
};

// Where the pipeline passes its batches by: one for each name of a stage, for as long as the process runs.
class TapPoint {
 public:
  // Called with what leaves the stage (a writer: with what it is given). One relaxed load while nobody looks.
  void offer(const record::Batch& batch) noexcept {
    if (viewers_.load(std::memory_order_relaxed) != 0 && !batch.empty()) offer_to_viewers(batch);
  }

 private:
  friend class Taps;
  void offer_to_viewers(const record::Batch& batch) noexcept;
  void add(std::shared_ptr<Tap> tap);
  bool remove(const std::shared_ptr<Tap>& tap);
  void finish(TapEnd end) noexcept;

  std::atomic<std::size_t> viewers_{0};
  std::mutex mutex_;  // guards taps_
  std::vector<std::shared_ptr<Tap>> taps_;
};

// All taps of the process. Thread-safe; outlives every topology.
//
// A topology asks for the points of its stages when it is built. Since points go by name, a tap goes on over a reload
// that keeps its stage.
class Taps {
 public:
  static constexpr std::size_t kMost = 16;  // open at once
  static constexpr std::uint32_t kDefaultRate = 1000;
  static constexpr std::uint32_t kMostRate = 10'000;

  // The point of a stage. The reference is good as long as this object.
  TapPoint& point(std::string_view stage);

  // The stages that there are from now on, in order; taps of others end (TapEnd::gone).
  void stages_are(std::vector<std::string> names);
  std::vector<std::string> stages() const;
  // Ends all taps, and every one that is opened later.
  void stop() noexcept;

  enum class Refusal { none, no_such_stage, too_many };
  // Opens a tap. Null, with the reason, if it may not be.
  std::shared_ptr<Tap> open(std::string_view stage, std::uint32_t rate, Refusal& refusal);
  // What open() gave.
  void close(std::string_view stage, const std::shared_ptr<Tap>& tap) noexcept;

 private:
  TapPoint& locked_point(std::string_view stage);

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::unique_ptr<TapPoint>, std::less<>> points_;
  std::vector<std::string> stages_;
  std::size_t open_ = 0;
  bool stopping_ = false;
};

// An independent copy of a value, everything that it points to included.
record::Value copy(const record::Value& value, record::Arena& arena);

}  // namespace sluice::daemon
