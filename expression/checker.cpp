#include "expression/checker.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "expression/extension.hpp"
#include "expression/functions.hpp"
#include "expression/operators.hpp"
#include "expression/text.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

struct TypeName {
  std::string_view name;
  Kind kind;
};
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

constexpr std::size_t kMostLocals = 60;  // the compiler keeps a bit for each

class Checker {
 public:
  Checker(record::FieldTable& fields, const CompileOptions& options, TypePool& types, std::vector<CompileError>& errors)
      : fields_(fields), options_(options), types_(types), errors_(errors) {}

  std::size_t run(Expr& root) {
    const StaticType* type = check(root);
    expect_result(root, *type);
    return most_locals_;
  }

 private:
  struct Local {
    std::string_view name;
    std::uint16_t slot;
    const StaticType* type;
  };

  bool strict() const { return options_.check; }
  bool closed() const { return options_.variables.has_value(); }
  static const StaticType* simple(Kind kind) { return TypePool::simple(kind); }
  static bool is(const StaticType& type, Kind kind) { return type.kind == kind || type.kind == Kind::dyn; }

  const StaticType* fail(std::size_t offset, std::size_t length, std::string message, std::string hint = {}) {
    if (strict()) errors_.push_back({offset, length, std::move(message), std::move(hint)});
    return TypePool::dyn();
  }
  const StaticType* fail(const Expr& expr, std::string message, std::string hint = {}) {
    return fail(expr.offset, expr.length, std::move(message), std::move(hint));
  }
  const StaticType* fail_name(const Expr& expr, std::string message, std::string hint = {}) {
    return fail(expr.name_offset, expr.name_length, std::move(message), std::move(hint));
  }
  static std::string did_you_mean(std::string_view name) {
    return name.empty() ? std::string() : "did you mean `" + std::string(name) + "`?";
  }

  void expect_result(const Expr& root, const StaticType& type) {
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

  const StaticType* check(Expr& expr) {
    expr.type = check_kind(expr);
    return expr.type;
  }

  const StaticType* check_kind(Expr& expr) {
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

  // ---- names

  const Local* find_local(std::string_view name) const {
    const auto found = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) { return l.name == name; });
    return found == locals_.rend() ? nullptr : &*found;
  }
  bool is_record(const Expr& expr) const {
    return !closed() && expr.kind == ExprKind::identifier && expr.name == "record" && find_local("record") == nullptr;
  }

  const StaticType* set_type_constant(Expr& expr, Kind kind) {
    expr.reference = Reference::constant;
    expr.literal = type_value(kind);
    return expr.type = simple(Kind::type);
  }

  const StaticType* set_field(Expr& expr, std::string_view name) {
    expr.reference = Reference::field;
    expr.key = fields_.intern(name);
    return TypePool::dyn();
  }

