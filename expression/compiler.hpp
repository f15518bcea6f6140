// The checked tree to nodes, folded and fused.
#pragma once

#include <vector>

#include "expression/ast.hpp"
#include "expression/expression.hpp"
#include "expression/program.hpp"

namespace sluice::expression {

// Makes the nodes of `root` in `tree` and sets tree.root. With options.fold, what does not depend on the record is
// computed now; constant parts that always fail, bad regular expressions and unknown time zones become errors (with
// options.check). `tree.source`, `tree.limits` and `tree.locals` are set before.
void compile_tree(const Expr& root, const CompileOptions& options, Tree& tree, std::vector<CompileError>& errors);

// A regular expression that is a plain text with anchors at most: how to test for it without RE2.
struct LiteralRegex {
  bool literal = false;
  bool at_start = false;
  bool at_end = false;
  std::string text;
};
LiteralRegex literal_regex(std::string_view pattern);

}  // namespace sluice::expression
