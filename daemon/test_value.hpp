// Comparing what was written with what was expected, as JSON values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::daemon {

// A piece of a line; marked if it differs from its counterpart.
struct Span {
  std::string text;
  bool marked = false;
};

// The text as a JSON object, undecoded; nothing if it is none. The value points into `text`.
std::optional<record::Value> as_object(std::string_view text);

// Whether two values are the same: numbers by value (1 and 1.0), maps whatever the order of their fields, of several
// fields of one name the last. `arena` takes what has to be decoded.
bool is_same(const record::Value& left, const record::Value& right, record::Arena& arena);

std::string json_of(const record::Value& value);

// Two maps on a line each, in JSON, their differing fields marked; and a sentence about each difference, with the path
// of the field: "error.kind: expected "timeout", found "refused"".
struct FieldDifferences {
  std::vector<Span> expected;
  std::vector<Span> actual;
  std::vector<std::string> sentences;
};
FieldDifferences differences(const record::Value& expected, const record::Value& actual, record::Arena& arena);

// The same for texts that are no JSON: what lies between their common beginning and end is marked.
struct TextDifference {
  std::vector<Span> expected;
  std::vector<Span> actual;
};
TextDifference difference(std::string_view expected, std::string_view actual);

}  // namespace sluice::daemon
