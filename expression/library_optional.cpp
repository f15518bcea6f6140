// Optional values (cel-go's OptionalTypes library; cel-spec proposal 246).
#include "expression/functions.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

Value none(const Call&) { return optional_none(); }
Value of(const Call& call) { return optional_of(call[0], call.arena()); }

// null, false, 0, 0.0, "", b"", [], {}, no time at all
bool is_zero(const Value& value) {
  switch (kind_of(value)) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return !value.as_boolean();
    case Kind::int64:
      return value.as_int64() == 0;
    case Kind::uint64:
      return value.as_uint64() == 0;
    case Kind::float64:
      return value.as_float64() == 0;
    case Kind::string:
    case Kind::bytes:
    case Kind::list:
    case Kind::map:
      return value.size() == 0;
    case Kind::timestamp:
      return value.as_timestamp() == record::Timestamp{};
    case Kind::duration:
      return value.as_duration() == record::Duration{};
    case Kind::optional:
      return optional_content(value).is_absent();
    default:
      return false;
  }
}
Value of_non_zero(const Call& call) { return is_zero(call[0]) ? optional_none() : of(call); }

Value has_value(const Call& call) { return Value::boolean(!optional_content(call[0]).is_absent()); }

Value value_of(const Call& call) {
  const Value content = optional_content(call[0]);
  if (content.is_absent()) return call.fail(ErrorReason::no_value, "the optional holds no value");
  return content;
}

Value or_optional(const Call& call) { return optional_content(call[0]).is_absent() ? call[1] : call[0]; }
Value or_value(const Call& call) {
  const Value content = optional_content(call[0]);
  return content.is_absent() ? call[1] : content;
}

using enum Kind;
constexpr Overload kNone[] = {overload(optional)};
constexpr Overload kOf[] = {overload(optional, dyn)};
constexpr Overload kHasValue[] = {overload(boolean, optional)};
constexpr Overload kValue[] = {overload(dyn, optional)};
constexpr Overload kOr[] = {overload(optional, optional, optional)};
constexpr Overload kOrValue[] = {overload(dyn, optional, dyn)};

constexpr Function kFunctions[] = {
    {"optional.none", false, none, kNone, false, false, "an optional without a value"},
    {"optional.of", false, of, kOf, false, false, "an optional with this value"},
    {"optional.ofNonZeroValue", false, of_non_zero, kOf, false, false,
     "the same, without a value for null, 0, \"\", [] and the like"},
    {"hasValue", true, has_value, kHasValue, false, false, "whether the optional has a value"},
    {"value", true, value_of, kValue, false, false, "the optional's value; an error if there is none"},
    {"or", true, or_optional, kOr, false, true, "the first of two optionals that has a value"},
    {"orValue", true, or_value, kOrValue, false, true, "the optional's value, or this one"},
};

}  // namespace

std::span<const Function> optional_functions() { return kFunctions; }

}  // namespace sluice::expression
