// Variants of the contract that come with a later version: `check` answers "not supported yet" rather than "unknown".
#pragma once

#include <vector>

#include "stages/registry.hpp"

namespace sluice::stages {

std::vector<Definition> planned();

}  // namespace sluice::stages
