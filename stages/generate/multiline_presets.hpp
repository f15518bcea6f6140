// What stack traces look like in the languages that people log from, as small state machines over lines.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::stages {

// How far a trace has come; what the numbers mean is the preset's. 0: there is no trace.
using TraceState = std::uint8_t;

// What a line means for the trace before it.
struct TraceStep {
  bool continues = false;
  TraceState state = 0;  // 0 after a line that continues: it is the last one
};

// One kind of trace. Blank lines that continue do so on trial: those at the end of a trace belong to none.
struct MultilinePreset {
  std::string_view name;
  std::string_view summary;
  TraceState (*begin)(std::string_view line);                  // 0 for a line that nothing can follow
  TraceStep (*next)(TraceState state, std::string_view line);  // state is not 0
};

// All of them, sorted by name. Lines come without their ends.
std::span<const MultilinePreset> multiline_presets();

// Null if there is none of that name.
const MultilinePreset* find_multiline_preset(std::string_view name);

}  // namespace sluice::stages
