// Names, types and overloads (langdef.md "Gradual Type Checking").
#pragma once

#include <vector>

#include "expression/ast.hpp"
#include "expression/expression.hpp"
#include "expression/types.hpp"
#include "record/field_table.hpp"

namespace sluice::expression {

// Annotates the tree: what names refer to, which functions are called, the type of each expression where it is known
// before any record is seen. Fields are dyn. All mistakes are appended to `errors`; with `options.check` false there
// are none but for limits. Returns the number of slots that macro variables need.
std::size_t check(Expr& root, record::FieldTable& fields, const CompileOptions& options, TypePool& types,
                  std::vector<CompileError>& errors);

}  // namespace sluice::expression
