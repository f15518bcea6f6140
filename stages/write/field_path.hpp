// Reading a field by the name that a user gave: `status`, `http.status`.
#pragma once

#include <string>
#include <vector>

#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// A path from the top of a record. `a.b` is the field named "a.b" if there is one (keys with dots are common in JSON
// logs), else the member `b` of the field `a`. Immutable once made.
class FieldPath {
 public:
  // Interns the names, so that parsers locate them.
  FieldPath(std::string text, record::FieldTable& fields);

  // The value, decoded one level; absent if there is none.
  record::Value find(const record::Record& record, record::Arena& arena) const;

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  record::FieldKey whole_;
  record::FieldKey first_;
  std::vector<std::string> rest_;  // empty for a name without dots
};

// A value whose text can be written: undecoded JSON strings are decoded, all else is left as it is (a number keeps its
// spelling).
record::Value decode_string(const record::Value& value, record::Arena& arena);

}  // namespace sluice::stages
