#include "expression/types.hpp"

#include <array>

namespace sluice::expression {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::dyn:
      return "dyn";
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "bool";
    case Kind::int64:
      return "int";
    case Kind::uint64:
      return "uint";
    case Kind::float64:
      return "double";
    case Kind::string:
      return "string";
    case Kind::bytes:
      return "bytes";
    case Kind::timestamp:
      return "timestamp";
    case Kind::duration:
      return "duration";
    case Kind::list:
      return "list";
    case Kind::map:
      return "map";
    case Kind::type:
      return "type";
    case Kind::optional:
      return "optional";
    case Kind::ip:
      return "net.IP";
    case Kind::cidr:
      return "net.CIDR";
    case Kind::same:
      break;
  }
  return "dyn";
}

std::string_view type_value_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null_type";
    case Kind::timestamp:
      return "google.protobuf.Timestamp";
    case Kind::duration:
      return "google.protobuf.Duration";
    case Kind::optional:
      return "optional_type";
    default:
      return kind_name(kind);
  }
}

const StaticType* TypePool::simple(Kind kind) {
  static constexpr std::array<StaticType, 16> kSimple = {
      StaticType{Kind::dyn},       StaticType{Kind::null},     StaticType{Kind::boolean}, StaticType{Kind::int64},
      StaticType{Kind::uint64},    StaticType{Kind::float64},  StaticType{Kind::string},  StaticType{Kind::bytes},
      StaticType{Kind::timestamp}, StaticType{Kind::duration}, StaticType{Kind::list},    StaticType{Kind::map},
      StaticType{Kind::type},      StaticType{Kind::optional}, StaticType{Kind::ip},      StaticType{Kind::cidr}};
  const auto index = static_cast<std::size_t>(kind);
  return &kSimple[index < kSimple.size() ? index : 0];
}

const StaticType* first_of(const StaticType& type) { return type.first != nullptr ? type.first : TypePool::dyn(); }
const StaticType* second_of(const StaticType& type) { return type.second != nullptr ? type.second : TypePool::dyn(); }

std::string type_text(const StaticType& type) {
  std::string text(kind_name(type.kind));
  if ((type.kind == Kind::list || type.kind == Kind::optional) && type.first != nullptr) {
    text += '(' + type_text(*type.first) + ')';
  } else if (type.kind == Kind::map && type.first != nullptr) {
    text += '(' + type_text(*type.first) + ", " + type_text(*second_of(type)) + ')';
  }
  return text;
}

namespace {
bool same_type(const StaticType& a, const StaticType& b) {
  return a.kind == b.kind &&
         (&a == &b || ((a.first == nullptr && b.first == nullptr && a.second == nullptr && b.second == nullptr) ||
                       (same_type(*first_of(a), *first_of(b)) && same_type(*second_of(a), *second_of(b)))));
}
}  // namespace

const StaticType* common_type(const StaticType* a, const StaticType* b) {
  if (same_type(*a, *b)) return a;
  if (a->kind == b->kind) return TypePool::simple(a->kind);
  return TypePool::dyn();
}

}  // namespace sluice::expression
