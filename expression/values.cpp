#include "expression/values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>

#include "expression/network.hpp"
#include "expression/text.hpp"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"

namespace sluice::expression {

using record::Field;
using record::Type;
using record::Value;

namespace {

template <class T>
Order order(const T& a, const T& b) {
  if (a < b) return Order::less;
  return b < a ? Order::greater : Order::equal;
}

Order order_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Order::unordered;
  return order(a, b);
}

constexpr double kInt64Least = -9223372036854775808.0;
constexpr double kInt64Beyond = 9223372036854775808.0;
constexpr double kUint64Beyond = 18446744073709551616.0;

// As cel-go: out of range decides, else both as double.
Order order_double_int(double a, std::int64_t b) {
  if (std::isnan(a)) return Order::unordered;
  if (a < kInt64Least) return Order::less;
  if (a > kInt64Beyond) return Order::greater;
  return order(a, static_cast<double>(b));
}

Order order_double_uint(double a, std::uint64_t b) {
  if (std::isnan(a)) return Order::unordered;
  if (a < 0) return Order::less;
  if (a > kUint64Beyond) return Order::greater;
  return order(a, static_cast<double>(b));
}

Order order_int_uint(std::int64_t a, std::uint64_t b) {
  return a < 0 ? Order::less : order(static_cast<std::uint64_t>(a), b);
}

Order reversed(Order o) { return o == Order::less ? Order::greater : o == Order::greater ? Order::less : o; }

bool is_number(const Value& value) {
  return value.is(Type::int64) || value.is(Type::uint64) || value.is(Type::float64);
}

Order compare_numbers(const Value& a, const Value& b) {
  switch (a.type()) {
    case Type::int64:
      if (b.is(Type::int64)) return order(a.as_int64(), b.as_int64());
      if (b.is(Type::uint64)) return order_int_uint(a.as_int64(), b.as_uint64());
      return reversed(order_double_int(b.as_float64(), a.as_int64()));
    case Type::uint64:
      if (b.is(Type::int64)) return reversed(order_int_uint(b.as_int64(), a.as_uint64()));
      if (b.is(Type::uint64)) return order(a.as_uint64(), b.as_uint64());
      return reversed(order_double_uint(b.as_float64(), a.as_uint64()));
    default:
      if (b.is(Type::int64)) return order_double_int(a.as_float64(), b.as_int64());
      if (b.is(Type::uint64)) return order_double_uint(a.as_float64(), b.as_uint64());
      return order_doubles(a.as_float64(), b.as_float64());
  }
}

}  // namespace

Order compare(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return compare_numbers(a, b);
  if (a.type() != b.type()) return Order::no_overload;
  switch (a.type()) {
    case Type::boolean:
      return order(a.as_boolean(), b.as_boolean());
    case Type::string:
    case Type::bytes: {
      const int c = a.text().compare(b.text());
      return c < 0 ? Order::less : c > 0 ? Order::greater : Order::equal;
    }
    case Type::timestamp:
      return order(a.as_timestamp(), b.as_timestamp());
    case Type::duration:
      return order(a.as_duration(), b.as_duration());
    default:
      return Order::no_overload;
  }
}

namespace {

bool equal_extensions(const Value& a, const Value& b, const Node& node, Frame& frame) {
  const Kind kind = kind_of(a);
  if (kind != kind_of(b)) return false;
  switch (kind) {
    case Kind::type:
      return kind_of_type(a) == kind_of_type(b);
    case Kind::optional: {
      const Value x = optional_content(a);
      const Value y = optional_content(b);
      if (x.is_absent() || y.is_absent()) return x.is_absent() && y.is_absent();
      return equal(x, y, node, frame);
    }
    default: {
      const Address x = address_of(a);
      const Address y = address_of(b);
      return x.size == y.size && x.prefix == y.prefix && std::memcmp(x.bytes, y.bytes, x.size) == 0;
    }
  }
}

bool equal_maps(const Value& a, const Value& b, const Node& node, Frame& frame) {
  if (is_extension(a) || is_extension(b)) return equal_extensions(a, b, node, frame);
  if (a.size() != b.size()) return false;
  for (const Field& entry : a.fields()) {
    if (!frame.spend(node, 1 + a.size() / 16)) return false;
    const Value other = find_key(b, entry.name);
    if (other.is_absent() || !equal(entry.value, other, node, frame)) return false;
  }
  return true;
}

}  // namespace

