// Executing: names, selections, literals, logic and calls.
#include "expression/execute.hpp"

#include <algorithm>

#include "expression/extension.hpp"
#include "expression/functions.hpp"
#include "expression/values.hpp"

namespace sluice::expression::execute {

using record::Field;
using record::Type;
using record::Value;

Value constant(const Node& node, Frame&) { return node.constant; }

Value field(const Node& node, Frame& frame) {
  const Value value = frame.record->find(node.key);
  if (value.is_absent()) [[unlikely]]
    return frame.fail(node, ErrorReason::no_such_field);
  return value;
}

Value optional_field(const Node& node, Frame& frame) {
  const Value value = frame.record->find(node.key);
  return value.is_absent() ? optional_none() : optional_of(value, *frame.arena);
}

Value has_field(const Node& node, Frame& frame) { return Value::boolean(!frame.record->find(node.key).is_absent()); }

// Not Record::fields(), which would make a list of a JSON record: it must still be written byte for byte.
Value whole_record(const Node&, Frame& frame) {
  const record::Record& record = *frame.record;
  record::Arena& arena = *frame.arena;
  const auto added = record.added();
  if (record.form() == record::Record::Form::line) {
    const auto fields = arena.make_array<Field>(1);
    fields[0] = {Value::string(record::Record::kMessage), Value::string(record.line())};
    return Value::map(fields);
  }
  if (record.form() == record::Record::Form::fields) return without_duplicates(Value::map(added), arena);
  const Value members = record::resolve(Value::json(record.json_text()), arena);
  if (added.empty()) return without_duplicates(members, arena);
  const auto all = arena.make_array<Field>(members.size() + added.size());
  std::copy(added.begin(), added.end(), std::copy(members.fields().begin(), members.fields().end(), all.begin()));
  return without_duplicates(Value::map(all), arena);
}

Value record_index(const Node& node, Frame& frame) {
  const Value name = get(node.child(0), frame);
  if (name.is_absent()) return {};
  const Value value = name.is(Type::string) ? frame.record->find_any(name.text(), *frame.arena) : Value();
  if (node.optional) return value.is_absent() ? optional_none() : optional_of(value, *frame.arena);
  if (value.is_absent()) return frame.fail(node, ErrorReason::no_such_field);
  return value;
}

Value in_record(const Node& node, Frame& frame) {
  const Value name = get(node.child(0), frame);
  if (name.is_absent()) return {};
  return Value::boolean(name.is(Type::string) && !frame.record->find_any(name.text(), *frame.arena).is_absent());
}

Value local(const Node& node, Frame& frame) { return frame.locals[node.slot]; }

namespace {

bool is_map(const Value& value) {
  return (value.is(Type::map) && !is_extension(value)) || (value.is(Type::json) && value.text().front() == '{');
}
bool is_optional(const Value& value) { return value.is(Type::map) && kind_of(value) == Kind::optional; }

Value wrapped(const Value& value, Frame& frame) {
  return value.is_absent() ? optional_none() : optional_of(value, *frame.arena);
}

}  // namespace

Value select(const Node& node, Frame& frame) {
  Value target = run(node.child(0), frame);  // undecoded JSON stays so: the siblings are not needed
  if (target.is_absent()) return {};
  bool optional = node.optional;
  if (is_optional(target)) {
    target = optional_content(target);
    if (target.is_absent()) return node.test ? Value::boolean(false) : optional_none();
    optional = true;
  }
  if (!is_map(target))
    return frame.fail(node, ErrorReason::no_such_overload, "the value is not a map: it has no fields");
  const Value value = record::member(target, node.key.name);
  if (node.test) return Value::boolean(!value.is_absent());
  if (optional) return wrapped(value, frame);
  if (value.is_absent()) return frame.fail(node, ErrorReason::no_such_key);
  return value;
}

namespace {

// A list's item; absent without an error if it is beyond the end and that is `allowed`.
Value list_item(const Value& list, const Value& key, bool allowed, const Node& node, Frame& frame) {
  std::uint64_t at = 0;
  switch (key.type()) {
    case Type::int64:
      if (key.as_int64() < 0) return allowed ? Value() : frame.fail(node, ErrorReason::index_out_of_range);
      at = static_cast<std::uint64_t>(key.as_int64());
      break;
    case Type::uint64:
      at = key.as_uint64();
      break;
    case Type::float64: {
      const double number = key.as_float64();
      if (!(number >= 0 && number < 4294967296.0) ||
          number != static_cast<double>(static_cast<std::uint64_t>(number))) {
        return frame.fail(node, ErrorReason::invalid_argument, "a list is indexed by a whole number");
      }
      at = static_cast<std::uint64_t>(number);
      break;
    }
    default:
      return frame.fail(node, ErrorReason::no_such_overload, "a list is indexed by a whole number");
  }
  if (at < list.size()) return list.items()[at];
  return allowed ? Value() : frame.fail(node, ErrorReason::index_out_of_range);
}

}  // namespace

Value index(const Node& node, Frame& frame) {
  Value target = run(node.child(0), frame);
  if (target.is_absent()) return {};
  const Value key = get(node.child(1), frame);
  if (key.is_absent()) return {};
  bool optional = node.optional;
  if (is_optional(target)) {
    target = optional_content(target);
    if (target.is_absent()) return optional_none();
    optional = true;
  }
  if (is_map(target)) {
    const Value value =
        key.is(Type::string) ? record::member(target, key.text()) : find_key(resolved(target, frame), key);
    if (optional) return wrapped(value, frame);
    if (value.is_absent()) return frame.fail(node, ErrorReason::no_such_key);
    return value;
  }
  target = resolved(target, frame);
  if (!target.is(Type::list))
    return frame.fail(node, ErrorReason::no_such_overload, "the value is neither a list nor a map");
  const Value item = list_item(target, key, optional, node, frame);
  if (!optional || (item.is_absent() && !key.is(Type::int64) && !key.is(Type::uint64) && !key.is(Type::float64)))
    return item;
  return wrapped(item, frame);
}

Value list(const Node& node, Frame& frame) {
  const auto items = frame.arena->make_array<Value>(node.child_count);
  std::size_t size = 0;
  for (std::size_t i = 0; i < node.child_count; ++i) {
    Value item = run(node.child(i), frame);
    if (item.is_absent()) return {};
    if (node.optional_items != nullptr && node.optional_items[i]) {
      if (!is_optional(item)) return frame.fail(node, ErrorReason::no_such_overload, "`?` needs an optional value");
      item = optional_content(item);
      if (item.is_absent()) continue;
    }
    items[size++] = item;
  }
  return Value::list(items.first(size));
}

Value map(const Node& node, Frame& frame) {
  const auto fields = frame.arena->make_array<Field>(node.child_count / 2);
  std::size_t size = 0;
  for (std::size_t i = 0; i < node.child_count; i += 2) {
    const Value key = get(node.child(i), frame);
    if (key.is_absent()) return {};
    if (!is_key(key))
      return frame.fail(node.child(i), ErrorReason::unsupported_key, "a key is a string, int, uint or bool");
    Value value = run(node.child(i + 1), frame);
    if (value.is_absent()) return {};
    if (node.optional_items != nullptr && node.optional_items[i / 2]) {
      if (!is_optional(value)) return frame.fail(node, ErrorReason::no_such_overload, "`?` needs an optional value");
      value = optional_content(value);
      if (value.is_absent()) continue;
    }
    if (!frame.spend(node, size / 16)) return {};
    const bool known = std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(size),
                                   [&](const Field& f) { return compare(f.name, key) == Order::equal; });
    if (known) return frame.fail(node.child(i), ErrorReason::duplicate_key, "the map has this key twice");
    fields[size++] = {key, value};
  }
  return Value::map(fields.first(size));
}

