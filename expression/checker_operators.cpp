// Checking: operators, lists and maps.
#include <algorithm>

#include "expression/checker_walk.hpp"
#include "expression/operators.hpp"

namespace sluice::expression {

using record::Type;

const StaticType* Checker::unary(Expr& expr) {
  const StaticType& type = *check(*expr.args[0]);
  if (expr.op == Op::logical_not) {
    if (!is(type, Kind::boolean)) fail(*expr.args[0], "`!` takes a bool, not a value of type " + type_text(type));
    return simple(Kind::boolean);
  }
  if (type.kind == Kind::dyn || type.kind == Kind::int64 || type.kind == Kind::float64) return &type;
  return fail(*expr.args[0], "`-` takes an int or a double, not a value of type " + type_text(type));
}

const StaticType* Checker::binary(Expr& expr) {
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

bool Checker::can_order(Kind a, Kind b) {
  const auto has_order = [](Kind kind) {
    return kind == Kind::dyn || kind == Kind::boolean || is_number(kind) || kind == Kind::string ||
           kind == Kind::bytes || kind == Kind::timestamp || kind == Kind::duration;
  };
  if (!has_order(a) || !has_order(b)) return false;
  return a == b || a == Kind::dyn || b == Kind::dyn || (is_number(a) && is_number(b));
}

const StaticType* Checker::mismatch(const Expr& expr, const StaticType& left, const StaticType& right) {
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
                   "`" + std::string(op_text(expr.op)) + "` does not take values of type " + type_text(left) + " and " +
                       type_text(right),
                   hint);
}

const TypeName* Checker::could_be_type(const Expr& expr) const {
  const std::string name = chain_name(expr);
  if (closed() || name.empty() || find_local(chain_root(expr).name) != nullptr) return nullptr;
  return find_type_name(name);
}

void Checker::check_beside(Expr& expr, const StaticType& other) {
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

const StaticType* Checker::equality(Expr& expr) {
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

const StaticType* Checker::in(Expr& expr) {
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

const StaticType* Checker::logical(Expr& expr) {
  for (Expr* arg : expr.args) {
    const StaticType& type = *check(*arg);
    if (!is(type, Kind::boolean)) {
      fail(*arg, "`" + std::string(op_text(expr.op)) + "` takes bools, not a value of type " + type_text(type),
           type.kind == Kind::string ? "compare it: x == ... " + std::string(op_text(expr.op)) + " x == ..." : "");
    }
  }
  return simple(Kind::boolean);
}

const StaticType* Checker::conditional(Expr& expr) {
  const StaticType& condition = *check(*expr.args[0]);
  if (!is(condition, Kind::boolean)) {
    fail(*expr.args[0], "the condition before `?` must be a bool, not a value of type " + type_text(condition));
  }
  const StaticType* yes = check(*expr.args[1]);
  return common_type(yes, check(*expr.args[2]));
}

bool Checker::is_optional_item(const Expr& expr, std::size_t i) {
  return i < expr.optional_args.size() && expr.optional_args[i];
}

const StaticType* Checker::item_type(Expr& item, bool optional) {
  const StaticType* type = check(item);
  if (!optional) return type;
  if (!is(*type, Kind::optional)) fail(item, "`?` needs an optional value here, not one of type " + type_text(*type));
  return first_of(*type);
}

const StaticType* Checker::list(Expr& expr) {
  const StaticType* element = nullptr;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    const StaticType* type = item_type(*expr.args[i], is_optional_item(expr, i));
    element = element == nullptr ? type : common_type(element, type);
  }
  return types_.make(Kind::list, element);
}

const StaticType* Checker::map(Expr& expr) {
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

}  // namespace sluice::expression
