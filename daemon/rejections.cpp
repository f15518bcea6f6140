#include "daemon/rejections.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {

Rejections::Rejections(config::Rejects::Target target, std::vector<std::string> names, Ledger& ledger,
                       RepeatedMessages& log, RejectSamples* samples)
    : target_(target), names_(std::move(names)), ledger_(ledger), log_(log), samples_(samples) {}

std::optional<Parcel> Rejections::take(std::size_t stage, const stages::Tally& tally) {
  const std::uint64_t count = tally.rejections.size();
  if (count == 0) return std::nullopt;
  note(stage, tally.rejections);
  if (samples_ != nullptr) sample(stage, tally.rejections);
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

// The newest of the batch, few of each reason.
void Rejections::sample(std::size_t stage, std::span<const stages::Rejection> rejections) {
  std::vector<std::pair<std::string_view, std::size_t>> kept;
  std::vector<const stages::Rejection*> chosen;
  for (auto rejection = rejections.rbegin(); rejection != rejections.rend(); ++rejection) {
    auto known = std::ranges::find(kept, rejection->reason, [](const auto& entry) { return entry.first; });
    if (known == kept.end()) known = kept.insert(kept.end(), {rejection->reason, 0});
    if (known->second++ < RejectSamples::kMostPerBatch) chosen.push_back(&*rejection);
  }
  const record::Timestamp now = stages::current_time();
  for (auto rejection = chosen.rbegin(); rejection != chosen.rend(); ++rejection) {
    samples_->keep(names_[stage], **rejection, now);
  }
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
    if (samples_ != nullptr) samples_->count(names_[stage], first->reason, count);
    // On stderr the lines of `rejects` say it already.
    if (target_ == config::Rejects::Target::stderr_stream) continue;
    log_.log(spdlog::level::warn, fmt::format("{}/{}", names_[stage], first->reason),
             fmt::format("{} rejected a record, {}: {}", names_[stage], first->reason, first->detail), count);
  }
}

}  // namespace sluice::daemon
