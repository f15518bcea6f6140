// Finds, for a scalar that yaml-cpp has read, where each byte of its value stands in the source.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "config/node.hpp"

namespace sluice::config {

// The first byte of a node's own text: past the tag and the anchor that may stand before it.
std::size_t skip_properties(std::string_view text, std::size_t offset);

// `offset` is the scalar's first byte. Walks source and value side by side through quotes, escapes, folding and
// indentation (YAML 1.2, chapters 7.3 and 8.1); where that fails, the origin has a begin but no bytes.
std::shared_ptr<const Origin> trace_scalar(const SourcePointer& source, std::size_t offset, std::string_view value);

}  // namespace sluice::config
