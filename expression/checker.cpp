#include "expression/checker.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "expression/checker_walk.hpp"
#include "expression/extension.hpp"
#include "expression/functions.hpp"
#include "expression/operators.hpp"
#include "expression/text.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

constexpr TypeName kTypeNames[] = {{"bool", Kind::boolean},
                                   {"int", Kind::int64},
                                   {"uint", Kind::uint64},
                                   {"double", Kind::float64},
                                   {"string", Kind::string},
                                   {"bytes", Kind::bytes},
                                   {"list", Kind::list},
                                   {"map", Kind::map},
                                   {"null_type", Kind::null},
                                   {"type", Kind::type},
                                   {"optional_type", Kind::optional},
                                   {"google.protobuf.Timestamp", Kind::timestamp},
                                   {"google.protobuf.Duration", Kind::duration},
                                   {"net.IP", Kind::ip},
                                   {"net.CIDR", Kind::cidr}};

constexpr std::size_t kMostLocals = 60;  // the compiler keeps a bit for each

}  // namespace

const TypeName* find_type_name(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kTypeNames), std::end(kTypeNames), [&](const TypeName& t) { return t.name == name; });
  return found == std::end(kTypeNames) ? nullptr : found;
}

// "a.b.c" for a chain of plain selections from an identifier, else "".
std::string chain_name(const Expr& expr) {
  if (expr.kind == ExprKind::identifier) return std::string(expr.name);
  if (expr.kind != ExprKind::select || expr.optional || expr.test) return {};
  std::string target = chain_name(*expr.target);
  return target.empty() ? target : target + "." + std::string(expr.name);
}
const Expr& chain_root(const Expr& expr) { return expr.kind == ExprKind::select ? chain_root(*expr.target) : expr; }

std::size_t Checker::run(Expr& root) {
  const StaticType* type = check(root);
  expect_result(root, *type);
  return most_locals_;
}

const StaticType* Checker::fail(std::size_t offset, std::size_t length, std::string message, std::string hint) {
  if (strict()) errors_.push_back({offset, length, std::move(message), std::move(hint)});
  return TypePool::dyn();
}

const StaticType* Checker::fail(const Expr& expr, std::string message, std::string hint) {
  return fail(expr.offset, expr.length, std::move(message), std::move(hint));
}

const StaticType* Checker::fail_name(const Expr& expr, std::string message, std::string hint) {
  return fail(expr.name_offset, expr.name_length, std::move(message), std::move(hint));
}

void Checker::expect_result(const Expr& root, const StaticType& type) {
  const auto wrong = [&](std::string_view wanted) {
    fail(root, "the result is of type " + type_text(type) + ", but it must be " + std::string(wanted),
         options_.expect == ResultType::boolean ? "compare it with something, for example with `==`" : "");
  };
  switch (options_.expect) {
    case ResultType::any:
      return;
    case ResultType::boolean:
      if (!is(type, Kind::boolean)) wrong("true or false");
      return;
    case ResultType::string:
      if (!is(type, Kind::string)) wrong("a string");
      return;
    case ResultType::number:
      if (!is(type, Kind::dyn) && !is_number(type.kind)) wrong("a number");
      return;
  }
}

const StaticType* Checker::check(Expr& expr) {
  expr.type = check_kind(expr);
  return expr.type;
}

const StaticType* Checker::check_kind(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::literal:
      return simple(kind_of(expr.literal));
    case ExprKind::identifier:
      return identifier(expr);
    case ExprKind::select:
      return select(expr);
    case ExprKind::index:
      return index(expr);
    case ExprKind::call:
      return call(expr);
    case ExprKind::unary:
      return unary(expr);
    case ExprKind::binary:
      return binary(expr);
    case ExprKind::logical:
      return logical(expr);
    case ExprKind::conditional:
      return conditional(expr);
    case ExprKind::list:
      return list(expr);
    case ExprKind::map:
      return map(expr);
    case ExprKind::macro:
      return macro(expr);
  }
  return TypePool::dyn();
}

