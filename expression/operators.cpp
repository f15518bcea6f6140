#include "expression/operators.hpp"

#include <cmath>

#include "expression/time.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

struct Signature {
  Op op;
  Kind left;
  Kind right;
  Kind result;
};
constexpr Signature kSignatures[] = {
    {Op::add, Kind::int64, Kind::int64, Kind::int64},
    {Op::add, Kind::uint64, Kind::uint64, Kind::uint64},
    {Op::add, Kind::float64, Kind::float64, Kind::float64},
    {Op::add, Kind::string, Kind::string, Kind::string},
    {Op::add, Kind::bytes, Kind::bytes, Kind::bytes},
    {Op::add, Kind::list, Kind::list, Kind::list},
    {Op::add, Kind::timestamp, Kind::duration, Kind::timestamp},
    {Op::add, Kind::duration, Kind::timestamp, Kind::timestamp},
    {Op::add, Kind::duration, Kind::duration, Kind::duration},
    {Op::subtract, Kind::int64, Kind::int64, Kind::int64},
    {Op::subtract, Kind::uint64, Kind::uint64, Kind::uint64},
    {Op::subtract, Kind::float64, Kind::float64, Kind::float64},
    {Op::subtract, Kind::timestamp, Kind::timestamp, Kind::duration},
    {Op::subtract, Kind::timestamp, Kind::duration, Kind::timestamp},
    {Op::subtract, Kind::duration, Kind::duration, Kind::duration},
    {Op::multiply, Kind::int64, Kind::int64, Kind::int64},
    {Op::multiply, Kind::uint64, Kind::uint64, Kind::uint64},
    {Op::multiply, Kind::float64, Kind::float64, Kind::float64},
    {Op::divide, Kind::int64, Kind::int64, Kind::int64},
    {Op::divide, Kind::uint64, Kind::uint64, Kind::uint64},
    {Op::divide, Kind::float64, Kind::float64, Kind::float64},
    {Op::modulo, Kind::int64, Kind::int64, Kind::int64},
    {Op::modulo, Kind::uint64, Kind::uint64, Kind::uint64},
};

constexpr const char* kOverflow = "the result is out of range";
constexpr const char* kZero = "division by zero";

template <Op kOp, class T>
Value integers(T a, T b, const Node& node, Frame& frame, Value (*make)(T)) {
  T result = 0;
  bool overflow = false;
  if constexpr (kOp == Op::add) overflow = __builtin_add_overflow(a, b, &result);
  if constexpr (kOp == Op::subtract) overflow = __builtin_sub_overflow(a, b, &result);
  if constexpr (kOp == Op::multiply) overflow = __builtin_mul_overflow(a, b, &result);
  if constexpr (kOp == Op::divide || kOp == Op::modulo) {
    if (b == 0) return frame.fail(node, ErrorReason::division_by_zero, kZero);
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) {  // the smallest int by -1 is out of range
        overflow = kOp == Op::divide && __builtin_sub_overflow(T{0}, a, &result);
        if (overflow) return frame.fail(node, ErrorReason::overflow, kOverflow);
        return make(result);
      }
    }
    result = kOp == Op::divide ? a / b : a % b;
  }
  if (overflow) return frame.fail(node, ErrorReason::overflow, kOverflow);
  return make(result);
}

template <Op kOp>
Value doubles(double a, double b, const Node& node, Frame& frame) {
  if constexpr (kOp == Op::add) return Value::float64(a + b);
  if constexpr (kOp == Op::subtract) return Value::float64(a - b);
  if constexpr (kOp == Op::multiply) return Value::float64(a * b);
  if constexpr (kOp == Op::divide) {
    if (b != 0) return Value::float64(a / b);
    // IEEE 754, written out: C++ leaves division by zero undefined.
    if (a == 0 || std::isnan(a) || std::isnan(b)) return Value::float64(NAN);
    return Value::float64(std::signbit(a) == std::signbit(b) ? INFINITY : -INFINITY);
  }
  return frame.fail(node, ErrorReason::no_such_overload, "`%` takes ints and uints only");
}

Value joined_text(const Value& a, const Value& b, const Node& node, Frame& frame) {
  if (a.size() == 0) return b;
  if (b.size() == 0) return a;
  TextBuilder out(node, frame, a.size() + std::size_t{b.size()});
  if (!frame.spend(node, (a.size() + std::size_t{b.size()}) / 1024)) return {};
  out.append(a.text());
  out.append(b.text());
  const Value text = out.finish();
  return a.is(Type::bytes) && !text.is_absent() ? Value::bytes(text.text()) : text;
}

Value joined_lists(const Value& a, const Value& b, const Node& node, Frame& frame) {
  const std::size_t size = a.size() + std::size_t{b.size()};
  if (size > frame.tree->limits.list_items)
    return frame.fail(node, ErrorReason::limit_exceeded, "the list grows too long");
  if (!frame.spend(node, size)) return {};
  const auto items = frame.arena->make_array<Value>(size);
  std::copy(a.items().begin(), a.items().end(), items.begin());
  std::copy(b.items().begin(), b.items().end(), items.begin() + a.size());
  return Value::list(items);
}

