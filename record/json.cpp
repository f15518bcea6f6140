#include "record/json.hpp"

#include <charconv>
#include <cstdint>

#include "record/json_string.hpp"
#include "record/json_text.hpp"

namespace sluice::record {

namespace {

using namespace json_text;

// A string of the text (with its quotes) as a value; decoded only if it has escapes.
Value string_value(std::string_view quoted, Arena& arena) {
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return Value::quoted_string(inner);
  return Value::string(unescape_json(inner, arena));
}

// An item of a list or map: strings with escapes stay undecoded too, so that they can be written as they stand.
Value item_value(std::string_view text) {
  const bool plain = text.front() == '"' && text.find('\\') == std::string_view::npos;
  return plain ? Value::quoted_string(text.substr(1, text.size() - 2)) : Value::json(text);
}

Value number_value(std::string_view text) {
  const char* first = text.data();
  const char* last = first + text.size();
  if (text.find_first_of(".eE") == std::string_view::npos) {
    std::int64_t integer = 0;
    if (std::from_chars(first, last, integer).ec == std::errc()) {
      // -0 is a double: an int has no negative zero.
      if (integer != 0 || *first != '-') return Value::int64(integer);
    } else if (std::uint64_t large = 0; std::from_chars(first, last, large).ec == std::errc()) {
      return Value::uint64(large);
    }
  }
  return Value::float64(parse_json_double(text));
}

template <class Visit>
void for_each_member(std::string_view object, Visit visit) {
  const char* end = object.data() + object.size();
  const char* p = skip_space(object.data() + 1);
  while (*p != '}') {
    const char* name_end = skip_string(p, end);
    const std::string_view name = between(p, name_end);
    p = skip_space(skip_space(name_end) + 1);  // the colon
    const char* value_end = skip_value(p, end);
    visit(name, between(p, value_end));
    p = skip_space(value_end);
    if (*p == ',') p = skip_space(p + 1);
  }
}

template <class Visit>
void for_each_item(std::string_view array, Visit visit) {
  const char* end = array.data() + array.size();
  const char* p = skip_space(array.data() + 1);
  while (*p != ']') {
    const char* value_end = skip_value(p, end);
    visit(between(p, value_end));
    p = skip_space(value_end);
    if (*p == ',') p = skip_space(p + 1);
  }
}

Value object_value(std::string_view text, Arena& arena) {
  std::size_t count = 0;
  for_each_member(text, [&](std::string_view, std::string_view) { ++count; });
  const std::span<Field> fields = arena.make_array<Field>(count);
  Field* next = fields.data();
  for_each_member(text, [&](std::string_view name, std::string_view value) {
    *next++ = {string_value(name, arena), item_value(value)};
  });
  return Value::map(fields);
}

Value array_value(std::string_view text, Arena& arena) {
  std::size_t count = 0;
  for_each_item(text, [&](std::string_view) { ++count; });
  const std::span<Value> items = arena.make_array<Value>(count);
  Value* next = items.data();
  for_each_item(text, [&](std::string_view item) { *next++ = item_value(item); });
  return Value::list(items);
}

// Whether a member's name as it stands in the text, quotes included, reads as `name`.
bool reads_as(std::string_view quoted, std::string_view name) {
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner == name;
  Arena scratch;
  return unescape_json(inner, scratch) == name;
}

}  // namespace

Value resolve(const Value& value, Arena& arena) {
  if (!value.is(Type::json)) return value;
  const std::string_view text = value.text();
  switch (text.front()) {
    case '{':
      return object_value(text, arena);
    case '[':
      return array_value(text, arena);
    case '"':
      return string_value(text, arena);
    case 't':
      return Value::boolean(true);
    case 'f':
      return Value::boolean(false);
    case 'n':
      return Value::null();
    default:
      return number_value(text);
  }
}

Value member(const Value& value, std::string_view name) {
  Value found;
  if (value.is(Type::map)) {
    for (const Field& field : value.fields()) {
      if (field.name.is(Type::string) && field.name.text() == name) found = field.value;
    }
  } else if (value.is(Type::json) && value.text().front() == '{') {
    for_each_member(value.text(), [&](std::string_view key, std::string_view text) {
      if (reads_as(key, name)) found = Value::json(text);
    });
  }
  return found;
}

}  // namespace sluice::record
