// One item of `stages:` to a checked stage, by the catalog.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "config/catalog.hpp"
#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"

namespace sluice::config {

// A name under `from:` as the user wrote it.
struct Reference {
  std::string name;
  Location location;
  std::size_t span = 1;
};

// A stage before its inputs are resolved.
struct DraftStage {
  StageConfig config;
  bool has_from = false;
  std::vector<Reference> from;
  std::size_t name_span = 1;
};

// `position` counts from 1 and makes the default name.
DraftStage check_stage(const Node& item, std::size_t position, const Catalog& catalog, Diagnostics& diagnostics);

// The member of a stage's mapping whose key is a kind; null when there is none.
const Node::Member* find_kind_member(const Node& item, const Catalog& catalog);

}  // namespace sluice::config
