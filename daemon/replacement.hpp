// What a reload changes: for the log, and for whoever goes on.
#pragma once

#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/topology.hpp"

namespace sluice::daemon {

// What is different, one line each: "parse-2: changed (format, on_error)", "write-4: added", "pipeline.queue: changed".
// Empty if nothing is.
std::vector<std::string> describe_changes(const config::PipelineConfig& before, const config::PipelineConfig& after);

// Whose stages are the same in both. A generator keeps running if none of its settings has changed, nor what all
// generators get from `pipeline:` (batch size and linger, longest line). A stage that holds records back goes on with
// them if it has not changed and all generators are at their old places, since records say by number where they come
// from.
Heirs find_heirs(const config::PipelineConfig& before, const config::PipelineConfig& after);

// Why the next stages cannot take the place of those that run; empty if they can. Those have their state in
// `directory`, or nowhere if that is empty; generators that name no directory keep it in `fallback`.
std::string find_obstacle(const std::string& directory, const StageSet& next, const Heirs& heirs,
                          const std::string& fallback);

}  // namespace sluice::daemon
