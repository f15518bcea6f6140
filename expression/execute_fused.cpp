// Executing: a field or another operand beside a constant. These are what filters spend their time in, so each is one
// function without a second dispatch, and allocates nothing for values that stand in the record as they are.
#include <cstring>

#include "expression/execute.hpp"
#include "expression/operators.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

// The operand as it stands in the record; absent with an error.
template <bool kField>
inline Value operand(const Node& node, Frame& frame) {
  if constexpr (kField) {
    const Value value = frame.record->find(node.key);
    if (value.is_absent()) [[unlikely]]
      return frame.fail(node.child(0), ErrorReason::no_such_field);
    return value;
  } else {
    return run(node.child(0), frame);
  }
}

// The int that a JSON number text is, if it has no fraction and no exponent and at most 18 digits.
inline bool small_int(std::string_view text, std::int64_t& number) {
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  number = negative ? -value : value;
  return true;
}

template <Op kOp>
[[gnu::noinline]] Value compare_slowly(const Value& raw, const Node& node, Frame& frame) {
  const Value value = resolved(raw, frame);
  if (value.is_absent()) return {};
  if constexpr (kOp == Op::equal || kOp == Op::not_equal) {
    const bool same = equal(value, node.constant, node, frame);
    if (frame.error.reason == ErrorReason::limit_exceeded) return {};
    return Value::boolean(same == (kOp == Op::equal));
  } else {
    const Order order = compare(value, node.constant);
    if (order == Order::no_overload) return frame.fail(node, ErrorReason::no_such_overload);
    return Value::boolean(holds(kOp, order == Order::unordered ? 2 : static_cast<int>(order) - 1));
  }
}

template <Op kOp, class T>
inline bool holds_for(const T& a, const T& b) {
  if constexpr (kOp == Op::equal) return a == b;
  if constexpr (kOp == Op::not_equal) return a != b;
  if constexpr (kOp == Op::less) return a < b;
  if constexpr (kOp == Op::less_equal) return a <= b;
  if constexpr (kOp == Op::greater) return a > b;
  return a >= b;
}

template <Op kOp, bool kField>
Value compare_any(const Node& node, Frame& frame) {
  const Value value = operand<kField>(node, frame);
  if (value.is_absent()) return {};
  return compare_slowly<kOp>(value, node, frame);
}

template <Op kOp, bool kField>
Value compare_int(const Node& node, Frame& frame) {
  const Value value = operand<kField>(node, frame);
  std::int64_t number = 0;
  if (value.is(Type::int64)) {
    number = value.as_int64();
  } else if (value.is_absent()) {
    return {};
  } else if (!value.is(Type::json) || !small_int(value.text(), number)) {
    return compare_slowly<kOp>(value, node, frame);
  }
  return Value::boolean(holds_for<kOp>(number, node.constant.as_int64()));
}

template <Op kOp, bool kField>
Value compare_double(const Node& node, Frame& frame) {
  const Value value = operand<kField>(node, frame);
  if (value.is(Type::float64)) return Value::boolean(holds_for<kOp>(value.as_float64(), node.constant.as_float64()));
  if (value.is_absent()) return {};
  return compare_slowly<kOp>(value, node, frame);
}

template <Op kOp, bool kField>
Value compare_string(const Node& node, Frame& frame) {
  const Value value = operand<kField>(node, frame);
  if (value.is(Type::string)) [[likely]]
    return Value::boolean(holds_for<kOp>(value.text(), node.constant.text()));
  if (value.is_absent()) return {};
  return compare_slowly<kOp>(value, node, frame);
}

template <Op kOp, bool kField>
Run compare_run(const Value& constant) {
  switch (constant.type()) {
    case Type::int64:
      return compare_int<kOp, kField>;
    case Type::float64:
      return compare_double<kOp, kField>;
    case Type::string:
      return compare_string<kOp, kField>;
    default:
      return compare_any<kOp, kField>;
  }
}
template <Op kOp>
Run compare_run(const Value& constant, bool field) {
  return field ? compare_run<kOp, true>(constant) : compare_run<kOp, false>(constant);
}

// The operand as text; absent with an error.
template <bool kField>
inline Value text_operand(const Node& node, Frame& frame) {
  Value value = operand<kField>(node, frame);
  if (value.is(Type::string)) [[likely]]
    return value;
  value = resolved(value, frame);
  if (value.is(Type::string) || value.is_absent()) return value;
  return frame.fail(node, ErrorReason::no_such_overload, "the value is not a string");
}

template <TextTest kTest, bool kField>
Value text_test(const Node& node, Frame& frame) {
  const Value value = text_operand<kField>(node, frame);
  if (value.is_absent()) return {};
  const std::string_view text = value.text();
  const std::string_view part = node.constant.text();
  if constexpr (kTest == TextTest::equals) return Value::boolean(text == part);
  if constexpr (kTest == TextTest::starts_with) return Value::boolean(text.starts_with(part));
  if constexpr (kTest == TextTest::ends_with) return Value::boolean(text.ends_with(part));
  if (part.empty()) return Value::boolean(true);
  return Value::boolean(text.size() >= part.size() &&
                        memmem(text.data(), text.size(), part.data(), part.size()) != nullptr);
}

template <bool kField>
Run text_run(TextTest test) {
  switch (test) {
    case TextTest::equals:
      return text_test<TextTest::equals, kField>;
    case TextTest::starts_with:
      return text_test<TextTest::starts_with, kField>;
    case TextTest::ends_with:
      return text_test<TextTest::ends_with, kField>;
    case TextTest::contains:
      return text_test<TextTest::contains, kField>;
  }
  return nullptr;
}

template <bool kField>
Value regex(const Node& node, Frame& frame) {
  const Value value = text_operand<kField>(node, frame);
  if (value.is_absent()) return {};
  const std::string_view text = value.text();
  if (text.size() >= 1024 && !frame.spend(node, text.size() / 1024)) return {};
  const re2::StringPiece piece(text.data(), text.size());
  return Value::boolean(node.regex->Match(piece, 0, piece.size(), RE2::UNANCHORED, nullptr, 0));
}

template <bool kField>
Value in_set(const Node& node, Frame& frame) {
  const Value value = resolved(operand<kField>(node, frame), frame);
  if (value.is_absent()) return {};
  const bool found = node.set->contains(value, node, frame);
  if (frame.error.reason == ErrorReason::limit_exceeded) return {};
  return Value::boolean(found);
}

}  // namespace

Run compare_constant_run(Op op, const Value& constant, bool field) {
  switch (op) {
    case Op::equal:
      return compare_run<Op::equal>(constant, field);
    case Op::not_equal:
      return compare_run<Op::not_equal>(constant, field);
    case Op::less:
      return compare_run<Op::less>(constant, field);
    case Op::less_equal:
      return compare_run<Op::less_equal>(constant, field);
    case Op::greater:
      return compare_run<Op::greater>(constant, field);
    default:
      return compare_run<Op::greater_equal>(constant, field);
  }
}

Run text_test_run(TextTest test, bool field) { return field ? text_run<true>(test) : text_run<false>(test); }
Run regex_run(bool field) { return field ? regex<true> : regex<false>; }
Run in_set_run(bool field) { return field ? in_set<true> : in_set<false>; }

}  // namespace sluice::expression
