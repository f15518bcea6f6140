// The syntax tree: what the parser makes and the checker annotates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "expression/types.hpp"
#include "record/field_table.hpp"
#include "record/value.hpp"

namespace sluice::expression {

struct Function;  // functions.hpp

enum class ExprKind : std::uint8_t {
  literal,
  identifier,   // name
  select,       // target.name; `optional` for target.?name; `test` for has(target.name)
  index,        // target[args[0]]; `optional` for target[?args[0]]
  call,         // name(args), or target.name(args)
  unary,        // op args[0]
  binary,       // args[0] op args[1]
  logical,      // args[0] op args[1] op ...
  conditional,  // args[0] ? args[1] : args[2]
  list,         // args
  map,          // args: key, value, key, value, ...
  macro,        // target.macro(variables..., args...)
};

enum class Op : std::uint8_t {
  none,
  negate,
  logical_not,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  logical_and,
  logical_or,
};
std::string_view op_text(Op op);

// The macros that bind variables (langdef.md "Macros"; the two-variable forms are cel-go's comprehensions extension).
enum class Macro : std::uint8_t {
  all,
  exists,
  exists_one,
  filter,
  map,
  map_filter,         // map(v, condition, value)
  transform_list,     // transformList(key, value, [condition,] result)
  transform_map,      // transformMap(key, value, [condition,] result)
  optional_map,       // optMap(v, value)
  optional_flat_map,  // optFlatMap(v, optional)
};

// What a name stands for; set by the checker.
enum class Reference : std::uint8_t {
  none,
  field,     // key
  record,    // the whole record
  local,     // slot
  constant,  // literal: the name of a type
  unknown,   // an undeclared name in an unchecked program
};

struct Expr {
  ExprKind kind = ExprKind::literal;
  Op op = Op::none;
  Macro macro = Macro::all;
  bool optional = false;
  bool test = false;
  bool parenthesized = false;
  std::uint32_t offset = 0;  // of the whole expression in the source text
  std::uint32_t length = 0;
  std::uint32_t name_offset = 0;  // of the operator or name
  std::uint32_t name_length = 0;
  std::uint32_t depth = 1;
  std::string_view name;
  std::string_view variables[2];  // macro
  record::Value literal;
  Expr* target = nullptr;
  std::vector<Expr*> args;
  std::vector<bool> optional_args;  // list, map: which items (entries) are `?item`; empty if none

  // Set by the checker.
  const StaticType* type = nullptr;
  Reference reference = Reference::none;
  record::FieldKey key;
  std::uint16_t slot = 0;  // local, macro: the first variable's slot
  const Function* function = nullptr;
};

// Owns the tree.
using ExprPool = std::deque<Expr>;

}  // namespace sluice::expression
