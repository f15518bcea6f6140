#include "daemon/rejections.hpp"

#include <utility>

#include "fmt/format.h"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {

Rejections::Rejections(config::Rejects::Target target, std::vector<std::string> names, Ledger& ledger,
                       RepeatedMessages& log)
    : target_(target), names_(std::move(names)), ledger_(ledger), log_(log) {}

std::optional<Parcel> Rejections::take(std::size_t stage, const stages::Tally& tally) {
  const std::uint64_t count = tally.rejections.size();
  if (count == 0) return std::nullopt;
  for (const stages::Rejection& rejection : tally.rejections) note(stage, rejection);
  if (target_ == config::Rejects::Target::drop) {
    ledger_.add(stage, {.rejected = count});
    return std::nullopt;
  }
  Parcel parcel;
  parcel.stage = stage;
  parcel.rejected = count;
  stages::write_rejections(parcel.batch.output(), tally.rejections, names_[stage], stages::current_time());
  return parcel;
}

void Rejections::note(std::size_t stage, const stages::Rejection& rejection) {
  ledger_.add_errors(stage, rejection.reason, 1);
  // On stderr the lines of `rejects` say it already.
  if (target_ == config::Rejects::Target::stderr_stream) return;
  log_.log(spdlog::level::warn, fmt::format("{}/{}", names_[stage], rejection.reason),
           fmt::format("{} rejected a record, {}: {}", names_[stage], rejection.reason, rejection.detail));
}

}  // namespace sluice::daemon
