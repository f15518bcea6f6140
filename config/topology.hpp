// The graph of the stages: who reads whom.
#pragma once

#include <vector>

#include "config/catalog.hpp"
#include "config/diagnostics.hpp"
#include "config/pipeline.hpp"
#include "config/stage_checker.hpp"

namespace sluice::config {

// Resolves every `from` (default: the stage before) and reports duplicate names, unknown and ambiguous references,
// cycles, generators that read, writers that are read, stages and outputs that nobody reads, and a pipeline without a
// generator or writer. `location` is that of the `stages` key.
std::vector<StageConfig> resolve(std::vector<DraftStage> drafts, const Catalog& catalog, const Location& location,
                                 Diagnostics& diagnostics);

}  // namespace sluice::config
