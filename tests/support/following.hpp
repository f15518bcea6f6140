// A file generator that follows files on a thread of its own, and can be stopped, or crash, and be started again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "flow/context.hpp"
#include "flow/thread.hpp"
#include "stages/generate/file.hpp"
#include "tests/support/recording_emitter.hpp"

namespace sluice::testing {

// Times in which nothing happens by itself but for what a test is about.
inline stages::follow::Timing quiet_timing() {
  return {.rescan = std::chrono::hours(1),
          .blind_rescan = std::chrono::hours(1),
          .settle = std::chrono::milliseconds(20),
          .copying = std::chrono::milliseconds(50),
          .copied = std::chrono::seconds(60),
          .patience = std::chrono::seconds(20),
          .first_retry = std::chrono::milliseconds(10),
          .last_retry = std::chrono::milliseconds(100)};
}

// One run at a time. Lines that were emitted are kept over all runs.
class Following {
 public:
  explicit Following(stages::FileGenerator::Options options) : options_(std::move(options)) {
    options_.follow = true;
    options_.lines.linger = {};
  }
  ~Following() { stop(); }

  // Goes on at the positions last saved, if `keep_state` was called or there are any.
  flow::Error start() {
    generator_ = std::make_unique<stages::FileGenerator>(options_);
    generator_->report_to([this](std::string_view reason, const std::string& sentence) {
      const std::lock_guard lock(mutex_);
      reports_.push_back(std::string(reason) + ": " + sentence);
      changed_.notify_all();
    });
    if (!state_.empty()) {
      if (flow::Error error = generator_->restore(state_)) return error;
    }
    run_lines_ = 0;
    emitter_ = std::make_unique<RecordingEmitter>();
    emitter_->on_marks = [this](std::span<const stages::Mark> marks) { take(marks); };
    scope_ = std::make_unique<flow::Cancellable>(flow::with_cancel(flow::background()));
    thread_ = flow::Thread("following", [this] { error_ = generator_->run(scope_->context, *emitter_); });
    return {};
  }

  // Stops as on SIGTERM; its positions are saved.
  flow::Error stop() {
    if (!thread_.joinable()) return {};
    scope_->cancel();
    thread_.join();
    checkpoint();
    return error_;
  }

  // Stops, and what came after the last checkpoint never happened.
  void crash() {
    scope_->cancel();
    thread_.join();
    lines_.resize(saved_lines_);
  }

  // From now on state is kept.
  void keep_state(std::string state = "{}") { state_ = std::move(state); }
  const std::string& state() const { return state_; }
  // Asked after each batch whether a checkpoint is made.
  void checkpoint_now_and_then(std::function<bool()> decide) { decide_ = std::move(decide); }
  std::string save() const { return generator_->save(); }

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::vector<std::string> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  // Blocks until that is so; false after twenty seconds.
  bool wait_for(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return lines_.size() >= count; });
  }
  bool wait_for_report(std::string_view part) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const std::string& each : reports_) {
        if (each.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }

 private:
  void take(std::span<const stages::Mark> marks) {
    generator_->passed_on(marks);
    const std::lock_guard lock(mutex_);
    const std::vector<std::string> all = emitter_->lines();
    lines_.insert(lines_.end(), all.begin() + static_cast<std::ptrdiff_t>(run_lines_), all.end());
    run_lines_ = all.size();
    if (decide_ && decide_()) checkpoint();
    changed_.notify_all();
  }
  void checkpoint() {
    const std::string saved = generator_->save();
    if (state_.empty() || saved.empty()) return;  // there is nothing to save yet
    state_ = saved;
    saved_lines_ = lines_.size();
  }

  stages::FileGenerator::Options options_;
  std::unique_ptr<stages::FileGenerator> generator_;
  std::unique_ptr<RecordingEmitter> emitter_;
  std::unique_ptr<flow::Cancellable> scope_;
  flow::Thread thread_;
  flow::Error error_;
  std::string state_;
  std::function<bool()> decide_;
  std::size_t saved_lines_ = 0;
  std::size_t run_lines_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::vector<std::string> reports_;
};

}  // namespace sluice::testing