// Timestamps and durations; absent without an error if there is no overload.
template <Op kOp>
Value times(const Value& a, const Value& b, const Node& node, Frame& frame, bool& known) {
  known = true;
  const auto out_of_range = [&] { return frame.fail(node, ErrorReason::overflow, kOverflow); };
  if constexpr (kOp == Op::subtract) {
    if (a.is(Type::timestamp) && b.is(Type::timestamp)) {
      const auto difference = subtract(a.as_timestamp(), b.as_timestamp());
      return difference ? Value::duration(from_nanoseconds(*difference)) : out_of_range();
    }
  }
  const bool reversed = kOp == Op::add && a.is(Type::duration) && b.is(Type::timestamp);
  const Value& left = reversed ? b : a;
  const Value& right = reversed ? a : b;
  if (!right.is(Type::duration) || !(left.is(Type::timestamp) || left.is(Type::duration)))
    return known = false, Value();
  auto by = to_nanoseconds(right.as_duration());
  if (!by) return out_of_range();
  if (left.is(Type::timestamp)) {
    if (kOp == Op::subtract && *by == INT64_MIN) return out_of_range();
    const auto sum = add(left.as_timestamp(), kOp == Op::subtract ? -*by : *by);
    return sum ? Value::timestamp(*sum) : out_of_range();
  }
  const auto from = to_nanoseconds(left.as_duration());
  std::int64_t result = 0;
  if (!from ||
      (kOp == Op::add ? __builtin_add_overflow(*from, *by, &result) : __builtin_sub_overflow(*from, *by, &result))) {
    return out_of_range();
  }
  return Value::duration(from_nanoseconds(result));
}

template <Op kOp>
Value arithmetic(const Node& node, Frame& frame) {
  const Value a = get(node.child(0), frame);
  if (a.is_absent()) return {};
  const Value b = get(node.child(1), frame);
  if (b.is_absent()) return {};
  if (a.type() == b.type()) {
    switch (a.type()) {
      case Type::int64:
        return integers<kOp, std::int64_t>(a.as_int64(), b.as_int64(), node, frame, Value::int64);
      case Type::uint64:
        return integers<kOp, std::uint64_t>(a.as_uint64(), b.as_uint64(), node, frame, Value::uint64);
      case Type::float64:
        return doubles<kOp>(a.as_float64(), b.as_float64(), node, frame);
      default:
        break;
    }
    if constexpr (kOp == Op::add) {
      if (a.is(Type::string) || a.is(Type::bytes)) return joined_text(a, b, node, frame);
      if (a.is(Type::list)) return joined_lists(a, b, node, frame);
    }
  }
  if constexpr (kOp == Op::add || kOp == Op::subtract) {
    bool known = false;
    const Value result = times<kOp>(a, b, node, frame, known);
    if (known) return result;
  }
  return frame.fail(node, ErrorReason::no_such_overload);
}

Value negate(const Node& node, Frame& frame) {
  const Value value = get(node.child(0), frame);
  if (value.is_absent()) return {};
  if (value.is(Type::float64)) return Value::float64(-value.as_float64());
  if (!value.is(Type::int64)) return frame.fail(node, ErrorReason::no_such_overload, "`-` takes an int or a double");
  if (value.as_int64() == INT64_MIN) return frame.fail(node, ErrorReason::overflow, kOverflow);
  return Value::int64(-value.as_int64());
}

template <Op kOp>
Value comparison(const Node& node, Frame& frame) {
  const Value a = get(node.child(0), frame);
  if (a.is_absent()) return {};
  const Value b = get(node.child(1), frame);
  if (b.is_absent()) return {};
  if constexpr (kOp == Op::equal || kOp == Op::not_equal) {
    const bool same = equal(a, b, node, frame);
    if (frame.error.reason == ErrorReason::limit_exceeded) return {};
    return Value::boolean(same == (kOp == Op::equal));
  } else {
    const Order order = compare(a, b);
    if (order == Order::no_overload) return frame.fail(node, ErrorReason::no_such_overload);
    return Value::boolean(holds(kOp, order == Order::unordered ? 2 : static_cast<int>(order) - 1));
  }
}

}  // namespace

bool holds(Op op, int order) {
  if (order > 1) return op == Op::not_equal;
  switch (op) {
    case Op::equal:
      return order == 0;
    case Op::not_equal:
      return order != 0;
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
    case Op::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool arithmetic_result(Op op, Kind a, Kind b, Kind& result) {
  bool found = false;
  result = Kind::dyn;
  for (const Signature& signature : kSignatures) {
    const bool fits =
        signature.op == op && (a == Kind::dyn || a == signature.left) && (b == Kind::dyn || b == signature.right);
    if (!fits) continue;
    result = !found || result == signature.result ? signature.result : Kind::dyn;
    if (found && result == Kind::dyn) return true;
    found = true;
  }
  return found;
}

Run arithmetic_run(Op op) {
  switch (op) {
    case Op::add:
      return arithmetic<Op::add>;
    case Op::subtract:
      return arithmetic<Op::subtract>;
    case Op::multiply:
      return arithmetic<Op::multiply>;
    case Op::divide:
      return arithmetic<Op::divide>;
    default:
      return arithmetic<Op::modulo>;
  }
}

Run negate_run() { return negate; }

Run comparison_run(Op op) {
  switch (op) {
    case Op::equal:
      return comparison<Op::equal>;
    case Op::not_equal:
      return comparison<Op::not_equal>;
    case Op::less:
      return comparison<Op::less>;
    case Op::less_equal:
      return comparison<Op::less_equal>;
    case Op::greater:
      return comparison<Op::greater>;
    default:
      return comparison<Op::greater_equal>;
  }
}

}  // namespace sluice::expression
