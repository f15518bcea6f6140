// From an expression in the configuration to a program, with errors that point into the configuration.
#pragma once

#include <optional>

#include "config/settings.hpp"
#include "expression/expression.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Compiles an option of type `expression`; its fields are interned in the workshop's table. Nothing after errors, each
// of which went to the workshop's diagnostics at its place inside the expression.
std::optional<expression::Program> compile_expression(const config::Value& option, expression::ResultType expect,
                                                      Workshop& workshop);

}  // namespace sluice::stages
