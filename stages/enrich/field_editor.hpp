// Changing a field, nested or not, by the name that a user gave.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/record.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// The new value of a field, or an absent value to leave it as it is.
using Edit = std::function<record::Value(const record::Value&)>;

// A path from the top of a record. `a.b` is the field named "a.b" if there is one, else the member `b` of the field
// `a`, as for FieldPath. Immutable once made.
class FieldEditor {
 public:
  // Interns the names, so that parsers locate them.
  FieldEditor(const std::string& path, record::FieldTable& fields);

  // Replaces the field by what `edit` makes of it; false if there is no such field or it was left as it is.
  bool edit(record::Record& record, record::Arena& arena, const Edit& edit) const;

 private:
  record::FieldKey whole_;
  record::FieldKey first_;
  std::vector<std::string> rest_;  // empty for a name without dots
};

// The value with every string in it, at any depth, replaced by what `edit` makes of it; absent if none was replaced.
// `skip(text)` says of undecoded JSON text, a value of any type, that no string in it need be looked at.
record::Value edit_strings(const record::Value& value, record::Arena& arena, const Edit& edit,
                           const std::function<bool(std::string_view)>& skip);

}  // namespace sluice::stages
