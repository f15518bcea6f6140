// What was rejected lately, for people who look: counts by stage and reason, and a few samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/value.hpp"
#include "stages/tally.hpp"

namespace sluice::daemon {

struct RejectSample {
  record::Timestamp time;
  std::string stage;
  std::string reason;
  std::string detail;
  std::string raw;         // at most kMostRaw bytes of the line
  bool truncated = false;  // the line was longer
};

// Thread-safe. Cheap: the pipeline gives it a few rejections of each batch at most. Outlives topologies.
class RejectSamples {
 public:
  static constexpr std::size_t kMost = 50;         // samples kept
  static constexpr std::size_t kMostRaw = 4096;    // bytes of a sample's line
  static constexpr std::size_t kMostPerBatch = 8;  // samples of one reason that a batch can leave

  struct Count {
    std::string stage;
    std::string reason;
    std::uint64_t count = 0;
  };

  // `stage` rejected `count` more records for this reason.
  void count(std::string_view stage, std::string_view reason, std::uint64_t count);
  // Keeps a sample. When there are kMost, the oldest of the most frequent stage and reason goes.
  void keep(std::string_view stage, const stages::Rejection& rejection, record::Timestamp time);

  std::vector<Count> counts() const;         // sorted by stage and reason
  std::vector<RejectSample> newest() const;  // newest first

 private:
  void drop_one();

  mutable std::mutex mutex_;  // guards the two below
  std::map<std::pair<std::string, std::string>, std::uint64_t, std::less<>> counts_;
  std::deque<RejectSample> samples_;  // oldest first
};

}  // namespace sluice::daemon
