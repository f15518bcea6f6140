// route: sends each record to the outputs whose condition it meets.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// - route: {routes: {errors: 'level == "error"', slow: 'duration_ms > 1000.0'}, match: first}
Definition route();

}  // namespace sluice::stages