bool equal(const Value& first, const Value& second, const Node& node, Frame& frame) {
  const Value a = resolved(first, frame);
  const Value b = resolved(second, frame);
  if (is_number(a) && is_number(b)) return compare_numbers(a, b) == Order::equal;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::null:
      return true;
    case Type::list:
      if (a.size() != b.size() || !frame.spend(node, 1 + a.size())) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a.items()[i], b.items()[i], node, frame)) return false;
      }
      return true;
    case Type::map:
      return equal_maps(a, b, node, frame);
    default:
      return compare(a, b) == Order::equal;
  }
}

Value resolve_json(const Value& value, record::Arena& arena) {
  const Value result = record::resolve(value, arena);
  return result.is(Type::map) ? without_duplicates(result, arena) : result;
}

namespace {

bool has_duplicates(std::span<const Field> fields, record::Arena& arena) {
  constexpr std::size_t kFew = 12;
  if (fields.size() <= kFew) {
    for (std::size_t i = 1; i < fields.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (compare(fields[i].name, fields[j].name) == Order::equal) return true;
      }
    }
    return false;
  }
  const auto names = arena.make_array<std::string_view>(fields.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = fields[i].name.text();
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

Value without_duplicates(const Value& map, record::Arena& arena) {
  const auto fields = map.fields();
  if (!has_duplicates(fields, arena)) return map;
  // The last value at the place of the first: found through the names in order, so that many names do no harm.
  const auto order = arena.make_array<std::uint32_t>(fields.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return fields[a].name.text() < fields[b].name.text(); });
  const auto unique = arena.make_array<Field>(fields.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && fields[order[end]].name.text() == fields[order[i]].name.text()) ++end;
    unique[order[i]] = {fields[order[i]].name, fields[order[end - 1]].value};
    i = end;
  }
  const auto last =
      std::remove_if(unique.begin(), unique.end(), [](const Field& field) { return field.value.is_absent(); });
  return Value::map(unique.first(static_cast<std::size_t>(last - unique.begin())));
}

bool is_key(const Value& key) {
  return key.is(Type::string) || key.is(Type::int64) || key.is(Type::uint64) || key.is(Type::boolean);
}

Value find_key(const Value& map, const Value& key) {
  if (is_extension(map)) return {};
  const auto fields = map.fields();
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (compare(fields[i].name, key) == Order::equal) return fields[i].value;
  }
  return {};
}

Value contains(const Value& value, const Value& container, const Node& node, Frame& frame) {
  if (container.is(Type::list)) {
    if (!frame.spend(node, container.size())) return {};
    for (const Value& item : container.items()) {
      if (equal(item, value, node, frame)) return Value::boolean(true);
      if (frame.error.reason == ErrorReason::limit_exceeded) return {};
    }
    return Value::boolean(false);
  }
  if (container.is(Type::map) && !is_extension(container)) {
    return Value::boolean(!find_key(container, value).is_absent());
  }
  return frame.fail(node, ErrorReason::no_such_overload, "`in` needs a list or a map on its right");
}

namespace {

// For a few constants the length and three bytes tell most words apart; many (host names in a row) need all of the
// text.
std::size_t hash(std::string_view text, std::size_t constants) {
  constexpr std::size_t kFew = 32;
  if (constants > kFew) return std::hash<std::string_view>()(text);
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(text[i])); };
  const std::size_t mixed = text.size() * 31 + byte(0) * 0x9e3779b1U + byte(text.size() - 1) * 0x85ebca6bU +
                            byte(text.size() / 2) * 0xc2b2ae35U;
  return mixed ^ (mixed >> 15);
}

}  // namespace

