#include "daemon/rejections.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {

Rejections::Rejections(config::Rejects::Target target, std::vector<std::string> names, Ledger& ledger,
                       RepeatedMessages& log)
    : target_(target), names_(std::move(names)), ledger_(ledger), log_(log) {}

std::optional<Parcel> Rejections::take(std::size_t stage, const stages::Tally& tally) {
  const std::uint64_t count = tally.rejections.size();
  if (count == 0) return std::nullopt;
  note(stage, tally.rejections);
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

// By reason, so that a batch of nothing but broken lines costs no more than a few entries.
void Rejections::note(std::size_t stage, std::span<const stages::Rejection> rejections) {
  struct Group {
    const stages::Rejection* first;
    std::uint64_t count;
  };
  std::vector<Group> groups;
  for (const stages::Rejection& rejection : rejections) {
    const auto known =
        std::ranges::find_if(groups, [&](const Group& g) { return g.first->reason == rejection.reason; });
    if (known == groups.end()) {
      groups.push_back({&rejection, 1});
    } else {
      ++known->count;
    }
  }
  for (const auto& [first, count] : groups) {
    ledger_.add_errors(stage, first->reason, count);
    // On stderr the lines of `rejects` say it already.
    if (target_ == config::Rejects::Target::stderr_stream) continue;
    log_.log(spdlog::level::warn, fmt::format("{}/{}", names_[stage], first->reason),
             fmt::format("{} rejected a record, {}: {}", names_[stage], first->reason, first->detail), count);
  }
}

}  // namespace sluice::daemon
