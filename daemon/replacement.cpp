#include "daemon/replacement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "config/difference.hpp"

namespace sluice::daemon {
namespace {

using config::PipelineConfig;
using config::StageChange;

std::string describe(const StageChange& change) {
  switch (change.what) {
    case StageChange::What::added:
      return change.name + ": added";
    case StageChange::What::removed:
      return change.name + ": removed";
    default:
      return fmt::format("{}: changed ({})", change.name, fmt::join(change.keys, ", "));
  }
}

std::vector<std::pair<std::string, std::size_t>> places_of_generators(const PipelineConfig& config) {
  std::vector<std::pair<std::string, std::size_t>> places;
  for (std::size_t i = 0; i < config.stages.size(); ++i) {
    if (config.stages[i].role == config::Role::generator) places.emplace_back(config.stages[i].name, i);
  }
  return places;
}

bool reads_alike(const PipelineConfig& before, const PipelineConfig& after) {
  return before.batch_size == after.batch_size && before.batch_linger == after.batch_linger &&
         before.max_line == after.max_line;
}

}  // namespace

std::vector<std::string> describe_changes(const PipelineConfig& before, const PipelineConfig& after) {
  std::vector<std::string> lines;
  for (const std::string& key : config::pipeline_changes(before, after)) {
    const bool waits = key == "admin";
    lines.push_back(key + (waits ? ": changed; takes effect at the next start" : ": changed"));
  }
  for (const StageChange& change : config::stage_changes(before, after)) {
    if (change.what != StageChange::What::same) lines.push_back(describe(change));
  }
  return lines;
}

Heirs find_heirs(const PipelineConfig& before, const PipelineConfig& after) {
  const bool same_reading = reads_alike(before, after);
  const bool same_places = places_of_generators(before) == places_of_generators(after);
  Heirs heirs;
  for (const StageChange& change : config::stage_changes(before, after)) {
    if (change.what != StageChange::What::same) continue;
    const bool generates = after.find_stage(change.name)->role == config::Role::generator;
    if (generates && same_reading) heirs.generators.insert(change.name);
    if (!generates && same_places) heirs.holders.insert(change.name);
  }
  return heirs;
}

std::string find_obstacle(const std::string& directory, const StageSet& next, const Heirs& heirs,
                          const std::string& fallback) {
  std::vector<Participants::Reading> readers;
  bool keeps_running = false;
  for (const BuiltStage& stage : next.stages) {
    stages::Generator* const generator = stage.generator();
    if (generator == nullptr || !generator->keeps_positions()) continue;
    readers.push_back({stage.config.name, generator});
    keeps_running = keeps_running || heirs.generators.contains(stage.config.name);
  }
  std::string wanted;
  if (const flow::Error error = find_state_directory(readers, fallback, wanted)) return error.message();
  if (wanted == directory || wanted.empty() || (directory.empty() && !keeps_running)) return {};
  return fmt::format(
      "the state would move from {} to {} while generators keep their positions; restart sluice for that",
      directory.empty() ? "nowhere" : directory, wanted);
}

}  // namespace sluice::daemon
