// filter: {where: EXPR}: lets records go on for which an expression is true.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/filter/condition.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option where_option();

// Errors inside the expression go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Condition> make_where(const config::Settings& settings, Workshop& workshop, OnError on_error);

}  // namespace sluice::stages
