// ${VAR} in scalars; the rules are in config/load.hpp.
#pragma once

#include <memory>
#include <string>

#include "config/diagnostics.hpp"
#include "config/load.hpp"
#include "config/node.hpp"

namespace sluice::config {

// The scalar's value with its variables replaced. Unset variables and malformed references become errors.
Node substitute(Node scalar, const Environment& environment, Diagnostics& diagnostics);

}  // namespace sluice::config
