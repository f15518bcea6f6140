#include "daemon/test_value.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "fmt/format.h"
#include "record/json.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

using record::Field;
using record::Type;
using record::Value;

bool is_number(const Value& value) {
  return value.is(Type::int64) || value.is(Type::uint64) || value.is(Type::float64);
}

double as_double(const Value& value) {
  if (value.is(Type::int64)) return static_cast<double>(value.as_int64());
  if (value.is(Type::uint64)) return static_cast<double>(value.as_uint64());
  return value.as_float64();
}

bool is_same_number(const Value& left, const Value& right) {
  if (left.is(Type::int64) && right.is(Type::int64)) return left.as_int64() == right.as_int64();
  if (left.is(Type::uint64) && right.is(Type::uint64)) return left.as_uint64() == right.as_uint64();
  if (left.is(Type::float64) || right.is(Type::float64)) return as_double(left) == as_double(right);
  return false;  // a uint64 lies beyond every int64
}

// A field by its decoded name. The last of one name counts.
struct Named {
  std::string_view name;
  Value value;
};

std::vector<Named> fields_of(const Value& map, record::Arena& arena) {
  std::vector<Named> fields;
  for (const Field& field : map.fields()) {
    const std::string_view name = record::resolve(field.name, arena).text();
    const auto known = std::ranges::find(fields, name, &Named::name);
    if (known == fields.end()) {
      fields.push_back({name, field.value});
    } else {
      known->value = field.value;
    }
  }
  return fields;
}

const Value* find(const std::vector<Named>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Named::name);
  return found == fields.end() ? nullptr : &found->value;
}

bool is_same_map(const Value& left, const Value& right, record::Arena& arena) {
  const std::vector<Named> ours = fields_of(left, arena);
  const std::vector<Named> theirs = fields_of(right, arena);
  return ours.size() == theirs.size() && std::ranges::all_of(ours, [&](const Named& field) {
           const Value* other = find(theirs, field.name);
           return other != nullptr && is_same(field.value, *other, arena);
         });
}

// `{"a":1,"b":2}` with those fields marked that the other map does not have alike.
std::vector<Span> marked_fields(const std::vector<Named>& fields, const std::vector<Named>& others,
                                record::Arena& arena) {
  std::vector<Span> spans{{"{", false}};
  for (const Named& field : fields) {
    if (spans.size() > 1) spans.push_back({",", false});
    const Value* other = find(others, field.name);
    spans.push_back({fmt::format("{}:{}", json_of(Value::string(field.name)), json_of(field.value)),
                     other == nullptr || !is_same(field.value, *other, arena)});
  }
  spans.push_back({"}", false});
  return spans;
}

void describe(const std::string& path, const Value& expected, const Value& actual, record::Arena& arena,
              std::vector<std::string>& sentences) {
  const Value wanted = record::resolve(expected, arena);
  const Value found = record::resolve(actual, arena);
  if (!wanted.is(Type::map) || !found.is(Type::map)) {
    sentences.push_back(fmt::format("{}: expected {}, found {}", path, json_of(wanted), json_of(found)));
    return;
  }
  const std::vector<Named> ours = fields_of(wanted, arena);
  const std::vector<Named> theirs = fields_of(found, arena);
  const auto path_of = [&](std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  };
  for (const Named& field : ours) {
    const Value* other = find(theirs, field.name);
    if (other == nullptr) {
      sentences.push_back(fmt::format("{}: expected {}, is not there", path_of(field.name), json_of(field.value)));
    } else if (!is_same(field.value, *other, arena)) {
      describe(path_of(field.name), field.value, *other, arena, sentences);
    }
  }
  for (const Named& field : theirs) {
    if (find(ours, field.name) != nullptr) continue;
    sentences.push_back(fmt::format("{}: not expected, is {}", path_of(field.name), json_of(field.value)));
  }
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::optional<Value> as_object(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos || text[begin] != '{' || !record::is_valid_json(text)) return std::nullopt;
  return Value::json(text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin));
}

bool is_same(const Value& left, const Value& right, record::Arena& arena) {
  const Value a = record::resolve(left, arena);
  const Value b = record::resolve(right, arena);
  if (is_number(a) && is_number(b)) return is_same_number(a, b);
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::boolean:
      return a.as_boolean() == b.as_boolean();
    case Type::list:
      return std::ranges::equal(a.items(), b.items(),
                                [&](const Value& x, const Value& y) { return is_same(x, y, arena); });
    case Type::map:
      return is_same_map(a, b, arena);
    case Type::string:
      return a.text() == b.text();
    case Type::null:
      return true;
    default:  // not in JSON
      return json_of(a) == json_of(b);
  }
}

std::string json_of(const Value& value) {
  record::Buffer json;
  record::write_json(json, value);
  return std::string(json.view());
}

FieldDifferences differences(const Value& expected, const Value& actual, record::Arena& arena) {
  const std::vector<Named> ours = fields_of(record::resolve(expected, arena), arena);
  const std::vector<Named> theirs = fields_of(record::resolve(actual, arena), arena);
  FieldDifferences found{marked_fields(ours, theirs, arena), marked_fields(theirs, ours, arena), {}};
  describe("", expected, actual, arena, found.sentences);
  return found;
}

TextDifference difference(std::string_view expected, std::string_view actual) {
  const auto [in_expected, in_actual] = std::ranges::mismatch(expected, actual);
  auto begin = static_cast<std::size_t>(in_expected - expected.begin());
  while (begin > 0 && begin < std::max(expected.size(), actual.size()) &&
         ((begin < expected.size() && continues_character(expected[begin])) ||
          (begin < actual.size() && continues_character(actual[begin])))) {
    --begin;  // characters are marked as a whole
  }
  const std::size_t shorter = std::min(expected.size(), actual.size()) - begin;
  std::size_t end = 0;
  while (end < shorter && expected[expected.size() - 1 - end] == actual[actual.size() - 1 - end]) ++end;
  while (end > 0 && continues_character(expected[expected.size() - end])) --end;
  const auto spans = [&](std::string_view text) {
    return std::vector<Span>{{std::string(text.substr(0, begin)), false},
                             {std::string(text.substr(begin, text.size() - end - begin)), true},
                             {std::string(text.substr(text.size() - end)), false}};
  };
  return {spans(expected), spans(actual)};
}

}  // namespace sluice::daemon
