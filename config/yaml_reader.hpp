// YAML text to a tree of nodes: the only place that knows yaml-cpp.
#pragma once

#include <optional>

#include "config/diagnostics.hpp"
#include "config/load.hpp"
#include "config/node.hpp"

namespace sluice::config {

enum class Variables { substitute, literal };

// Reads the one document of a source. Finds invalid UTF-8, control characters, YAML errors, duplicate keys, unknown
// anchors and tags, excessive size, nesting and alias expansion. Nothing when the source cannot be read at all or holds
// no document; the reason is then among the diagnostics.
std::optional<Node> read_yaml(const SourcePointer& source, Variables variables, const Environment& environment,
                              Diagnostics& diagnostics);

}  // namespace sluice::config
