// parse: rfc3164
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// Syslog messages of the older kind: see read_rfc3164().
//
//   - parse: {format: rfc3164, time: {zone: Europe/Berlin}}
Definition parse_rfc3164();

}  // namespace sluice::stages
