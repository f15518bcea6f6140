#include "daemon/reject_samples.hpp"

#include <algorithm>

namespace sluice::daemon {

void RejectSamples::count(std::string_view stage, std::string_view reason, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  counts_[{std::string(stage), std::string(reason)}] += count;
}

void RejectSamples::keep(std::string_view stage, const stages::Rejection& rejection, record::Timestamp time) {
  RejectSample sample;
  sample.time = time;
  sample.stage = stage;
  sample.reason = rejection.reason;
  sample.detail = rejection.detail;
  sample.raw = rejection.raw.substr(0, kMostRaw);
  sample.truncated = rejection.raw.size() > kMostRaw;
  const std::lock_guard lock(mutex_);
  if (samples_.size() == kMost) drop_one();
  samples_.push_back(std::move(sample));
}

// Makes room at the cost of who has most, so that a flood of one kind does not wash the others away.
void RejectSamples::drop_one() {
  struct Kind {
    std::deque<RejectSample>::iterator oldest;
    std::size_t count;
  };
  std::vector<Kind> kinds;  // few, however many samples there are
  for (auto sample = samples_.begin(); sample != samples_.end(); ++sample) {
    const auto known = std::ranges::find_if(kinds, [&](const Kind& kind) {
      return kind.oldest->reason == sample->reason && kind.oldest->stage == sample->stage;
    });
    if (known == kinds.end()) {
      kinds.push_back({sample, 1});
    } else {
      ++known->count;
    }
  }
  samples_.erase(std::ranges::max_element(kinds, {}, &Kind::count)->oldest);
}

std::vector<RejectSamples::Count> RejectSamples::counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<Count> counts;
  for (const auto& [key, count] : counts_) counts.push_back({key.first, key.second, count});
  return counts;
}

std::vector<RejectSample> RejectSamples::newest() const {
  const std::lock_guard lock(mutex_);
  return {samples_.rbegin(), samples_.rend()};
}

}  // namespace sluice::daemon
