// Tokens to a syntax tree (langdef.md "Syntax"), macros recognised.
#pragma once

#include <string_view>
#include <vector>

#include "expression/ast.hpp"
#include "expression/expression.hpp"
#include "expression/lexer.hpp"

namespace sluice::expression {

// The root of the tree, made in `pool`; null if there was a mistake that leaves no tree. After a mistake in the syntax
// the parser gives up, except for mistakes inside macros and literals: those are reported together. `source` is the
// text that `tokens` came from; names and offsets refer to it.
Expr* parse(std::string_view source, const std::vector<Token>& tokens, const Limits& limits, ExprPool& pool,
            std::vector<CompileError>& errors);

}  // namespace sluice::expression
