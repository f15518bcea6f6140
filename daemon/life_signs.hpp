// What the service manager hears again and again while a pipeline runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/notify.hpp"
#include "flow/thread.hpp"

namespace sluice::daemon {

// What a look at the pipeline finds.
struct Sight {
  std::uint64_t progress = 0;  // changes whenever something moves, such as the sum of all counters
  bool has_work = false;       // records are under way
  bool draining = false;       // within the time that a drain may take
  std::string status;          // for people; empty: say nothing
};

// Decides what is said after a look. No clock and no thread, so that it can be tested by itself; used by one thread.
class LifeJudge {
 public:
  struct Verdict {
    bool alive = false;         // the pipeline makes progress, or has nothing to do
    bool ask_for_time = false;  // it drains
    bool tell_status = false;   // the status is another one
  };
  Verdict judge(const Sight& sight);

 private:
  std::optional<std::uint64_t> progress_;
  std::string status_;
};

// Looks at the pipeline from a thread of its own and tells the service manager: WATCHDOG=1 only while records move or
// there are none, STATUS when it changes, EXTEND_TIMEOUT_USEC while it drains. The thread ends with the
// object; nothing is started if there is no service manager. The manager must outlive it.
class LifeSigns {
 public:
  // `look` is called from the thread, once a second or four times in the watchdog's timeout, whichever is more often.
  LifeSigns(const ServiceManager& manager, std::function<Sight()> look);
  LifeSigns(const LifeSigns&) = delete;
  LifeSigns& operator=(const LifeSigns&) = delete;
  ~LifeSigns();

 private:
  void run(std::chrono::microseconds interval);
  void look_once();

  const ServiceManager& manager_;
  const std::function<Sight()> look_;
  LifeJudge judge_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool end_ = false;  // guarded by mutex_
  flow::Thread thread_;
};

}  // namespace sluice::daemon
