// An emitter that keeps what a generator hands it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stages/stage.hpp"

namespace sluice::testing {

// Thread-safe: the generator may run on a thread of its own while the test looks.
class RecordingEmitter final : public stages::Emitter {
 public:
  explicit RecordingEmitter(std::size_t slab_bytes = 256 * 1024) : slab_bytes_(slab_bytes) {}

  flow::Error acquire(const flow::Context& context, record::Batch& batch, std::size_t slab_bytes = 0) override {
    if (context.done()) return context.cause();
    batch.slab().reserve(slab_bytes == 0 ? slab_bytes_ : slab_bytes);
    const std::lock_guard lock(mutex_);
    largest_slab_ = std::max(largest_slab_, batch.slab().capacity());
    return {};
  }

  flow::Error emit(const flow::Context&, record::Batch&& batch, stages::Tally& tally,
                   std::span<const stages::Mark> marks) override {
    record::Batch taken = std::move(batch);
    {
      const std::lock_guard lock(mutex_);
      for (const record::Record& record : taken.records()) lines_.emplace_back(record.line());
      batch_sizes_.push_back(taken.size());
      for (const stages::Rejection& rejection : tally.rejections) rejections_.push_back(rejection);
      filtered_ += tally.filtered;
      bytes_in_ += taken.bytes_in;
      all_utf8_ = all_utf8_ && taken.is_utf8();
      marks_.insert(marks_.end(), marks.begin(), marks.end());
    }
    if (on_marks) on_marks(marks);
    changed_.notify_all();
    return on_emit ? on_emit() : flow::Error();
  }

  bool idle() const override { return is_idle; }

  std::vector<std::string> lines() const { return locked(lines_); }
  // All marks in the order in which they came.
  std::vector<stages::Mark> marks() const { return locked(marks_); }
  std::vector<std::size_t> batch_sizes() const { return locked(batch_sizes_); }
  std::vector<stages::Rejection> rejections() const { return locked(rejections_); }
  std::uint64_t filtered() const { return locked(filtered_); }
  std::uint64_t bytes_in() const { return locked(bytes_in_); }
  std::size_t largest_slab() const { return locked(largest_slab_); }
  bool all_utf8() const { return locked(all_utf8_); }

  // Blocks until that many lines have come; false after ten seconds.
  bool wait_for_lines(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return lines_.size() >= count; });
  }

  std::atomic<bool> is_idle{false};                             // what idle() answers
  std::function<flow::Error()> on_emit;                         // what emit() answers; called after the batch was noted
  std::function<void(std::span<const stages::Mark>)> on_marks;  // stands for Generator::passed_on()

 private:
  template <class T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  const std::size_t slab_bytes_;
  mutable std::mutex mutex_;  // guards everything below
  mutable std::condition_variable changed_;
  std::vector<stages::Mark> marks_;
  std::vector<std::string> lines_;
  std::vector<std::size_t> batch_sizes_;
  std::vector<stages::Rejection> rejections_;
  std::uint64_t filtered_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::size_t largest_slab_ = 0;
  bool all_utf8_ = true;
};

}  // namespace sluice::testing
