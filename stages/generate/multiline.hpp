// multiline: several lines that become one record, such as stack traces
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "stages/generate/multiline_presets.hpp"

namespace sluice::stages {

class RegexMatcher;
struct Workshop;

// Which lines belong together. Exactly one of the first three is set. Immutable, so many streams may share it.
struct Multiline {
  std::shared_ptr<const RegexMatcher> start;  // a line that matches begins an event, all others continue
  bool indent = false;                        // lines that begin with a space or tab continue, and blank ones between
  std::vector<const MultilinePreset*> presets;

  std::chrono::nanoseconds timeout =
      std::chrono::seconds(1);   // an event is complete when no more bytes came for so long
  std::size_t max_lines = 1000;  // of one event; at least 1
};

// Whether the line holds nothing but white space: " \t\v\f\r".
inline bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(" \t\v\f\r") == std::string_view::npos;
}

// Decides for the lines of one stream, one after the other, which event they belong to. An event is a run of lines that
// each continue the one before. Where several presets are given, all follow the event from its first line on, and it
// goes on as long as one of them says so: their order is of no importance.
class LineGrouping {
 public:
  // `rules` must outlive it.
  explicit LineGrouping(const Multiline& rules);

  struct Step {
    bool continues = false;  // the line belongs to the event of the line before
    bool open = false;       // the next line may belong to it too
  };
  // `line` comes without its end.
  Step step(std::string_view line);

  // The next line continues nothing.
  void reset();

 private:
  Step step_presets(std::string_view line);

  const Multiline& rules_;
  bool open_ = false;
  std::vector<TraceState> states_;  // one for each preset
};

// What the option `multiline` of a generator says; null if it is absent, or after errors went to the diagnostics.
std::shared_ptr<const Multiline> make_multiline(const config::Settings& settings, const Workshop& workshop);

// Its declaration.
config::Option multiline_option();

}  // namespace sluice::stages
