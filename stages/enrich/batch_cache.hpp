// Remembers what was found for the values of one batch: logs repeat themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "record/value.hpp"

namespace sluice::stages {

// A direct-mapped table of a few results, which live in the batch's arena. For one call on one batch.
template <class Key>
class BatchCache {
 public:
  struct Entry {
    Key key{};
    record::Value value;
    bool used = false;
  };

  // The entry for a hash: its own if `used` and `key` fits, else one to be overwritten.
  Entry& at(std::uint64_t hash) { return entries_[(hash ^ (hash >> 32)) % kEntries]; }

 private:
  static constexpr std::size_t kEntries = 128;
  std::array<Entry, kEntries> entries_;
};

}  // namespace sluice::stages
