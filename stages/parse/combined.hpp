// parse: combined
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// Access logs in the combined format: see AccessLogFormat.
//
//   - parse: combined
Definition parse_combined();

}  // namespace sluice::stages
