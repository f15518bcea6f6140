// Remembers what was found for the values of one batch: logs repeat themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "record/value.hpp"

namespace sluice::stages {

// A table of a few results, which live in the batch's arena. For one call on one batch.
template <class Key>
class BatchCache {
 public:
  struct Entry {
    Key key{};
    record::Value value;
    bool used = false;
  };

  // The entry of a key if it is `used` and has this `key`; else one to be overwritten.
  Entry& at(std::uint64_t hash, const Key& key) {
    const std::size_t first = (hash ^ (hash >> 32)) % kEntries;
    for (std::size_t i = first; i < first + kProbes; ++i) {
      Entry& entry = entries_[i];
      if (!entry.used || entry.key == key) return entry;
    }
    return entries_[first + hash / kEntries % kProbes];
  }

 private:
  static constexpr std::size_t kEntries = 128;
  static constexpr std::size_t kProbes = 4;
  std::array<Entry, kEntries + kProbes - 1> entries_;
};

}  // namespace sluice::stages