const Checker::Local* Checker::find_local(std::string_view name) const {
  const auto found = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) { return l.name == name; });
  return found == locals_.rend() ? nullptr : &*found;
}

bool Checker::is_record(const Expr& expr) const {
  return !closed() && expr.kind == ExprKind::identifier && expr.name == "record" && find_local("record") == nullptr;
}

const StaticType* Checker::set_type_constant(Expr& expr, Kind kind) {
  expr.reference = Reference::constant;
  expr.literal = type_value(kind);
  return expr.type = simple(Kind::type);
}

const StaticType* Checker::set_field(Expr& expr, std::string_view name) {
  expr.reference = Reference::field;
  expr.key = fields_.intern(name);
  return TypePool::dyn();
}

const StaticType* Checker::declared(Expr& expr, std::string_view name) {
  for (const Variable& variable : *options_.variables) {
    if (variable.name != name || name == "true" || name == "false" || name == "null") continue;
    set_field(expr, variable.name);
    const auto* const known = find_type_name(variable.type);
    if (known != nullptr) return simple(known->kind);
    if (variable.type == "timestamp") return simple(Kind::timestamp);
    if (variable.type == "duration") return simple(Kind::duration);
    return TypePool::dyn();
  }
  if (const TypeName* type = find_type_name(name); type != nullptr) return set_type_constant(expr, type->kind);
  return nullptr;
}

const StaticType* Checker::identifier(Expr& expr) {
  if (const Local* local = find_local(expr.name); local != nullptr) {
    expr.reference = Reference::local;
    expr.slot = local->slot;
    return local->type;
  }
  if (is_record(expr)) {
    expr.reference = Reference::record;
    fields_.read_everything();
    return types_.make(Kind::map, simple(Kind::string), TypePool::dyn());
  }
  if (!closed()) return set_field(expr, expr.name);
  if (const StaticType* type = declared(expr, expr.name); type != nullptr) return type;
  expr.reference = Reference::unknown;
  std::vector<std::string_view> names;
  for (const Variable& variable : *options_.variables) names.push_back(variable.name);
  return fail(expr, "`" + std::string(expr.name) + "` is not declared", did_you_mean(nearest_name(expr.name, names)));
}

const StaticType* Checker::select(Expr& expr) {
  if (is_record(*expr.target)) {
    set_field(expr, expr.name);
    if (expr.test) return simple(Kind::boolean);
    return expr.optional ? simple(Kind::optional) : TypePool::dyn();
  }
  if (closed() && !expr.optional && !expr.test) {
    const std::string name = chain_name(expr);
    if (!name.empty() && find_local(chain_root(expr).name) == nullptr) {
      if (const StaticType* type = declared(expr, name); type != nullptr) return type;
    }
  }
  const StaticType& target = *check(*expr.target);
  if (!is(target, Kind::map) && !is(target, Kind::optional)) {
    return fail_name(expr,
                     "a value of type " + type_text(target) + " has no fields, so no `" + std::string(expr.name) + "`",
                     function_hint(expr.name));
  }
  if (expr.test) return simple(Kind::boolean);
  if (target.kind == Kind::optional || expr.optional) return simple(Kind::optional);
  return target.kind == Kind::map ? second_of(target) : TypePool::dyn();
}

std::string Checker::function_hint(std::string_view name) {
  return find_function(name, true) != nullptr ? "write " + std::string(name) + "()" : std::string();
}

