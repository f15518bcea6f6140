#include "expression/extension.hpp"

#include <array>
#include <cstring>

namespace sluice::expression {

using record::Field;
using record::Type;
using record::Value;

namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::same);

constexpr Value tag(Kind kind) { return Value::int64(static_cast<std::int64_t>(kind)); }

Value make(Kind kind, const Value& first, const Value& second, record::Arena& arena) {
  const auto fields = arena.make_array<Field>(2);
  fields[0] = {Value(), tag(kind)};
  fields[1] = {first, second};
  return Value::map(fields);
}

}  // namespace

Kind kind_of(const Value& value) {
  switch (value.type()) {
    case Type::null:
      return Kind::null;
    case Type::boolean:
      return Kind::boolean;
    case Type::int64:
      return Kind::int64;
    case Type::uint64:
      return Kind::uint64;
    case Type::float64:
      return Kind::float64;
    case Type::string:
      return Kind::string;
    case Type::bytes:
      return Kind::bytes;
    case Type::timestamp:
      return Kind::timestamp;
    case Type::duration:
      return Kind::duration;
    case Type::list:
      return Kind::list;
    case Type::map:
      return is_extension(value) ? static_cast<Kind>(value.fields()[0].value.as_int64()) : Kind::map;
    case Type::absent:
    case Type::json:
      break;
  }
  return Kind::dyn;
}

Value type_value(Kind kind) {
  static const auto kValues = [] {
    std::array<std::array<Field, 2>, kKinds> values;
    for (std::size_t i = 0; i < kKinds; ++i) {
      values[i] = {Field{Value(), tag(Kind::type)}, Field{tag(static_cast<Kind>(i)), Value()}};
    }
    return values;
  }();
  return Value::map(kValues[static_cast<std::size_t>(kind)]);
}

Kind kind_of_type(const Value& value) { return static_cast<Kind>(value.fields()[1].name.as_int64()); }

Value optional_none() {
  static const std::array<Field, 1> kNone = {Field{Value(), tag(Kind::optional)}};
  return Value::map(kNone);
}

Value optional_of(const Value& value, record::Arena& arena) { return make(Kind::optional, Value(), value, arena); }

Value optional_content(const Value& optional) { return optional.size() > 1 ? optional.fields()[1].value : Value(); }

Value ip_value(const Address& address, record::Arena& arena) {
  const std::string_view bytes(reinterpret_cast<const char*>(address.bytes), address.size);
  return make(Kind::ip, Value::bytes(arena.copy(bytes)), Value(), arena);
}

Value cidr_value(const Address& network, record::Arena& arena) {
  const std::string_view bytes(reinterpret_cast<const char*>(network.bytes), network.size);
  return make(Kind::cidr, Value::bytes(arena.copy(bytes)), Value::int64(network.prefix), arena);
}

Address address_of(const Value& value) {
  Address address;
  const std::string_view bytes = value.fields()[1].name.text();
  std::memcpy(address.bytes, bytes.data(), bytes.size());
  address.size = static_cast<std::uint8_t>(bytes.size());
  const Value& prefix = value.fields()[1].value;
  if (prefix.is(Type::int64)) address.prefix = static_cast<std::uint8_t>(prefix.as_int64());
  return address;
}

}  // namespace sluice::expression
