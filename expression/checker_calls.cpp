// Checking: calls of functions.
#include <algorithm>
#include <functional>
#include <utility>

#include "expression/checker_walk.hpp"
#include "expression/functions.hpp"
#include "expression/text.hpp"

namespace sluice::expression {

namespace {

// What other languages call them.
std::string_view our_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"len", "size"},
                                                                             {"length", "size"},
                                                                             {"count", "size"},
                                                                             {"max", "math.greatest"},
                                                                             {"min", "math.least"},
                                                                             {"math.max", "math.greatest"},
                                                                             {"math.min", "math.least"},
                                                                             {"abs", "math.abs"},
                                                                             {"lower", "lowerAscii"},
                                                                             {"upper", "upperAscii"},
                                                                             {"toLowerCase", "lowerAscii"},
                                                                             {"toUpperCase", "upperAscii"},
                                                                             {"includes", "contains"},
                                                                             {"match", "matches"},
                                                                             {"regex", "matches"},
                                                                             {"strip", "trim"},
                                                                             {"float", "double"},
                                                                             {"str", "string"},
                                                                             {"slice", "substring"},
                                                                             {"substr", "substring"},
                                                                             {"any", "exists"},
                                                                             {"some", "exists"},
                                                                             {"every", "all"},
                                                                             {"select", "filter"},
                                                                             {"exist", "has"},
                                                                             {"exists", "has"},
                                                                             {"defined", "has"}};
  for (const auto& [theirs, ours] : kNames) {
    if (name == theirs) return ours;
  }
  return {};
}

}  // namespace

const StaticType* Checker::call(Expr& expr) {
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

const StaticType* Checker::unknown_qualified(Expr& expr, std::string_view space, std::string_view name) {
  for (Expr* arg : expr.args) check(*arg);
  expr.target = nullptr;
  std::vector<std::string_view> names;
  for (const Function* function : all_functions()) {
    if (function->name.starts_with(space) && function->name.find('.') != std::string_view::npos)
      names.push_back(function->name);
  }
  return fail_name(expr, "there is no function `" + std::string(name) + "`",
                   did_you_mean(our_name(name).empty() ? nearest_name(name, names) : our_name(name)));
}

const StaticType* Checker::unknown_function(const Expr& expr) {
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
    hint = did_you_mean(our_name(expr.name).empty() ? nearest_name(expr.name, names) : our_name(expr.name));
  }
  return fail_name(expr, "there is no function `" + std::string(expr.name) + "`", hint);
}

const StaticType* Checker::call_result(Expr& expr, std::span<const Kind> kinds) {
  const Function& function = *expr.function;
  if (function.variadic && kinds.size() > 1) {
    const bool numbers = std::all_of(kinds.begin(), kinds.end(), [](Kind k) { return k == Kind::dyn || is_number(k); });
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

const StaticType* Checker::overload_result(const Function& function, std::span<const Kind> kinds) {
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

std::string Checker::argument_text(const Function& function, std::span<const Kind> kinds) {
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

const StaticType* Checker::no_overload(const Expr& expr, std::span<const Kind> kinds) {
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

}  // namespace sluice::expression
