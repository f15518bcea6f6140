#include "daemon/parcel.hpp"

namespace sluice::daemon {
void abandon_passed_on(Ledger& ledger, const Parcel& parcel) {
  if (parcel.is_rejects()) return ledger.add(parcel.stage, {.abandoned = parcel.rejected});
  ledger.abandon_passed_on(parcel.stage, parcel.batch.size());
}

void abandon_waiting(Ledger& ledger, const Parcel& parcel, std::size_t reader) {
  if (parcel.is_rejects()) return ledger.add(parcel.stage, {.abandoned = parcel.rejected});
  ledger.add(reader, {.in = parcel.batch.size(), .abandoned = parcel.batch.size()});
}

record::Batch copy(const record::Batch& batch) {
  record::Batch copied = batch.share();
  copied.records() = batch.records();
  for (record::Record& record : copied.records()) record.unshare(copied.arena());
  return copied;
}

}  // namespace sluice::daemon
