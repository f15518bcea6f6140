// The arithmetic operators: which types they take (langdef.md "Overloading"), and their run functions.
#pragma once

#include "expression/ast.hpp"
#include "expression/program.hpp"
#include "expression/types.hpp"

namespace sluice::expression {

// Whether `a op b` has an overload, dyn fitting anything; `result` is dyn if several fit.
bool arithmetic_result(Op op, Kind a, Kind b, Kind& result);

// Node functions, chosen by the compiler. Children are the operands.
Run arithmetic_run(Op op);
Run negate_run();
Run comparison_run(Op op);  // ==, !=, <, <=, >, >=

// What `==`, `<` ... say about an order; false for unordered. `op` is a comparison.
bool holds(Op op, int order);

}  // namespace sluice::expression
