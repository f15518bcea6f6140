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
  const auto like = [](const RejectSample& one, const RejectSample& other) {
    return one.reason == other.reason && one.stage == other.stage;
  };
  auto victim = samples_.begin();
  std::ptrdiff_t most = 0;
  for (auto candidate = samples_.begin(); candidate != samples_.end(); ++candidate) {
    const std::ptrdiff_t alike =
        std::ranges::count_if(samples_, [&](const RejectSample& other) { return like(*candidate, other); });
    if (alike > most) most = alike, victim = candidate;
  }
  samples_.erase(victim);
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
