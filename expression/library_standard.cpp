// Standard functions of CEL (langdef.md "Standard Definitions"): sizes, searching in strings, conversions.
#include <cmath>

#include "expression/functions.hpp"
#include "expression/network.hpp"
#include "expression/text.hpp"
#include "expression/time.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

Value size_of(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::string)) return Value::int64(static_cast<std::int64_t>(code_point_count(value.text())));
  return Value::int64(value.size());
}

Value text_contains(const Call& call) {
  return Value::boolean(call[0].text().find(call[1].text()) != std::string_view::npos);
}
Value starts_with(const Call& call) { return Value::boolean(call[0].text().starts_with(call[1].text())); }
Value ends_with(const Call& call) { return Value::boolean(call[0].text().ends_with(call[1].text())); }

// With a pattern that is only known at run time; constant ones are compiled once (see compiler.cpp).
Value matches(const Call& call) {
  constexpr std::size_t kLongestPattern = 1024;
  const std::string_view pattern = call[1].text();
  if (pattern.size() > kLongestPattern) {
    return call.fail(ErrorReason::limit_exceeded, "a pattern from a record may have 1024 bytes");
  }
  if (!call.frame.spend(call.node, 50 + call[0].size() / 1024)) return {};
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(256 * 1024);
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex.ok()) return call.fail(ErrorReason::invalid_argument, "the pattern is not a regular expression");
  const std::string_view text = call[0].text();
  return Value::boolean(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex));
}

Value to_dyn(const Call& call) { return call[0]; }
Value type_of(const Call& call) { return type_value(kind_of(call[0])); }

Value to_int(const Call& call) {
  const Value& value = call[0];
  switch (value.type()) {
    case Type::uint64:
      if (value.as_uint64() > static_cast<std::uint64_t>(INT64_MAX)) break;
      return Value::int64(static_cast<std::int64_t>(value.as_uint64()));
    case Type::float64: {
      const double number = value.as_float64();
      if (!(number > -9223372036854775808.0 && number < 9223372036854775808.0)) break;
      return Value::int64(static_cast<std::int64_t>(number));
    }
    case Type::string: {
      const auto number = parse_int(value.text());
      if (!number) return call.fail(ErrorReason::invalid_argument, "the text is not an int");
      return Value::int64(*number);
    }
    case Type::timestamp:
      return Value::int64(value.as_timestamp().seconds);
    default:
      return value;
  }
  return call.fail(ErrorReason::overflow, "the number is out of the range of int");
}

Value to_uint(const Call& call) {
  const Value& value = call[0];
  switch (value.type()) {
    case Type::int64:
      if (value.as_int64() < 0) break;
      return Value::uint64(static_cast<std::uint64_t>(value.as_int64()));
    case Type::float64: {
      const double number = value.as_float64();
      if (!(number >= 0 && number < 18446744073709551616.0)) break;
      return Value::uint64(static_cast<std::uint64_t>(number));
    }
    case Type::string: {
      const auto number = parse_uint(value.text());
      if (!number) return call.fail(ErrorReason::invalid_argument, "the text is not a uint");
      return Value::uint64(*number);
    }
    default:
      return value;
  }
  return call.fail(ErrorReason::overflow, "the number is out of the range of uint");
}

Value to_double(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::int64)) return Value::float64(static_cast<double>(value.as_int64()));
  if (value.is(Type::uint64)) return Value::float64(static_cast<double>(value.as_uint64()));
  if (!value.is(Type::string)) return value;
  const auto number = parse_double(value.text());
  if (!number) return call.fail(ErrorReason::invalid_argument, "the text is not a number");
  return Value::float64(*number);
}

Value to_string(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::string)) return value;
  if (value.is(Type::bytes)) {
    if (!is_valid_utf8(value.text())) return call.fail(ErrorReason::invalid_argument, "the bytes are not valid UTF-8");
    return Value::string(value.text());
  }
  TextBuilder out(call.node, call.frame);
  append_text(out, value);
  return out.finish();
}

Value to_bytes(const Call& call) { return Value::bytes(call[0].text()); }

Value to_bool(const Call& call) {
  if (call[0].is(Type::boolean)) return call[0];
  const std::string_view text = call[0].text();
  for (const std::string_view yes : {"true", "TRUE", "True", "t", "1"}) {
    if (text == yes) return Value::boolean(true);
  }
  for (const std::string_view no : {"false", "FALSE", "False", "f", "0"}) {
    if (text == no) return Value::boolean(false);
  }
  return call.fail(ErrorReason::invalid_argument, "the text is not a bool");
}

