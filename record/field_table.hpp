// Which fields a pipeline reads: the projection.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace sluice::record {

// A top-level field name that some stage reads or writes, with its place in the projection. `name` is owned by the
// FieldTable.
struct FieldKey {
  std::string_view name;
  std::uint16_t slot = 0;
};

// All field names that the stages of one pipeline mention. Stages intern their names while they are constructed; from
// the start of the run on the table is only read, by every thread. A parser that works lazily locates these fields and
// no others, unless reads_everything().
class FieldTable {
 public:
  static constexpr int kNone = -1;

  FieldTable() = default;
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;

  // The key of `name`; the same for the same name. At most 65,535 names.
  FieldKey intern(std::string_view name);

  // Some stage looks at fields that are only known at run time (`record[...]`, an encoder that lists fields).
  void read_everything() { reads_everything_ = true; }
  bool reads_everything() const { return reads_everything_; }

  std::size_t size() const { return names_.size(); }
  std::string_view name(std::size_t slot) const { return names_[slot]; }

  // The slot of `name`, or kNone. Most names are told apart by their length alone.
  int find(std::string_view name) const {
    const Bucket& bucket = buckets_[name.size() & (kBuckets - 1)];
    for (std::uint16_t slot = bucket.first; slot != kEnd; slot = next_[slot]) {
      if (names_[slot] == name) return slot;
    }
    return kNone;
  }

 private:
  static constexpr std::size_t kBuckets = 32;
  static constexpr std::uint16_t kEnd = 0xffff;
  struct Bucket {
    std::uint16_t first = kEnd;
  };

  std::deque<std::string> names_;  // a deque: keys point into it
  std::deque<std::uint16_t> next_;
  std::array<Bucket, kBuckets> buckets_{};
  bool reads_everything_ = false;
};

}  // namespace sluice::record
