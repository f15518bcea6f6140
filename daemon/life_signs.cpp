#include "daemon/life_signs.hpp"

#include <algorithm>
#include <utility>

namespace sluice::daemon {
namespace {

constexpr std::chrono::seconds kLook{1};
// What a drain asks for each time: some looks may be late without the service manager losing patience.
constexpr std::chrono::seconds kMoreTime{15};

}  // namespace

LifeJudge::Verdict LifeJudge::judge(const Sight& sight) {
  Verdict verdict;
  verdict.alive = !sight.has_work || progress_ != sight.progress;
  verdict.ask_for_time = sight.draining;
  verdict.tell_status = !sight.status.empty() && sight.status != status_;
  progress_ = sight.progress;
  if (verdict.tell_status) status_ = sight.status;
  return verdict;
}

LifeSigns::LifeSigns(const ServiceManager& manager, std::function<Sight()> look)
    : manager_(manager), look_(std::move(look)) {
  if (!manager.is_present()) return;
  std::chrono::microseconds interval = kLook;
  if (const auto timeout = manager.watchdog_timeout()) interval = std::min(interval, *timeout / 4);
  thread_ = flow::Thread("life-signs", [this, interval] { run(interval); });
}

LifeSigns::~LifeSigns() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void LifeSigns::run(std::chrono::microseconds interval) {
  std::unique_lock lock(mutex_);
  while (!end_) {
    lock.unlock();
    look_once();
    lock.lock();
    ending_.wait_for(lock, interval, [this] { return end_; });
  }
}

// What could not be told is told anew with the next look; there is nothing else to do about it.
void LifeSigns::look_once() {
  const Sight sight = look_();
  const LifeJudge::Verdict verdict = judge_.judge(sight);
  if (verdict.tell_status) (void)manager_.status(sight.status);
  if (verdict.ask_for_time) (void)manager_.extend_timeout(kMoreTime);
  if (verdict.alive) (void)manager_.watchdog();
}

}  // namespace sluice::daemon