Value to_timestamp(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::timestamp)) return value;
  std::optional<record::Timestamp> parsed;
  if (value.is(Type::int64)) {
    parsed = record::Timestamp{value.as_int64(), 0};
  } else {
    parsed = parse_timestamp(value.text());
    if (!parsed) return call.fail(ErrorReason::invalid_argument, "the text is not a time as in RFC 3339");
  }
  if (!in_range(*parsed)) return call.fail(ErrorReason::overflow, "the time is out of range: years 1 to 9999");
  return Value::timestamp(*parsed);
}

Value to_duration(const Call& call) {
  if (call[0].is(Type::duration)) return call[0];
  bool range = false;
  const auto parsed = parse_duration(call[0].text(), range);
  if (range) return call.fail(ErrorReason::overflow, "the duration is out of range: about 292 years");
  if (!parsed)
    return call.fail(ErrorReason::invalid_argument, "the text is not a duration such as \"1h30m\" or \"1.5s\"");
  return Value::duration(*parsed);
}

using enum Kind;
constexpr Overload kSize[] = {overload(int64, string), overload(int64, bytes), overload(int64, list),
                              overload(int64, map)};
constexpr Overload kTwoStrings[] = {overload(boolean, string, string)};
constexpr Overload kAny[] = {overload(same, dyn)};
constexpr Overload kType[] = {overload(type, dyn)};
constexpr Overload kInt[] = {overload(int64, int64), overload(int64, uint64), overload(int64, float64),
                             overload(int64, string), overload(int64, timestamp)};
constexpr Overload kUint[] = {overload(uint64, uint64), overload(uint64, int64), overload(uint64, float64),
                              overload(uint64, string)};
constexpr Overload kDouble[] = {overload(float64, float64), overload(float64, int64), overload(float64, uint64),
                                overload(float64, string)};
constexpr Overload kString[] = {overload(string, string),    overload(string, int64),    overload(string, uint64),
                                overload(string, float64),   overload(string, boolean),  overload(string, bytes),
                                overload(string, timestamp), overload(string, duration), overload(string, ip),
                                overload(string, cidr)};
constexpr Overload kBytes[] = {overload(bytes, bytes), overload(bytes, string)};
constexpr Overload kBool[] = {overload(boolean, boolean), overload(boolean, string)};
constexpr Overload kTimestamp[] = {overload(timestamp, timestamp), overload(timestamp, string),
                                   overload(timestamp, int64)};
constexpr Overload kDuration[] = {overload(duration, duration), overload(duration, string)};

constexpr Function kFunctions[] = {
    {"size", false, size_of, kSize, false, false, "the number of characters, bytes, items or entries"},
    {"size", true, size_of, kSize, false, false, "the number of characters, bytes, items or entries"},
    {"contains", true, text_contains, kTwoStrings, false, false, "whether the text has this part"},
    {"startsWith", true, starts_with, kTwoStrings, false, false, "whether the text begins so"},
    {"endsWith", true, ends_with, kTwoStrings, false, false, "whether the text ends so"},
    {"matches", true, matches, kTwoStrings, false, false, "whether the RE2 expression is found in the text"},
    {"matches", false, matches, kTwoStrings, false, false, "whether the RE2 expression is found in the text"},
    {"dyn", false, to_dyn, kAny, false, false, "the value, with its type left to run time"},
    {"type", false, type_of, kType, false, false, "the type: type(x) == int"},
    {"int", false, to_int, kInt, false, false, "to int; doubles are cut, a time gives seconds since 1970"},
    {"uint", false, to_uint, kUint, false, false, "to uint"},
    {"double", false, to_double, kDouble, false, false, "to double"},
    {"string", false, to_string, kString, false, false, "to text"},
    {"bytes", false, to_bytes, kBytes, false, false, "the UTF-8 bytes of a text"},
    {"bool", false, to_bool, kBool, false, false, "from \"true\", \"t\", \"1\", \"false\", \"f\", \"0\""},
    {"timestamp", false, to_timestamp, kTimestamp, false, false, "from RFC 3339 or seconds since 1970"},
    {"duration", false, to_duration, kDuration, false, false, "from \"1h30m\", \"250ms\", \"1.5s\""},
};

}  // namespace

std::span<const Function> standard_functions() { return kFunctions; }

}  // namespace sluice::expression
