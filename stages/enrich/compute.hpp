// enrich: {compute: {slow: duration_ms > 250.0}}: sets fields to the values of expressions.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option compute_option();

// Errors inside the expressions go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Operation> make_compute(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
