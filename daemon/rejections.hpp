// Turns what stages rejected into lines on their way to `rejects`.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/ledger.hpp"
#include "daemon/log.hpp"
#include "daemon/parcel.hpp"
#include "daemon/reject_samples.hpp"
#include "stages/tally.hpp"

namespace sluice::daemon {

// Thread-safe: used by every worker and generator.
class Rejections {
 public:
  // `names` are the stages' names by index. With `Target::drop` no lines are made. `samples` (may be null, outlives it)
  // gets some of what is rejected.
  Rejections(config::Rejects::Target target, std::vector<std::string> names, Ledger& ledger, RepeatedMessages& log,
             RejectSamples* samples = nullptr);

  // Counts the rejections of one call of a stage by reason, and makes a parcel of their lines. Nothing if there are
  // none or they are dropped; dropped ones are rejected at once, the others when their lines have been written.
  std::optional<Parcel> take(std::size_t stage, const stages::Tally& tally);

 private:
  void sample(std::size_t stage, std::span<const stages::Rejection> rejections);
  void note(std::size_t stage, std::span<const stages::Rejection> rejections);

  const config::Rejects::Target target_;
  const std::vector<std::string> names_;
  Ledger& ledger_;
  RepeatedMessages& log_;
  RejectSamples* const samples_;
};

}  // namespace sluice::daemon
