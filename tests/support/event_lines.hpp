// What a LineReader makes of a text whose lines belong together.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"
#include "stages/generate/line_reader.hpp"
#include "stages/parse/regex_matcher.hpp"
#include "tests/support/recording_emitter.hpp"

namespace sluice::test {

constexpr auto kNever = std::chrono::hours(1);

inline stages::LineOptions options_of(stages::Multiline multiline) {
  return {.linger = kNever, .multiline = std::make_shared<const stages::Multiline>(std::move(multiline))};
}

inline stages::Multiline starts_with(std::string_view pattern) {
  stages::RegexMatcher::Error error;
  stages::Multiline multiline;
  multiline.start = stages::RegexMatcher::compile(pattern, stages::RegexMatcher::Anchor::none, error);
  return multiline;
}

inline stages::Multiline indented() {
  stages::Multiline multiline;
  multiline.indent = true;
  return multiline;
}

inline stages::Multiline presets(const std::vector<std::string_view>& names) {
  stages::Multiline multiline;
  for (const std::string_view name : names) multiline.presets.push_back(stages::find_multiline_preset(name));
  return multiline;
}

inline stages::Multiline all_presets() {
  stages::Multiline multiline;
  for (const stages::MultilinePreset& preset : stages::multiline_presets()) multiline.presets.push_back(&preset);
  return multiline;
}

// Hands `chunk` to the reader as reads would bring it. False when there was no room.
inline bool feed(const flow::Context& context, stages::LineReader& lines, std::string_view chunk,
                 stages::LineReader::TimePoint now = {}) {
  while (!chunk.empty()) {
    if (lines.make_room(context)) return false;
    const std::span<char> room = lines.room();
    const std::size_t count = std::min(room.size(), chunk.size());
    if (count == 0) return false;
    std::memcpy(room.data(), chunk.data(), count);
    lines.commit(count, now);
    chunk.remove_prefix(count);
  }
  return true;
}

inline bool finish(const flow::Context& context, stages::LineReader& lines) {
  if (lines.make_room(context)) return false;
  lines.end_of_stream({});
  return !lines.flush(context);
}

// The records of a whole text; nothing after a failure.
inline std::vector<std::string> events_of(std::string_view text, const stages::LineOptions& options) {
  const flow::Context context = flow::background();
  testing::RecordingEmitter emitter(options.batch_bytes);
  stages::LineReader lines(options, emitter);
  if (!feed(context, lines, text) || !finish(context, lines)) return {};
  return emitter.lines();
}

}  // namespace sluice::test
