// How stages become nodes of a flow pipeline: which run on threads, and which are fused to one task.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "daemon/stage_set.hpp"
#include "flow/pipeline_types.hpp"

namespace sluice::daemon {

// One node. A chain is a transform that takes a batch through several stages on one worker, while it is hot in the
// cache (docs/decisions/fusion.md); a writer's encoder ends a chain, its sending is a sink of its own.
struct PlannedNode {
  flow::NodeKind kind = flow::NodeKind::transform;
  std::vector<std::size_t> stages;  // indices into StageSet::stages, in the order in which they run
  flow::TransformOptions options;   // transforms only

  std::size_t first() const { return stages.front(); }
  std::size_t last() const { return stages.back(); }
};

// `to` reads port `port` of `from`; both are indices into Plan::nodes.
struct PlannedEdge {
  std::size_t from = 0;
  std::size_t port = 0;
  std::size_t to = 0;
};

struct Plan {
  std::vector<PlannedNode> nodes;
  std::vector<PlannedEdge> edges;
};

// `set` has no errors. Two stages are fused when the second reads only the first, is its only reader, both may work on
// several batches at once, and their caps on `workers` are the same.
Plan make_plan(const StageSet& set, config::Order order);

// The plan in lines for people: "generate-1 (thread) -> parse-2 + filter-3 + write-4 (pool) -> write-4 (thread)".
std::string describe(const Plan& plan, const StageSet& set);

}  // namespace sluice::daemon
