// The math extension (cel-go ext/math.go, as documented there).
#include <cmath>
#include <cstdint>

#include "expression/functions.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

// The argument that comes first in the order `wanted`; of the items of a list if there is one argument.
Value extreme(const Call& call, Order wanted) {
  const std::span<const Value> items = call[0].is(Type::list) ? call[0].items() : call.args;
  if (items.empty()) return call.fail(ErrorReason::invalid_argument, "the list is empty");
  if (!call.frame.spend(call.node, items.size())) return {};
  Value best;
  for (const Value& raw : items) {
    const Value item = resolved(raw, call.frame);
    if (!is_number(kind_of(item)))
      return call.fail(ErrorReason::no_such_overload, "the list holds something that is no number");
    if (best.is_absent() || compare(item, best) == wanted) best = item;
  }
  return best;
}

Value greatest(const Call& call) { return extreme(call, Order::greater); }
Value least(const Call& call) { return extreme(call, Order::less); }

Value ceil(const Call& call) { return Value::float64(std::ceil(call[0].as_float64())); }
Value floor(const Call& call) { return Value::float64(std::floor(call[0].as_float64())); }
Value round(const Call& call) { return Value::float64(std::round(call[0].as_float64())); }
Value trunc(const Call& call) { return Value::float64(std::trunc(call[0].as_float64())); }
Value is_nan(const Call& call) { return Value::boolean(std::isnan(call[0].as_float64())); }
Value is_inf(const Call& call) { return Value::boolean(std::isinf(call[0].as_float64())); }
Value is_finite(const Call& call) { return Value::boolean(std::isfinite(call[0].as_float64())); }

Value abs(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::float64)) return Value::float64(std::fabs(value.as_float64()));
  if (value.is(Type::uint64) || value.as_int64() >= 0) return value;
  if (value.as_int64() == INT64_MIN)
    return call.fail(ErrorReason::overflow, "the smallest int has no positive counterpart");
  return Value::int64(-value.as_int64());
}

Value sign(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::uint64)) return Value::uint64(value.as_uint64() > 0 ? 1 : 0);
  if (value.is(Type::int64)) return Value::int64((value.as_int64() > 0) - (value.as_int64() < 0));
  const double number = value.as_float64();
  if (std::isnan(number)) return value;
  return Value::float64((number > 0) - (number < 0));
}

Value sqrt(const Call& call) {
  const Value& value = call[0];
  if (value.is(Type::int64)) return Value::float64(std::sqrt(static_cast<double>(value.as_int64())));
  if (value.is(Type::uint64)) return Value::float64(std::sqrt(static_cast<double>(value.as_uint64())));
  return Value::float64(std::sqrt(value.as_float64()));
}

std::uint64_t bits(const Value& value) {
  return value.is(Type::uint64) ? value.as_uint64() : static_cast<std::uint64_t>(value.as_int64());
}
Value with_type_of(const Value& model, std::uint64_t value) {
  return model.is(Type::uint64) ? Value::uint64(value) : Value::int64(static_cast<std::int64_t>(value));
}
Value bit_and(const Call& call) { return with_type_of(call[0], bits(call[0]) & bits(call[1])); }
Value bit_or(const Call& call) { return with_type_of(call[0], bits(call[0]) | bits(call[1])); }
Value bit_xor(const Call& call) { return with_type_of(call[0], bits(call[0]) ^ bits(call[1])); }
Value bit_not(const Call& call) { return with_type_of(call[0], ~bits(call[0])); }

// Shifts by 64 and more give 0; to the right without regard to the sign.
template <class Shift>
Value shifted(const Call& call, Shift shift) {
  const std::int64_t by = call[1].as_int64();
  if (by < 0) return call.fail(ErrorReason::invalid_argument, "a shift by a negative number");
  return with_type_of(call[0], by > 63 ? 0 : shift(bits(call[0]), by));
}
Value bit_shift_left(const Call& call) {
  return shifted(call, [](std::uint64_t value, std::int64_t by) { return value << by; });
}
Value bit_shift_right(const Call& call) {
  return shifted(call, [](std::uint64_t value, std::int64_t by) { return value >> by; });
}

using enum Kind;
constexpr Overload kExtreme[] = {overload(dyn, list), overload(int64, int64), overload(uint64, uint64),
                                 overload(float64, float64)};
constexpr Overload kReal[] = {overload(float64, float64)};
constexpr Overload kTest[] = {overload(boolean, float64)};
constexpr Overload kNumber[] = {overload(int64, int64), overload(uint64, uint64), overload(float64, float64)};
constexpr Overload kRoot[] = {overload(float64, float64), overload(float64, int64), overload(float64, uint64)};
constexpr Overload kBits2[] = {overload(int64, int64, int64), overload(uint64, uint64, uint64)};
constexpr Overload kBits1[] = {overload(int64, int64), overload(uint64, uint64)};
constexpr Overload kShift[] = {overload(int64, int64, int64), overload(uint64, uint64, int64)};

constexpr Function kFunctions[] = {
    {"math.greatest", false, greatest, kExtreme, true, false, "the greatest of numbers, or of a list of them"},
    {"math.least", false, least, kExtreme, true, false, "the least of numbers, or of a list of them"},
    {"math.ceil", false, ceil, kReal, false, false, "the next whole double upwards"},
    {"math.floor", false, floor, kReal, false, false, "the next whole double downwards"},
    {"math.round", false, round, kReal, false, false, "the nearest whole double, halves away from zero"},
    {"math.trunc", false, trunc, kReal, false, false, "the next whole double towards zero"},
    {"math.abs", false, abs, kNumber, false, false, "without its sign"},
    {"math.sign", false, sign, kNumber, false, false, "-1, 0 or 1, in the type of the argument"},
    {"math.sqrt", false, sqrt, kRoot, false, false, "the square root"},
    {"math.isNaN", false, is_nan, kTest, false, false, "whether the double is not a number"},
    {"math.isInf", false, is_inf, kTest, false, false, "whether the double is an infinity"},
    {"math.isFinite", false, is_finite, kTest, false, false, "whether the double is neither"},
    {"math.bitAnd", false, bit_and, kBits2, false, false, "bits that are set in both"},
    {"math.bitOr", false, bit_or, kBits2, false, false, "bits that are set in either"},
    {"math.bitXor", false, bit_xor, kBits2, false, false, "bits that are set in one of them"},
    {"math.bitNot", false, bit_not, kBits1, false, false, "bits that are not set"},
    {"math.bitShiftLeft", false, bit_shift_left, kShift, false, false, "bits moved to the left"},
    {"math.bitShiftRight", false, bit_shift_right, kShift, false, false, "bits moved to the right, zeros following"},
};

}  // namespace

std::span<const Function> math_functions() { return kFunctions; }

}  // namespace sluice::expression
