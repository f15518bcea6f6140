// parse: rfc5424
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// Syslog messages of RFC 5424: see read_rfc5424().
//
//   - parse: rfc5424
Definition parse_rfc5424();

}  // namespace sluice::stages
