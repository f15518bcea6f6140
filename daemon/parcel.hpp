// What travels through the queues: a batch, and where it was last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/ledger.hpp"
#include "record/batch.hpp"

namespace sluice::daemon {

// Either records on their way, or (if `rejected` is not empty) the text of lines for `rejects` in batch.output(). The
// records behind those lines are still in flight: they become rejected when the text is written.
struct Parcel {
  record::Batch batch;
  std::size_t stage = 0;                                        // the stage that passed it on
  std::vector<std::pair<std::size_t, std::uint64_t>> rejected;  // which stage rejected how many records

  bool is_rejects() const { return !rejected.empty(); }
};

// Accounts for a parcel that was passed on by a stage and gets nowhere.
void abandon_passed_on(Ledger& ledger, const Parcel& parcel);
// Accounts for a parcel that waited for `reader`, which never took it.
void abandon_waiting(Ledger& ledger, const Parcel& parcel, std::size_t reader);

// The same records for another reader: their own list and arena, the same bytes behind them.
record::Batch copy(const record::Batch& batch);

}  // namespace sluice::daemon