namespace {

// `a && b && ...`: one operand that is `kDecisive` decides, whatever fails beside it (langdef.md "Logical Operators").
template <bool kDecisive>
Value logical(const Node& node, Frame& frame) {
  bool failed = false;
  Error first;
  for (const Node* child : node.all()) {
    const Value value = get(*child, frame);
    if (value.is(Type::boolean)) [[likely]] {
      if (value.as_boolean() == kDecisive) return Value::boolean(kDecisive);
      continue;
    }
    if (!value.is_absent()) frame.fail(*child, ErrorReason::no_such_overload, "the operand is not a bool");
    if (!failed) first = frame.error;
    failed = true;
    frame.error = {};
  }
  if (!failed) return Value::boolean(!kDecisive);
  frame.error = first;
  return {};
}

}  // namespace

Value logical_and(const Node& node, Frame& frame) { return logical<false>(node, frame); }
Value logical_or(const Node& node, Frame& frame) { return logical<true>(node, frame); }

Value logical_not(const Node& node, Frame& frame) {
  const Value value = get(node.child(0), frame);
  if (value.is(Type::boolean)) return Value::boolean(!value.as_boolean());
  return value.is_absent() ? value : frame.fail(node, ErrorReason::no_such_overload, "`!` takes a bool");
}

Value conditional(const Node& node, Frame& frame) {
  const Value condition = get(node.child(0), frame);
  if (condition.is(Type::boolean)) return run(node.child(condition.as_boolean() ? 1 : 2), frame);
  return condition.is_absent()
             ? condition
             : frame.fail(node.child(0), ErrorReason::no_such_overload, "the condition is not a bool");
}

Value in(const Node& node, Frame& frame) {
  const Value value = get(node.child(0), frame);
  if (value.is_absent()) return {};
  Value container = run(node.child(1), frame);
  if (container.is_absent()) return {};
  if (value.is(Type::string) && is_map(container))
    return Value::boolean(!record::member(container, value.text()).is_absent());
  container = resolved(container, frame);
  return contains(value, container, node, frame);
}

Value call(const Node& node, Frame& frame) {
  constexpr std::size_t kUsual = 4;
  Value few[kUsual];
  Value* args = few;
  if (node.child_count > kUsual) args = frame.arena->make_array<Value>(node.child_count).data();
  for (std::size_t i = 0; i < node.child_count; ++i) {
    args[i] = get(node.child(i), frame);
    if (args[i].is_absent()) return {};
  }
  const Call arguments{node, frame, {args, node.child_count}};
  if (!node.checked && !accepts(*node.function, arguments.args)) return frame.fail(node, ErrorReason::no_such_overload);
  return node.function->run(arguments);
}

Value lazy_call(const Node& node, Frame& frame) {
  const Value first = get(node.child(0), frame);
  if (first.is_absent()) return {};
  if (!is_optional(first) || node.child_count != 2) return frame.fail(node, ErrorReason::no_such_overload);
  if (!optional_content(first).is_absent()) {
    const Value args[2] = {first, optional_none()};
    return node.function->run(Call{node, frame, args});
  }
  const Value args[2] = {first, get(node.child(1), frame)};
  if (args[1].is_absent()) return {};
  if (!accepts(*node.function, args)) return frame.fail(node, ErrorReason::no_such_overload);
  return node.function->run(Call{node, frame, args});
}

Value failure(const Node& node, Frame& frame) {
  if (node.op == Op::none) return frame.fail(node, ErrorReason::no_such_field, "the name is not declared");
  return frame.fail(node, ErrorReason::unknown_function);
}

}  // namespace sluice::expression::execute
