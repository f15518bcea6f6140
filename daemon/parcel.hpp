// What travels through the queues: a batch, and where it was last.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/ledger.hpp"
#include "record/batch.hpp"

namespace sluice::daemon {

// Either records on their way, or (if `rejected` is not zero) the lines for `rejects` of so many records of `stage` in
// batch.output(). The records behind those lines are still in flight: they become rejected when their line is written.
struct Parcel {
  record::Batch batch;
  std::size_t stage = 0;  // the stage that passed it on
  std::uint64_t rejected = 0;

  bool is_rejects() const { return rejected != 0; }
};

// Accounts for a parcel that was passed on by a stage and gets nowhere.
void abandon_passed_on(Ledger& ledger, const Parcel& parcel);
// Accounts for a parcel that waited for `reader`, which never took it.
void abandon_waiting(Ledger& ledger, const Parcel& parcel, std::size_t reader);

// The same records for another reader: their own list and arena, the same bytes behind them.
record::Batch copy(const record::Batch& batch);

}  // namespace sluice::daemon
