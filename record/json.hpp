// Reading JSON values that a record holds undecoded.
#pragma once

#include <string_view>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::record {

// The value itself, one level deep: a value of Type::json becomes null, bool, int64, uint64 (above int64's range),
// float64 (anything with a fraction or exponent, or out of both ranges), string, or a list or map whose items are again
// of Type::json where they are not plain strings. Any other value is returned as it is. Never fails: the text was
// validated when the record was parsed. A lone surrogate escape decodes to U+FFFD. Allocates only for strings with
// escapes, lists and maps.
Value resolve(const Value& value, Arena& arena);

// The member `name` of a map or of a JSON object (the last of that name), or absent. Does not decode the others.
Value member(const Value& value, std::string_view name);

// Whether `text` is exactly one valid JSON value (RFC 8259), white space around it allowed. For texts that do not come
// through the batch parser: configuration, tests.
bool is_valid_json(std::string_view text);

}  // namespace sluice::record
