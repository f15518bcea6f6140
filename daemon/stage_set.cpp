#include "daemon/stage_set.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace sluice::daemon {
namespace {

const stages::Definition* find(const std::vector<stages::Definition>& definitions, const config::StageConfig& stage) {
  const auto found = std::ranges::find_if(definitions, [&](const stages::Definition& definition) {
    return definition.spec.kind == stage.kind && definition.spec.variant == stage.variant;
  });
  return found == definitions.end() ? nullptr : &*found;
}

bool is_null(const stages::AnyStage& stage) {
  return std::visit([](const auto& pointer) { return pointer == nullptr; }, stage);
}

}  // namespace

std::vector<std::size_t> readers_of(const StageSet& set, std::size_t stage, std::string_view output) {
  std::vector<std::size_t> readers;
  for (std::size_t reader = 0; reader < set.stages.size(); ++reader) {
    for (const config::Input& input : set.stages[reader].config.from) {
      if (input.index == stage && input.output == output) readers.push_back(reader);
    }
  }
  return readers;
}

std::unique_ptr<StageSet> build_stages(const config::PipelineConfig& config,
                                       const std::vector<stages::Definition>& definitions,
                                       config::Diagnostics& diagnostics, const Clocks& clocks) {
  auto set = std::make_unique<StageSet>();
  stages::Workshop workshop{set->fields, diagnostics};
  workshop.batch_bytes = config.batch_size;
  workshop.linger = config.batch_linger;
  workshop.max_line = config.max_line;
  workshop.clock = clocks.steady;
  workshop.wall_clock = clocks.wall;
  for (const config::StageConfig& stage : config.stages) {
    const stages::Definition* definition = find(definitions, stage);
    // A stage with errors of its own has been reported; making it would report them again, or worse.
    if (definition == nullptr || !stage.valid || !definition->spec.supported) continue;
    const std::size_t errors_before = diagnostics.error_count();
    try {
      stages::AnyStage made = definition->make(stage.settings, workshop);
      if (is_null(made) && diagnostics.error_count() == errors_before) {
        diagnostics.error(stage.location, "stage `" + stage.name + "` could not be made");
      }
      set->stages.push_back({stage, std::move(made)});
    } catch (const std::exception& exception) {
      diagnostics.error(stage.location, "stage `" + stage.name + "` could not be made: " + exception.what());
    }
  }
  return set;
}

flow::Error located(const flow::Error& error, const std::string& stage) {
  if (!error) return {};
  return {error.code(), stage + ": " + error.message()};
}

}  // namespace sluice::daemon
