// The stages of one configuration, made and ready to be joined to a pipeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/pipeline.hpp"
#include "flow/error.hpp"
#include "record/field_table.hpp"
#include "stages/registry.hpp"

namespace sluice::daemon {

// A stage with the configuration that it was made from. The pointer in `stage` is null if it could not be made.
struct BuiltStage {
  config::StageConfig config;
  stages::AnyStage stage;

  stages::Generator* generator() const { return get<stages::Generator>(); }
  stages::Processor* processor() const { return get<stages::Processor>(); }
  stages::Router* router() const { return get<stages::Router>(); }
  stages::Writer* writer() const { return get<stages::Writer>(); }

 private:
  template <class Shape>
  Shape* get() const {
    const auto* held = std::get_if<std::unique_ptr<Shape>>(&stage);
    return held == nullptr ? nullptr : held->get();
  }
};

// In the order of the configuration. The field table is complete once all stages are made, and only read from then on.
struct StageSet {
  record::FieldTable fields;
  std::vector<BuiltStage> stages;
};

// The stages that read this output of a stage (empty: all that is no router's), in order; one that reads it twice comes
// twice.
std::vector<std::size_t> readers_of(const StageSet& set, std::size_t stage, std::string_view output);

// The time as the stages see it.
struct Clocks {
  stages::Clock steady = std::chrono::steady_clock::now;
  stages::WallClock wall = {};  // empty: the system's
};

// Makes every stage that the configuration describes, also when some of them have errors, so that all are reported.
// Usable if and only if `diagnostics` has no errors afterwards.
std::unique_ptr<StageSet> build_stages(const config::PipelineConfig& config,
                                       const std::vector<stages::Definition>& definitions,
                                       config::Diagnostics& diagnostics, const Clocks& clocks = {});

// The same error with the stage's name before its message; no error if there is none.
flow::Error located(const flow::Error& error, const std::string& stage);

}  // namespace sluice::daemon
