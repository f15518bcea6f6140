// parse: json — each text is one JSON object.
//
//   - parse: json
//   - parse: {format: json, field: log, into: app}
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

Definition parse_json();

}  // namespace sluice::stages
