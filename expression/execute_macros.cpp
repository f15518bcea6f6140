// Executing: macros over lists and maps (langdef.md "Macros").
#include "expression/execute.hpp"
#include "expression/extension.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Field;
using record::Type;
using record::Value;

namespace {

// The list or map that a macro goes over.
class Range {
 public:
  // With an error in the frame if there is none.
  Range(const Node& node, Frame& frame) : node_(node), frame_(frame), value_(get(node.child(0), frame)) {
    if (value_.is_absent()) return;
    if (!value_.is(Type::list) && (!value_.is(Type::map) || is_extension(value_))) {
      fail(ErrorReason::no_such_overload, "the value is neither a list nor a map");
    } else if (value_.size() > frame.tree->limits.list_items) {
      fail(ErrorReason::limit_exceeded, "the list is too long");
    }
  }

  bool good() const { return !value_.is_absent(); }
  std::size_t size() const { return value_.size(); }
  const Field& entry(std::size_t i) const { return value_.fields()[i]; }
  bool is_map() const { return value_.is(Type::map); }

  // Sets the variables to the i-th item; false, with an error, when the budget is spent.
  bool bind(std::size_t i) {
    if (!frame_.spend(node_, 1)) return false;
    Value* const locals = frame_.locals + node_.slot;
    const bool two = node_.variables == 2;
    if (is_map()) {
      locals[0] = entry(i).name;
      if (two) locals[1] = entry(i).value;
    } else {
      if (two) locals[0] = Value::int64(static_cast<std::int64_t>(i));
      locals[two ? 1 : 0] = value_.items()[i];
    }
    return true;
  }
  const Value& variable() const { return frame_.locals[node_.slot]; }

 private:
  void fail(ErrorReason reason, const char* note) {
    frame_.fail(node_, reason, note);
    value_ = {};
  }
  const Node& node_;
  Frame& frame_;
  Value value_;
};

// A bool, or absent with an error.
Value condition(const Node& node, Frame& frame) {
  const Value value = get(node, frame);
  if (value.is_absent() || value.is(Type::boolean)) return value;
  return frame.fail(node, ErrorReason::no_such_overload, "the condition is not a bool");
}

const Node& body(const Node& node) { return node.child(node.child_count - 1); }

// all() and exists() are `&&` and `||` over the items, so one decisive item outweighs errors.
template <bool kDecisive>
Value quantifier(const Node& node, Frame& frame) {
  Range range(node, frame);
  if (!range.good()) return {};
  bool failed = false;
  Error first;
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (!range.bind(i)) return {};
    const Value value = condition(body(node), frame);
    if (!value.is_absent()) {
      if (value.as_boolean() == kDecisive) return value;
      continue;
    }
    if (frame.error.reason == ErrorReason::limit_exceeded) return {};
    if (!failed) first = frame.error;
    failed = true;
    frame.error = {};
  }
  if (!failed) return Value::boolean(!kDecisive);
  frame.error = first;
  return {};
}

Value exists_one(const Node& node, Frame& frame) {
  Range range(node, frame);
  if (!range.good()) return {};
  std::size_t count = 0;
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (!range.bind(i)) return {};
    const Value value = condition(body(node), frame);
    if (value.is_absent()) return {};
    count += value.as_boolean() ? 1 : 0;
  }
  return Value::boolean(count == 1);
}

// Calls `take(i, value of the body)` for the items that satisfy the condition, if there is one.
template <class Take>
bool for_each_result(Range& range, const Node& node, Frame& frame, Take take) {
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (!range.bind(i)) return false;
    if (node.child_count == 3) {
      const Value chosen = condition(node.child(1), frame);
      if (chosen.is_absent()) return false;
      if (!chosen.as_boolean()) continue;
    }
    const Value value = run(body(node), frame);
    if (value.is_absent()) return false;
    take(i, value);
  }
  return true;
}

Value map_items(const Node& node, Frame& frame) {
  Range range(node, frame);
  if (!range.good()) return {};
  const auto items = frame.arena->make_array<Value>(range.size());
  std::size_t size = 0;
  const bool good =
      for_each_result(range, node, frame, [&](std::size_t, const Value& value) { items[size++] = value; });
  return good ? Value::list(items.first(size)) : Value();
}

Value transform_map(const Node& node, Frame& frame) {
  Range range(node, frame);
  if (!range.good()) return {};
  const auto fields = frame.arena->make_array<Field>(range.size());
  std::size_t size = 0;
  const bool good = for_each_result(range, node, frame, [&](std::size_t i, const Value& value) {
    fields[size++] = {range.is_map() ? range.entry(i).name : Value::int64(static_cast<std::int64_t>(i)), value};
  });
  return good ? Value::map(fields.first(size)) : Value();
}

Value filter(const Node& node, Frame& frame) {
  Range range(node, frame);
  if (!range.good()) return {};
  const auto items = frame.arena->make_array<Value>(range.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < range.size(); ++i) {
    if (!range.bind(i)) return {};
    const Value chosen = condition(body(node), frame);
    if (chosen.is_absent()) return {};
    if (chosen.as_boolean()) items[size++] = range.variable();
  }
  return Value::list(items.first(size));
}

template <bool kFlat>
Value optional_map(const Node& node, Frame& frame) {
  const Value optional = get(node.child(0), frame);
  if (optional.is_absent()) return {};
  if (kind_of(optional) != Kind::optional)
    return frame.fail(node, ErrorReason::no_such_overload, "the value is not an optional");
  const Value content = optional_content(optional);
  if (content.is_absent()) return optional_none();
  frame.locals[node.slot] = content;
  const Value result = get(body(node), frame);
  if (result.is_absent()) return {};
  if (!kFlat) return optional_of(result, *frame.arena);
  if (kind_of(result) != Kind::optional)
    return frame.fail(body(node), ErrorReason::no_such_overload, "the result is not an optional");
  return result;
}

}  // namespace

Run macro_run(Macro macro) {
  switch (macro) {
    case Macro::all:
      return quantifier<false>;
    case Macro::exists:
      return quantifier<true>;
    case Macro::exists_one:
      return exists_one;
    case Macro::filter:
      return filter;
    case Macro::map:
    case Macro::map_filter:
    case Macro::transform_list:
      return map_items;
    case Macro::transform_map:
      return transform_map;
    case Macro::optional_map:
      return optional_map<false>;
    case Macro::optional_flat_map:
      return optional_map<true>;
  }
  return nullptr;
}

}  // namespace sluice::expression
