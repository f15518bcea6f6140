// parse: common
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// Access logs in the common format: see AccessLogFormat.
//
//   - parse: common
Definition parse_common();

}  // namespace sluice::stages
