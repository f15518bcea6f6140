// Turns lines into JSON records: validates each in full and locates the fields that the pipeline reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"

namespace sluice::record {

// Why a text is no JSON object.
struct JsonFailure {
  std::string_view reason;  // "invalid_json", "invalid_utf8", "not_an_object" or "too_deep"; lives for ever
  std::string detail;       // "byte 17: expected ':' after the key"
};

// Validation is that of RFC 8259 and, for byte sequences, RFC 3629, as strict as simdjson's: in full, whatever fields
// are wanted. simdjson finds quotes, operators and bad bytes of many lines at once (its first stage, chosen at run time
// for the processor); the walk over what it found is ours, since it stops at each line's end and goes on behind a
// broken line. Nesting is limited to kMaxDepth.
//
// Not thread-safe: it holds scratch memory. One for each worker, reused.
class JsonIndexer {
 public:
  static constexpr std::size_t kMaxDepth = 1024;

  // `fields` outlives the indexer; names interned after this call are not located.
  explicit JsonIndexer(const FieldTable& fields);
  ~JsonIndexer();
  JsonIndexer(const JsonIndexer&) = delete;
  JsonIndexer& operator=(const JsonIndexer&) = delete;

  // Makes each record that is a line with a JSON object in it a JSON record; appends the others to failures(), by
  // index in `records`, and leaves them as they are.
  struct Failed {
    std::size_t record;
    JsonFailure why;
  };
  void index(std::vector<Record>& records, Arena& arena);
  std::vector<Failed>& failures() { return failures_; }

  // The same for any one text: makes `record` a JSON record of `text`, which must live as long as the batch.
  // True if it is one; else failures() has one entry, with record 0.
  bool index_one(std::string_view text, Record& record, Arena& arena);

  // Whether `text` is one valid JSON value of any kind.
  bool is_valid(std::string_view text);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<Failed> failures_;
};

}  // namespace sluice::record
