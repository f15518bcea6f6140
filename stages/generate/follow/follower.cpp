#include "stages/generate/follow/follower.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

Follower::Follower(const Options& options, FileTable& table, std::vector<std::string> earlier, bool keeps,
                   Emitter& emitter, Report report, Backlog& backlog)
    : options_(options),
      files_(table),
      earlier_(std::move(earlier)),
      keeps_(keeps),
      report_(std::move(report)),
      backlog_(backlog),
      selection_(options.paths, options.exclude),
      lines_(options.lines, emitter),
      reader_(lines_, files_, options.follow || keeps,
              [this](const File& file) { return is_disturbed(directory_of(file.saved.path)); }) {}

void Follower::enqueue(File& file) {
  if (std::exchange(file.queued, true)) return;
  ready_.push_back(file.source);
}

void Follower::set_timer(File& file, TimePoint time) {
  if (file.timer && *file.timer <= time) return;
  forget_timer(file);
  file.timer = time;
  timers_.insert({time, file.source});
}

void Follower::forget_timer(File& file) {
  if (file.timer) timers_.erase({*file.timer, file.source});
  file.timer.reset();
}

void Follower::fire_timers(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    File* const file = files_.find(timers_.begin()->second);
    timers_.erase(timers_.begin());
    if (file == nullptr) continue;
    file->timer.reset();
    enqueue(*file);
  }
}

flow::Error Follower::take_turn(const flow::Context& context) {
  backlog_.begins();
  while (!ready_.empty()) {
    File* const file = files_.find(ready_.front());
    ready_.pop_front();
    if (file == nullptr) continue;
    file->queued = false;
    return visit(context, *file);
  }
  return {};
}

flow::Error Follower::run(const flow::Context& context) {
  const flow::WakeFd wake(context);
  if (flow::Error error = wake.error()) return error;
  if (flow::Error error = watcher_.open()) return error;
  first_scan(context, selection_.scan(context));
  flow::Error error = failure_;
  while (!error && !context.done()) {
    take_changes(context);
    const auto now = SteadyClock::now();
    fire_timers(now);
    if (now >= next_rescan_ || (rescan_wanted_ && now >= rescan_not_before_)) {
      rescan(context, selection_.scan(context));
    } else if (lines_.due(now)) {
      error = lines_.flush(context);
    } else {
      const bool waits = ready_.empty() || changes_lost_;
      if (ready_.empty()) backlog_.ends();
      error = waits ? wait(context, wake) : take_turn(context);
    }
    if (failure_) error = failure_;
  }
  const flow::Error drain_error = drain(context);
  return error ? error : drain_error;
}

flow::Error Follower::wait(const flow::Context& context, const flow::WakeFd& wake) {
  const auto now = SteadyClock::now();
  TimePoint until = rescan_wanted_ ? std::min(next_rescan_, rescan_not_before_) : next_rescan_;
  if (const auto lines = lines_.wake_time(now)) until = std::min(until, *lines);
  if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
  flow::Error error = flow::wait_ready(context, wake, watcher_.fd(), POLLIN, until);
  if (!error || context.done() || error.code() == std::errc::timed_out) return {};
  return {error.code(), fmt::format("cannot wait for changes of files: {}", error.message())};
}

// What has been read goes out. A line that is unfinished is left to the next run, if there will be one.
flow::Error Follower::drain(const flow::Context& context) {
  reader_.leave();
  draining_ = true;
  if (!keeps_) {
    const flow::Context last = flow::without_cancel(context);  // only what is there already is read, and no more
    std::vector<File*> unfinished;
    files_.for_each([&](File& file) {
      if (file.fd && file.seen > file.read && !file.queued && !file.saved.gone) unfinished.push_back(&file);
    });
    std::ranges::sort(unfinished, {}, [](const File* file) -> const std::string& { return file->saved.path; });
    for (File* const file : unfinished) {
      if (Visit visit = reader_.finish(last, *file); visit.error) return visit.error;
    }
  }
  return lines_.flush(context);
}

}  // namespace sluice::stages::follow