ConstantSet::ConstantSet(std::span<const Value> items) {
  for (const Value& item : items) {
    if (item.is(Type::string)) {
      strings_.push_back(item.text());
    } else if (item.is(Type::int64)) {
      numbers_.push_back(item.as_int64());
    } else {
      rest_.push_back(item);
    }
  }
  std::sort(numbers_.begin(), numbers_.end());
  if (strings_.empty()) return;
  std::size_t size = 4;
  while (size < strings_.size() * 2) size *= 2;
  table_.resize(size);
  for (std::size_t i = 0; i < strings_.size(); ++i) {
    std::size_t at = hash(strings_[i], strings_.size()) & (size - 1);
    while (table_[at] != 0) at = (at + 1) & (size - 1);
    table_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

bool ConstantSet::contains(std::string_view text) const {
  if (table_.empty()) return false;
  if (strings_.size() <= 4) return std::find(strings_.begin(), strings_.end(), text) != strings_.end();
  std::size_t at = hash(text, strings_.size()) & (table_.size() - 1);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    if (strings_[table_[at] - 1] == text) return true;
  }
  return false;
}

bool ConstantSet::contains(std::int64_t number) const {
  return std::binary_search(numbers_.begin(), numbers_.end(), number);
}

bool ConstantSet::contains(const Value& value, const Node& node, Frame& frame) const {
  if (value.is(Type::string) && contains(value.text())) return true;
  if (value.is(Type::int64) && contains(value.as_int64())) return true;
  if (value.is(Type::uint64) || value.is(Type::float64)) {
    for (const std::int64_t number : numbers_) {
      if (compare(value, Value::int64(number)) == Order::equal) return true;
    }
  }
  for (const Value& item : rest_) {
    if (equal(item, value, node, frame)) return true;
  }
  return false;
}

TextBuilder::TextBuilder(const Node& node, Frame& frame, std::size_t expected)
    : node_(node), frame_(frame), data_(nullptr), capacity_(std::min(expected, frame.tree->limits.string_bytes)) {
  data_ = static_cast<char*>(frame.arena->allocate(std::max<std::size_t>(capacity_, 1), 1));
}

void TextBuilder::append(std::string_view text) {
  if (failed_ || text.empty()) return;
  const std::size_t needed = size_ + text.size();
  if (needed > capacity_) {
    if (needed > frame_.tree->limits.string_bytes) {
      failed_ = true;
      frame_.fail(node_, ErrorReason::limit_exceeded, "the string grows too long");
      return;
    }
    if (!frame_.spend(node_, needed / 1024)) {
      failed_ = true;
      return;
    }
    capacity_ = std::max(needed, capacity_ * 2);
    char* const larger = static_cast<char*>(frame_.arena->allocate(capacity_, 1));
    if (size_ > 0) std::memcpy(larger, data_, size_);
    data_ = larger;
  }
  std::memcpy(data_ + size_, text.data(), text.size());
  size_ = needed;
}

Value TextBuilder::finish() { return failed_ ? Value() : Value::string({data_, size_}); }

namespace {
template <class Write>
void append_written(TextBuilder& out, Write write) {
  record::Buffer buffer;
  write(buffer);
  out.append(buffer.view());
}
}  // namespace

bool append_text(TextBuilder& out, const Value& value) {
  char digits[32];
  switch (kind_of(value)) {
    case Kind::boolean:
      out.append(value.as_boolean() ? "true" : "false");
      return true;
    case Kind::int64:
      out.append({digits, static_cast<std::size_t>(std::to_chars(digits, digits + 32, value.as_int64()).ptr - digits)});
      return true;
    case Kind::uint64:
      out.append(
          {digits, static_cast<std::size_t>(std::to_chars(digits, digits + 32, value.as_uint64()).ptr - digits)});
      return true;
    case Kind::float64:
      out.append({digits, write_double_text(value.as_float64(), digits)});
      return true;
    case Kind::string:
      out.append(value.text());
      return true;
    case Kind::timestamp:
      append_written(out, [&](record::Buffer& b) { record::write_timestamp(b, value.as_timestamp()); });
      return true;
    case Kind::duration:
      append_written(out, [&](record::Buffer& b) { record::write_duration(b, value.as_duration()); });
      return true;
    case Kind::type:
      out.append(type_value_name(kind_of_type(value)));
      return true;
    case Kind::ip:
      out.append(address_text(address_of(value)));
      return true;
    case Kind::cidr:
      out.append(network_text(address_of(value)));
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::expression
