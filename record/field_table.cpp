#include "record/field_table.hpp"

namespace sluice::record {

FieldKey FieldTable::intern(std::string_view name) {
  if (const int slot = find(name); slot != kNone) {
    return {names_[static_cast<std::size_t>(slot)], static_cast<std::uint16_t>(slot)};
  }
  const auto slot = static_cast<std::uint16_t>(names_.size());
  Bucket& bucket = buckets_[name.size() & (kBuckets - 1)];
  names_.emplace_back(name);
  next_.push_back(bucket.first);
  bucket.first = slot;
  return {names_.back(), slot};
}

}  // namespace sluice::record
