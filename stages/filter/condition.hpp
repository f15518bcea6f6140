// One condition of a filter stage, and the loop that all conditions share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "expression/expression.hpp"
#include "record/batch.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

// What becomes of a record for which a condition has no answer, because its expression or its key has no value.
enum class OnError { drop, keep, reject };

// where, sample, limit or dedupe.
class Condition {
 public:
  virtual ~Condition() = default;

  // Leaves in the batch the records that go on, in their order, and tells the tally of the others. Called from many
  // workers at once, each with a batch of its own, unless serial().
  virtual void apply(record::Batch& batch, Tally& tally) = 0;

  // True if the answer depends on the records before: called for one batch at a time, in order.
  virtual bool serial() const { return false; }

  // Adds what decides about this record; true if it goes on. Changes no state.
  virtual bool explain(record::Record& record, record::Arena& arena, std::vector<Remark>& remarks) const = 0;
};

// Counts errors by reason without looking a reason up for each record.
class ErrorCounts {
 public:
  void add(expression::ErrorReason reason) { ++counts_[static_cast<std::size_t>(reason)], any_ = true; }

  void flush(Tally& tally) const {
    if (!any_) return;
    for (std::size_t reason = 0; reason < counts_.size(); ++reason) {
      if (counts_[reason] == 0) continue;
      tally.error(expression::reason_name(static_cast<expression::ErrorReason>(reason)), counts_[reason]);
    }
  }

 private:
  std::array<std::uint32_t, static_cast<std::size_t>(expression::ErrorReason::limit_exceeded) + 1> counts_{};
  bool any_ = false;
};

// Keeps the records for which `decide(record, arena)`, an expression::Match, is yes, and moves them together in one
// pass. Errors are counted by reason; `detail(error)` says them in words.
template <class Decide, class Detail>
void sift(record::Batch& batch, Tally& tally, OnError on_error, Decide decide, Detail detail) {
  std::vector<record::Record>& records = batch.records();
  record::Arena& arena = batch.arena();
  const std::size_t rejected_before = tally.rejections.size();
  ErrorCounts errors;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const expression::Match match = decide(records[i], arena);
    bool keep = match.truth == expression::Truth::yes;
    if (match.truth == expression::Truth::error) [[unlikely]] {
      errors.add(match.error.reason);
      keep = on_error == OnError::keep;
      if (on_error == OnError::reject) {
        tally.reject(records[i], expression::reason_name(match.error.reason), detail(match.error));
      }
    }
    if (keep) {
      if (kept != i) records[kept] = records[i];
      ++kept;
    }
  }
  tally.filtered += records.size() - kept - (tally.rejections.size() - rejected_before);
  records.resize(kept);
  errors.flush(tally);
}

}  // namespace sluice::stages
