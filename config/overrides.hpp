// --set KEY=VALUE, applied to the tree before it is checked.
#pragma once

#include <string>
#include <vector>

#include "config/catalog.hpp"
#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace sluice::config {

// The rules are in config/load.hpp. Errors are located at "--set KEY"; what the value itself is wrong about is found
// later, by the same checks as for a file.
void apply_overrides(Node& root, const std::vector<std::string>& overrides, const Catalog& catalog,
                     Diagnostics& diagnostics);

}  // namespace sluice::config
