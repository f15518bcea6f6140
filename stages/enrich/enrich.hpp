// enrich: adds, changes and removes fields.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// - enrich:
//     fields: {dc: fra1}
//     compute: {slow: duration_ms > 250.0}
//     drop: [debug]
Definition enrich();

}  // namespace sluice::stages
