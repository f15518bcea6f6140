// JSON Schema of the configuration, for editors.
#pragma once

#include <string>

#include "config/catalog.hpp"

namespace sluice::config {

// A JSON Schema (draft 2020-12) as indented JSON text: short and long forms, enums, defaults, descriptions, patterns of
// sizes, durations and rates. Every scalar also accepts a ${VAR} reference, since substitution comes after YAML
// parsing.
std::string json_schema(const Catalog& catalog);

}  // namespace sluice::config
