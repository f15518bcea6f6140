// Whether a pipeline that is asked now and then makes progress.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::daemon {

// Used by one thread at a time.
class ProgressWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // A look at the pipeline: `progress` changes whenever something moves, `has_work` while records are under way.
  // Returns for how long nothing has moved although there was work at every look meanwhile; zero when all is well.
  Clock::duration look(std::uint64_t progress, bool has_work, Clock::time_point now);

 private:
  std::uint64_t progress_ = 0;
  std::optional<Clock::time_point> since_;  // nothing: there was no work at the last look
};

}  // namespace sluice::daemon
