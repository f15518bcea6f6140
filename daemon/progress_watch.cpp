#include "daemon/progress_watch.hpp"

#include <utility>

namespace sluice::daemon {

ProgressWatch::Clock::duration ProgressWatch::look(std::uint64_t progress, bool has_work, Clock::time_point now) {
  const bool moved = std::exchange(progress_, progress) != progress;
  if (!has_work) {
    since_.reset();
  } else if (moved || !since_) {
    since_ = now;
  }
  return since_ ? now - *since_ : Clock::duration::zero();
}

}  // namespace sluice::daemon
