// parse: syslog
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// Syslog messages of either kind; each line says which by its beginning.
//
//   - parse: syslog
Definition parse_syslog();

}  // namespace sluice::stages
