// filter: lets some records go on.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// - filter: status >= 500 && !path.startsWith("/health")
// - filter: {where: 'level == "error"', on_error: keep}
Definition filter();

}  // namespace sluice::stages
