#include "record/value.hpp"

namespace sluice::record {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::absent:
      return "nothing";
    case Type::null:
      return "null";
    case Type::boolean:
      return "bool";
    case Type::int64:
      return "int";
    case Type::uint64:
      return "uint";
    case Type::float64:
      return "double";
    case Type::string:
      return "string";
    case Type::bytes:
      return "bytes";
    case Type::timestamp:
      return "timestamp";
    case Type::duration:
      return "duration";
    case Type::list:
      return "list";
    case Type::map:
      return "map";
    case Type::json:
      return "json";
  }
  return "unknown";
}

}  // namespace sluice::record
