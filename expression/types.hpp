// The types of CEL, as the checker and the evaluator see them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace sluice::expression {

// `dyn` is "any type, known at run time". The last ones stand only in the function table: `same` for the type of the
// first argument.
enum class Kind : std::uint8_t {
  dyn,
  null,
  boolean,
  int64,
  uint64,
  float64,
  string,
  bytes,
  timestamp,
  duration,
  list,
  map,
  type,
  optional,
  ip,
  cidr,
  same,
};

// The name as users write it: "int", "list", "net.IP", ...
std::string_view kind_name(Kind kind);
// The name of the type value that `type(x)` gives (langdef.md "Values"): as above but "null_type", "optional_type",
// "google.protobuf.Timestamp", "google.protobuf.Duration".
std::string_view type_value_name(Kind kind);

constexpr bool is_number(Kind kind) { return kind == Kind::int64 || kind == Kind::uint64 || kind == Kind::float64; }

// A type with its parameters: `first` is the element of a list or an optional and the key of a map, `second` the value
// of a map. Absent parameters are dyn.
struct StaticType {
  Kind kind = Kind::dyn;
  const StaticType* first = nullptr;
  const StaticType* second = nullptr;
};

// Owns the static types of one compilation.
class TypePool {
 public:
  static const StaticType* simple(Kind kind);
  static const StaticType* dyn() { return simple(Kind::dyn); }
  const StaticType* make(Kind kind, const StaticType* first, const StaticType* second = nullptr) {
    return &types_.emplace_back(StaticType{kind, first, second});
  }

 private:
  std::deque<StaticType> types_;
};

// "list(int)", "map(string, dyn)".
std::string type_text(const StaticType& type);
// The common type of two: itself if they are the same, else dyn.
const StaticType* common_type(const StaticType* a, const StaticType* b);
// The type parameters, dyn if absent.
const StaticType* first_of(const StaticType& type);
const StaticType* second_of(const StaticType& type);

}  // namespace sluice::expression
