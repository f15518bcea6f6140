// The checker's insides, shared by its three source files.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expression/checker.hpp"

namespace sluice::expression {

// A name of a type, as it stands in expressions.
struct TypeName {
  std::string_view name;
  Kind kind;
};
const TypeName* find_type_name(std::string_view name);

// "a.b.c" for a chain of plain selections from an identifier, else ""; and the identifier that a chain begins with.
std::string chain_name(const Expr& expr);
const Expr& chain_root(const Expr& expr);

// One walk over a tree. Each function gives the type of its expression; after a mistake that is dyn, so that one
// mistake is reported once.
class Checker {
 public:
  Checker(record::FieldTable& fields, const CompileOptions& options, TypePool& types, std::vector<CompileError>& errors)
      : fields_(fields), options_(options), types_(types), errors_(errors) {}
  std::size_t run(Expr& root);

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
  const StaticType* fail(std::size_t offset, std::size_t length, std::string message, std::string hint = {});
  const StaticType* fail(const Expr& expr, std::string message, std::string hint = {});
  const StaticType* fail_name(const Expr& expr, std::string message, std::string hint = {});
  static std::string did_you_mean(std::string_view name) {
    return name.empty() ? std::string() : "did you mean `" + std::string(name) + "`?";
  }
  void expect_result(const Expr& root, const StaticType& type);
  const StaticType* check(Expr& expr);
  const StaticType* check_kind(Expr& expr);

  // ---- names
  const Local* find_local(std::string_view name) const;
  bool is_record(const Expr& expr) const;
  const StaticType* set_type_constant(Expr& expr, Kind kind);
  const StaticType* set_field(Expr& expr, std::string_view name);
  // Sets the reference if a declared variable or a type has exactly this name. Closed environments only.
  const StaticType* declared(Expr& expr, std::string_view name);
  const StaticType* identifier(Expr& expr);

  // ---- selections
  const StaticType* select(Expr& expr);
  // For `x.size` instead of `x.size()`.
  static std::string function_hint(std::string_view name);
  const StaticType* index(Expr& expr);

  // ---- operators
  const StaticType* unary(Expr& expr);
  const StaticType* binary(Expr& expr);
  static bool can_order(Kind a, Kind b);
  const StaticType* mismatch(const Expr& expr, const StaticType& left, const StaticType& right);
  // The name of a type, when it could be one.
  const TypeName* could_be_type(const Expr& expr) const;
  // In `type(x) == int`, `int` is the type; anywhere else it is a field, as log records have fields named `type`,
  // `bytes`.
  void check_beside(Expr& expr, const StaticType& other);
  const StaticType* equality(Expr& expr);
  const StaticType* in(Expr& expr);
  const StaticType* logical(Expr& expr);
  const StaticType* conditional(Expr& expr);

  // ---- lists and maps
  static bool is_optional_item(const Expr& expr, std::size_t i);
  const StaticType* item_type(Expr& item, bool optional);
  const StaticType* list(Expr& expr);
  const StaticType* map(Expr& expr);

  // ---- macros
  const StaticType* macro(Expr& expr);
  void condition(Expr& expr);
  const StaticType* macro_body(Expr& expr);

  // ---- calls
  const StaticType* call(Expr& expr);
  const StaticType* unknown_qualified(Expr& expr, std::string_view space, std::string_view name);
  const StaticType* unknown_function(const Expr& expr);
  const StaticType* call_result(Expr& expr, std::span<const Kind> kinds);
  // The result of all overloads that could be meant, if it is one.
  const StaticType* overload_result(const Function& function, std::span<const Kind> kinds);
  static std::string argument_text(const Function& function, std::span<const Kind> kinds);
  const StaticType* no_overload(const Expr& expr, std::span<const Kind> kinds);
  record::FieldTable& fields_;
  const CompileOptions& options_;
  TypePool& types_;
  std::vector<CompileError>& errors_;
  std::vector<Local> locals_;
  std::size_t most_locals_ = 0;
};

}  // namespace sluice::expression
