// The catalogue of all stage variants, and how one is made from checked settings.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "config/catalog.hpp"
#include "config/diagnostics.hpp"
#include "config/option.hpp"
#include "config/settings.hpp"
#include "record/field_table.hpp"
#include "record/value.hpp"
#include "stages/stage.hpp"

namespace sluice::stages {

// The time as stages see it: monotonic, so that nobody who sets the host's clock changes what a stage does.
using Clock = std::function<std::chrono::steady_clock::time_point()>;

// The time of day, for what is named or completed by it: the year of a time that states none, the path of a file.
using WallClock = std::function<record::Timestamp()>;

// What a stage may use while it is being made. Errors go to `diagnostics` (settings.locate(...) knows where), so that
// `check` can report all of them.
struct Workshop {
  record::FieldTable& fields;  // intern here every field that the stage reads or writes by name
  config::Diagnostics& diagnostics;
  std::size_t batch_bytes = 256 * 1024;
  std::chrono::nanoseconds linger{};
  std::size_t max_line = 1024 * 1024;
  Clock clock = std::chrono::steady_clock::now;  // tests put their own here; called by many threads
  WallClock wall_clock = {};                     // the same; empty: the system's
};

// One variant: its declaration, from which parsing, diagnostics, schema and reference come, and its maker.
struct Definition {
  config::StageSpec spec;
  // The stage, or an empty pointer after errors went to the workshop's diagnostics. Opens and compiles everything that
  // the configuration names (expressions, regexes, tables), so that `check` is complete, but does no I/O on the data
  // itself.
  std::function<AnyStage(const config::Settings& settings, Workshop& workshop)> make;
};

// All variants; made anew by each call. To add one: a file pair in its kind's folder, a test, a line in registry.cpp.
std::vector<Definition> definitions();

// What config needs to know of them: the kinds (stages/kinds.hpp) and the variants.
config::Catalog catalog(const std::vector<Definition>& definitions);

}  // namespace sluice::stages
