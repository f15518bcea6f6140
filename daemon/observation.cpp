#include "daemon/observation.hpp"

#include <algorithm>
#include <utility>

namespace sluice::daemon {
namespace {

// By its configuration: a generator is not with its topology, since it outlives it.
std::string_view role_of(const BuiltStage& stage) {
  switch (stage.config.role) {
    case config::Role::generator:
      return "generator";
    case config::Role::writer:
      return "writer";
    default:
      return "transform";
  }
}

std::string_view name_of(config::Rejects::Target target) {
  switch (target) {
    case config::Rejects::Target::file:
      return "file";
    case config::Rejects::Target::drop:
      return "drop";
    default:
      return "stderr";
  }
}

void add(std::optional<QueueFigures>& queue, const flow::NodeStats& node) {
  if (!queue) queue.emplace();
  queue->size += node.queue_size;
  queue->capacity += node.queue_capacity;
}

StageFigures describe(const BuiltStage& stage) {
  StageFigures figures;
  figures.name = stage.config.name;
  figures.kind = stage.config.kind;
  figures.variant = stage.config.variant;
  figures.role = role_of(stage);
  for (const config::Input& input : stage.config.from) figures.from.push_back({input.stage, input.output});
  figures.outputs = stage.config.outputs;
  return figures;
}

void take_counts(StageFigures& figures, const LedgerSnapshot& ledger) {
  const auto found = std::ranges::find(ledger.stages, figures.name, &StageSnapshot::name);
  if (found == ledger.stages.end()) return;
  figures.counts = found->counts;
  figures.errors = found->errors;
}

// What a node's figures say of its stages. A writer has two nodes, or one and the end of a chain; what waits at any of
// them waits for it, and that its encoder waits for its sender is no business of anybody else.
void take_node(std::vector<StageFigures>& stages, const PlannedNode& planned, const flow::NodeStats& node) {
  StageFigures& first = stages[planned.first()];
  if (planned.kind != flow::NodeKind::source) add(first.queue, node);
  if (planned.kind == flow::NodeKind::sink) return;
  StageFigures* last = nullptr;  // whose results wait
  for (const std::size_t index : planned.stages) {
    StageFigures& stage = stages[index];
    if (stage.role == "writer") continue;
    if (&stage != &first) stage.fused_into = first.name;
    last = &stage;
  }
  if (last != nullptr) last->blocked += node.blocked;
}

}  // namespace

std::string_view name_of(RunState state) {
  switch (state) {
    case RunState::starting:
      return "starting";
    case RunState::running:
      return "running";
    case RunState::reloading:
      return "reloading";
    default:
      return "draining";
  }
}

Observation observe(const config::PipelineConfig& config, const StageSet& set, const Plan& plan,
                    std::span<const flow::NodeStats> nodes, LedgerSnapshot ledger, const BlockedTimes& before) {
  Observation seen;
  seen.config = config.file;
  seen.workers = config.workers;
  for (const BuiltStage& stage : set.stages) {
    StageFigures& figures = seen.stages.emplace_back(describe(stage));
    take_counts(figures, ledger);
    const auto earlier = before.find(figures.name);
    if (earlier != before.end()) figures.blocked = earlier->second;
  }
  for (std::size_t i = 0; i < plan.nodes.size() && i < nodes.size(); ++i) {
    take_node(seen.stages, plan.nodes[i], nodes[i]);
  }
  seen.rejects.target = name_of(config.rejects.target);
  if (nodes.size() > plan.nodes.size()) add(seen.rejects.queue, nodes.back());
  seen.ledger = std::move(ledger);
  return seen;
}

BlockedTimes blocked_times(const Observation& observation, BlockedTimes before) {
  for (const StageFigures& stage : observation.stages) before[stage.name] = stage.blocked;
  return before;
}

}  // namespace sluice::daemon