const StaticType* Checker::index(Expr& expr) {
  Expr& key = *expr.args[0];
  if (is_record(*expr.target) && key.kind == ExprKind::literal && key.literal.is(Type::string)) {
    set_field(expr, key.literal.text());
    return expr.optional ? simple(Kind::optional) : TypePool::dyn();
  }
  const StaticType& target = *check(*expr.target);
  const StaticType& by = *check(key);
  const StaticType* result = TypePool::dyn();
  switch (target.kind) {
    case Kind::list:
      if (!is(by, Kind::dyn) && !is_number(by.kind)) {
        return fail(key, "a list is indexed by an int, not by a value of type " + type_text(by));
      }
      result = first_of(target);
      break;
    case Kind::map:
      if (by.kind != Kind::dyn && !is_number(by.kind) && by.kind != Kind::string && by.kind != Kind::boolean) {
        return fail(key, "a map has no keys of type " + type_text(by));
      }
      result = second_of(target);
      break;
    case Kind::optional:
      return simple(Kind::optional);
    case Kind::dyn:
      break;
    default:
      return fail(expr, "a value of type " + type_text(target) + " cannot be indexed",
                  target.kind == Kind::string ? "use charAt(n)" : "");
  }
  return expr.optional ? simple(Kind::optional) : result;
}

const StaticType* Checker::macro(Expr& expr) {
  const StaticType& target = *check(*expr.target);
  const bool optional = expr.macro == Macro::optional_map || expr.macro == Macro::optional_flat_map;
  const bool fits = optional ? is(target, Kind::optional) : is(target, Kind::list) || is(target, Kind::map);
  if (!fits) {
    fail_name(expr, "`" + std::string(expr.name) + "` needs " + (optional ? "an optional" : "a list or a map") +
                        ", not a value of type " + type_text(target));
  }
  const bool two = !expr.variables[1].empty();
  const std::size_t before = locals_.size();
  if (before + (two ? 2 : 1) > std::min<std::size_t>(options_.limits.nested_macros, kMostLocals)) {
    errors_.push_back({expr.name_offset, expr.name_length, "macros are nested too deeply", "split the expression"});
    return TypePool::dyn();
  }
  const StaticType* first = first_of(target);
  const StaticType* second = second_of(target);
  if (two && target.kind != Kind::map)
    second = first, first = target.kind == Kind::list ? simple(Kind::int64) : TypePool::dyn();
  expr.slot = static_cast<std::uint16_t>(before);
  locals_.push_back({expr.variables[0], expr.slot, first});
  if (two) locals_.push_back({expr.variables[1], static_cast<std::uint16_t>(before + 1), second});
  most_locals_ = std::max(most_locals_, before + 2);
  const StaticType* result = macro_body(expr);
  locals_.resize(before);
  return result;
}

void Checker::condition(Expr& expr) {
  const StaticType& type = *check(expr);
  if (!is(type, Kind::boolean)) fail(expr, "the condition must be a bool, not a value of type " + type_text(type));
}

const StaticType* Checker::macro_body(Expr& expr) {
  if (expr.args.size() == 2) condition(*expr.args[0]);
  Expr& body = *expr.args.back();
  switch (expr.macro) {
    case Macro::all:
    case Macro::exists:
    case Macro::exists_one:
      condition(body);
      return simple(Kind::boolean);
    case Macro::filter:
      condition(body);
      return types_.make(Kind::list, first_of(*expr.target->type));
    case Macro::map:
    case Macro::map_filter:
    case Macro::transform_list:
      return types_.make(Kind::list, check(body));
    case Macro::transform_map:
      return types_.make(Kind::map,
                         expr.target->type->kind == Kind::map ? first_of(*expr.target->type) : TypePool::dyn(),
                         check(body));
    case Macro::optional_map:
      return types_.make(Kind::optional, check(body));
    case Macro::optional_flat_map: {
      const StaticType* type = check(body);
      if (!is(*type, Kind::optional)) fail(body, "optFlatMap() needs an optional as its result", "use optMap()");
      return type;
    }
  }
  return TypePool::dyn();
}

std::size_t check(Expr& root, record::FieldTable& fields, const CompileOptions& options, TypePool& types,
                  std::vector<CompileError>& errors) {
  return Checker(fields, options, types, errors).run(root);
}

}  // namespace sluice::expression