  // Sets the reference if a declared variable or a type has exactly this name. Closed environments only.
  const StaticType* declared(Expr& expr, std::string_view name) {
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

  const StaticType* identifier(Expr& expr) {
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

  // ---- selections

  const StaticType* select(Expr& expr) {
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
      return fail_name(
          expr, "a value of type " + type_text(target) + " has no fields, so no `" + std::string(expr.name) + "`",
          function_hint(expr.name));
    }
    if (expr.test) return simple(Kind::boolean);
    if (target.kind == Kind::optional || expr.optional) return simple(Kind::optional);
    return target.kind == Kind::map ? second_of(target) : TypePool::dyn();
  }

  // For `x.size` instead of `x.size()`.
  static std::string function_hint(std::string_view name) {
    return find_function(name, true) != nullptr ? "write " + std::string(name) + "()" : std::string();
  }

  const StaticType* index(Expr& expr) {
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

  // ---- operators

  const StaticType* unary(Expr& expr) {
    const StaticType& type = *check(*expr.args[0]);
    if (expr.op == Op::logical_not) {
      if (!is(type, Kind::boolean)) fail(*expr.args[0], "`!` takes a bool, not a value of type " + type_text(type));
      return simple(Kind::boolean);
    }
    if (type.kind == Kind::dyn || type.kind == Kind::int64 || type.kind == Kind::float64) return &type;
    return fail(*expr.args[0], "`-` takes an int or a double, not a value of type " + type_text(type));
  }

  const StaticType* binary(Expr& expr) {
    if (expr.op == Op::equal || expr.op == Op::not_equal) return equality(expr);
    if (expr.op == Op::in) return in(expr);
    const StaticType& left = *check(*expr.args[0]);
    const StaticType& right = *check(*expr.args[1]);
    if (expr.op >= Op::less && expr.op <= Op::greater_equal) {
      if (!can_order(left.kind, right.kind)) mismatch(expr, left, right);
      return simple(Kind::boolean);
    }
    Kind result = Kind::dyn;
    if (!arithmetic_result(expr.op, left.kind, right.kind, result)) return mismatch(expr, left, right);
    return simple(result);
  }

  static bool can_order(Kind a, Kind b) {
    const auto has_order = [](Kind kind) {
      return kind == Kind::dyn || kind == Kind::boolean || is_number(kind) || kind == Kind::string ||
             kind == Kind::bytes || kind == Kind::timestamp || kind == Kind::duration;
    };
    if (!has_order(a) || !has_order(b)) return false;
    return a == b || a == Kind::dyn || b == Kind::dyn || (is_number(a) && is_number(b));
  }

  const StaticType* mismatch(const Expr& expr, const StaticType& left, const StaticType& right) {
    std::string hint;
    const auto either = [&](Kind kind) { return left.kind == kind || right.kind == kind; };
    if (is_number(left.kind) && is_number(right.kind) && left.kind != right.kind) {
      hint = "convert one side, for example with double(...)";
    } else if (expr.op == Op::add && either(Kind::string)) {
      hint = "convert the other side with string(...)";
    } else if (either(Kind::string) && (is_number(left.kind) || is_number(right.kind))) {
      hint = "write the number without quotes, or convert the text with int(...) or double(...)";
    } else if (either(Kind::timestamp) && either(Kind::string)) {
      hint = "convert the text with timestamp(...)";
    } else if (either(Kind::duration) && !either(Kind::timestamp)) {
      hint = "a length of time is written duration(\"5s\")";
    }
    return fail_name(expr,
                     "`" + std::string(op_text(expr.op)) + "` does not take values of type " + type_text(left) +
                         " and " + type_text(right),
                     hint);
  }

  // The name of a type, when it could be one.
  const TypeName* could_be_type(const Expr& expr) const {
    const std::string name = chain_name(expr);
    if (closed() || name.empty() || find_local(chain_root(expr).name) != nullptr) return nullptr;
    return find_type_name(name);
  }

  // In `type(x) == int`, `int` is the type; anywhere else it is a field, as log records have fields named `type`,
  // `bytes`.
  void check_beside(Expr& expr, const StaticType& other) {
    const TypeName* name = could_be_type(expr);
    if (name != nullptr && other.kind == Kind::type) {
      set_type_constant(expr, name->kind);
    } else if (expr.kind == ExprKind::list && other.kind == Kind::type) {
      for (Expr* item : expr.args) check_beside(*item, other);
      expr.type = types_.make(Kind::list, simple(Kind::type));
    } else {
      check(expr);
    }
  }

  const StaticType* equality(Expr& expr) {
    Expr& left = *expr.args[0];
    Expr& right = *expr.args[1];
    if (could_be_type(left) != nullptr) {
      check_beside(left, *check(right));
    } else {
      check_beside(right, *check(left));
    }
    const Kind a = left.type->kind;
    const Kind b = right.type->kind;
    const bool comparable = a == b || a == Kind::dyn || b == Kind::dyn || a == Kind::null || b == Kind::null ||
                            (is_number(a) && is_number(b));
    if (!comparable) mismatch(expr, *left.type, *right.type);
    return simple(Kind::boolean);
  }

  const StaticType* in(Expr& expr) {
    if (is_record(*expr.args[1]) && expr.args[0]->kind == ExprKind::literal && expr.args[0]->literal.is(Type::string)) {
      set_field(expr, expr.args[0]->literal.text());
      return simple(Kind::boolean);
    }
    const StaticType& item = *check(*expr.args[0]);
    check_beside(*expr.args[1], item);
    const StaticType& container = *expr.args[1]->type;
    if (!is(container, Kind::list) && !is(container, Kind::map)) {
      fail(*expr.args[1], "`in` needs a list or a map on its right, not a value of type " + type_text(container),
           container.kind == Kind::string ? "for a part of a text write text.contains(part)" : "");
    }
    return simple(Kind::boolean);
  }

  const StaticType* logical(Expr& expr) {
    for (Expr* arg : expr.args) {
      const StaticType& type = *check(*arg);
      if (!is(type, Kind::boolean)) {
        fail(*arg, "`" + std::string(op_text(expr.op)) + "` takes bools, not a value of type " + type_text(type),
             type.kind == Kind::string ? "compare it: x == ... " + std::string(op_text(expr.op)) + " x == ..." : "");
      }
    }
    return simple(Kind::boolean);
  }

  const StaticType* conditional(Expr& expr) {
    const StaticType& condition = *check(*expr.args[0]);
    if (!is(condition, Kind::boolean)) {
      fail(*expr.args[0], "the condition before `?` must be a bool, not a value of type " + type_text(condition));
    }
    const StaticType* yes = check(*expr.args[1]);
    return common_type(yes, check(*expr.args[2]));
  }

  // ---- lists and maps

  static bool is_optional_item(const Expr& expr, std::size_t i) {
    return i < expr.optional_args.size() && expr.optional_args[i];
  }
  const StaticType* item_type(Expr& item, bool optional) {
    const StaticType* type = check(item);
    if (!optional) return type;
    if (!is(*type, Kind::optional)) fail(item, "`?` needs an optional value here, not one of type " + type_text(*type));
    return first_of(*type);
  }

  const StaticType* list(Expr& expr) {
    const StaticType* element = nullptr;
    for (std::size_t i = 0; i < expr.args.size(); ++i) {
      const StaticType* type = item_type(*expr.args[i], is_optional_item(expr, i));
      element = element == nullptr ? type : common_type(element, type);
    }
    return types_.make(Kind::list, element);
  }

  const StaticType* map(Expr& expr) {
    const StaticType* key = nullptr;
    const StaticType* value = nullptr;
    for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
      const StaticType* key_type = check(*expr.args[i]);
      const Kind kind = key_type->kind;
      if (kind != Kind::dyn && kind != Kind::string && kind != Kind::int64 && kind != Kind::uint64 &&
          kind != Kind::boolean) {
        fail(*expr.args[i], "a key is a string, int, uint or bool, not a value of type " + type_text(*key_type));
      }
      const StaticType* value_type = item_type(*expr.args[i + 1], is_optional_item(expr, i / 2));
      key = key == nullptr ? key_type : common_type(key, key_type);
      value = value == nullptr ? value_type : common_type(value, value_type);
    }
    return types_.make(Kind::map, key, value);
  }

  // ---- macros

  const StaticType* macro(Expr& expr) {
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

  void condition(Expr& expr) {
    const StaticType& type = *check(expr);
    if (!is(type, Kind::boolean)) fail(expr, "the condition must be a bool, not a value of type " + type_text(type));
  }

  const StaticType* macro_body(Expr& expr) {
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

  // ---- calls

  const StaticType* call(Expr& expr) {
    if (expr.target != nullptr) {
      const std::string space = chain_name(*expr.target);
      const std::string name = space + "." + std::string(expr.name);
      if (!space.empty() && find_local(chain_root(*expr.target).name) == nullptr) {
        expr.function = find_function(name, false);
        if (expr.function != nullptr) {
          expr.target = nullptr;  // it was a qualified name, not a receiver
        } else if (space == "math" || space == "strings" || space == "optional") {
          return unknown_qualified(expr, space, name);
        }
      }
    }
    std::vector<Kind> kinds;
    if (expr.target != nullptr) kinds.push_back(check(*expr.target)->kind);
    for (Expr* arg : expr.args) kinds.push_back(check(*arg)->kind);
    if (expr.function == nullptr) expr.function = find_function(expr.name, expr.target != nullptr);
    if (expr.function == nullptr) return unknown_function(expr);
    return call_result(expr, kinds);
  }

  const StaticType* unknown_qualified(Expr& expr, std::string_view space, std::string_view name) {
    for (Expr* arg : expr.args) check(*arg);
    expr.target = nullptr;
    std::vector<std::string_view> names;
    for (const Function* function : all_functions()) {
      if (function->name.starts_with(space) && function->name.find('.') != std::string_view::npos)
        names.push_back(function->name);
    }
    return fail_name(expr, "there is no function `" + std::string(name) + "`", did_you_mean(nearest_name(name, names)));
  }

  const StaticType* unknown_function(const Expr& expr) {
    const bool member = expr.target != nullptr;
    std::string hint;
    if (find_function(expr.name, !member) != nullptr) {
      hint = member ? "write " + std::string(expr.name) + "(x)" : "write x." + std::string(expr.name) + "(...)";
    } else {
      std::vector<std::string_view> names;
      for (const Function* function : all_functions()) {
        if (function->member == member) names.push_back(function->name);
      }
      for (const std::string_view macro : {"all", "exists", "exists_one", "filter", "map", "optMap", "optFlatMap"}) {
        if (member) names.push_back(macro);
      }
      if (!member) names.push_back("has");
      hint = did_you_mean(nearest_name(expr.name, names));
    }
    return fail_name(expr, "there is no function `" + std::string(expr.name) + "`", hint);
  }

  const StaticType* call_result(Expr& expr, std::span<const Kind> kinds) {
    const Function& function = *expr.function;
    if (function.variadic && kinds.size() > 1) {
      const bool numbers =
          std::all_of(kinds.begin(), kinds.end(), [](Kind k) { return k == Kind::dyn || is_number(k); });
      if (!numbers) return no_overload(expr, kinds);
      const bool same = std::adjacent_find(kinds.begin(), kinds.end(), std::not_equal_to<>()) == kinds.end();
      return same ? simple(kinds[0]) : TypePool::dyn();
    }
    if (find_overload(function, kinds) == nullptr) return no_overload(expr, kinds);
    const Expr* first = expr.target != nullptr ? expr.target : expr.args.empty() ? nullptr : expr.args[0];
    if (function.name == "dyn") return TypePool::dyn();
    if (function.name == "optional.of" || function.name == "optional.ofNonZeroValue") {
      return types_.make(Kind::optional, first->type);
    }
    if (function.name == "value" || function.name == "orValue") return first_of(*first->type);
    if (function.name == "or") return common_type(first->type, expr.args[0]->type);
    return overload_result(function, kinds);
  }

  // The result of all overloads that could be meant, if it is one.
  const StaticType* overload_result(const Function& function, std::span<const Kind> kinds) {
    const Overload* only = nullptr;
    for (const Overload& overload : function.overloads) {
      const Function single{function.name, function.member, function.run, {&overload, 1}, false, false, {}};
      if (find_overload(single, kinds) == nullptr) continue;
      if (only != nullptr && only->result != overload.result) return TypePool::dyn();
      only = &overload;
    }
    if (only->result == Kind::list) return types_.make(Kind::list, simple(only->element));
    return simple(only->result);
  }

  static std::string argument_text(const Function& function, std::span<const Kind> kinds) {
    std::string text;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (i == 0 && function.member) {
        text += std::string(kind_name(kinds[0])) + "." + std::string(function.name) + "(";
        continue;
      }
      if (i > (function.member ? 1U : 0U)) text += ", ";
      text += kind_name(kinds[i]);
    }
    return function.member ? text + ")" : std::string(function.name) + "(" + text + ")";
  }

  const StaticType* no_overload(const Expr& expr, std::span<const Kind> kinds) {
    const Function& function = *expr.function;
    std::string hint = "there is ";
    for (std::size_t i = 0; i < function.overloads.size() && i < 4; ++i) {
      const Overload& overload = function.overloads[i];
      if (i > 0) hint += ", ";
      hint += argument_text(function, std::span(overload.args).first(overload.count));
    }
    if (function.overloads.size() > 4) hint += ", ...";
    return fail_name(expr, "there is no " + argument_text(function, kinds), hint);
  }

  record::FieldTable& fields_;
  const CompileOptions& options_;
  TypePool& types_;
  std::vector<CompileError>& errors_;
  std::vector<Local> locals_;
  std::size_t most_locals_ = 0;
};

}  // namespace

std::size_t check(Expr& root, record::FieldTable& fields, const CompileOptions& options, TypePool& types,
                  std::vector<CompileError>& errors) {
  return Checker(fields, options, types, errors).run(root);
}

}  // namespace sluice::expression
