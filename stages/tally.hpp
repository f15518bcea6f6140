// What one call of a stage did to the records of a batch, beside changing them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/record.hpp"

namespace sluice::stages {

// A record that a stage could not process: why, in a word for counting and a sentence for reading, and the line.
struct Rejection {
  std::string_view reason;  // a constant such as "invalid_json"; lives for ever
  std::string detail;
  std::string raw;  // the line as the generator accepted it
};

// Filled by one call of a stage, read by its caller afterwards; not thread-safe, reused from call to call (clear()).
// Every record of a batch that is gone after the call must be in exactly one of filtered and rejections: that is how
// the ledger balances.
class Tally {
 public:
  void clear() {
    filtered = 0;
    rejections.clear();
    errors.clear();
  }

  // Takes note that a record is rejected; the caller removes it from the batch.
  void reject(const record::Record& record, std::string_view reason, std::string detail) {
    rejections.push_back({reason, std::move(detail), std::string(record.line())});
  }

  // Counts something that went wrong without ending a record, by reason ("no_such_field"). `reason` lives for ever.
  void error(std::string_view reason, std::uint64_t count = 1) {
    for (auto& [known, total] : errors) {
      if (known == reason) {
        total += count;
        return;
      }
    }
    errors.emplace_back(reason, count);
  }

  std::uint64_t filtered = 0;
  std::vector<Rejection> rejections;
  std::vector<std::pair<std::string_view, std::uint64_t>> errors;
};

}  // namespace sluice::stages
