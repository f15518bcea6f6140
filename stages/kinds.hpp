// The six kinds of stages: what their key takes, and the options that all variants of a kind share.
#pragma once

#include <vector>

#include "config/catalog.hpp"

namespace sluice::stages {

// In the order in which a record meets them: generate, parse, filter, enrich, route, write.
std::vector<config::KindSpec> kinds();

}  // namespace sluice::stages
