// Any bytes as lines that belong together, cut into reads anywhere: no byte is lost, and the bounds hold.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/event_lines.hpp"

namespace {

using sluice::stages::LineOptions;
using sluice::stages::LineReader;

// The first bytes choose the rules, the bounds, the size of batches and of reads.
struct Choice {
  std::uint8_t rules = 0, max_lines = 0, max_line = 0, batch_bytes = 0, read = 0;
};

LineOptions options_of(const Choice& choice) {
  namespace test = sluice::test;
  static const auto start = test::starts_with(R"(^\d|^$)");
  sluice::stages::Multiline rules;
  const auto presets = sluice::stages::multiline_presets();
  const std::size_t which = choice.rules % (presets.size() + 3);
  if (which == 0) {
    rules.start = start.start;
  } else if (which == 1) {
    rules.indent = true;
  } else if (which == 2) {
    rules = test::all_presets();
  } else {
    rules.presets.push_back(&presets[which - 3]);
  }
  rules.max_lines = 1U + choice.max_lines;
  LineOptions options = test::options_of(std::move(rules));
  options.max_line = 1U + 4U * choice.max_line;
  options.batch_bytes = 2U + 8U * choice.batch_bytes;
  options.keep_blank = true;
  return options;
}

// The records and their line ends, which are "\n" or "\r\n", are the text; what was rejected must be as long as said.
void check(std::string_view text, const std::vector<std::string>& events, const LineOptions& options, bool all) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (const std::string& event : events) {
    if (event.size() > options.max_line) __builtin_trap();
    std::size_t lines = 1;
    for (const char c : event) lines += c == '\n' ? 1 : 0;
    if (lines > options.multiline->max_lines) __builtin_trap();
    if (!all) continue;
    if (!text.starts_with(event)) __builtin_trap();
    text.remove_prefix(event.size());
    if (text.starts_with('\r') && text.size() > 1) text.remove_prefix(1);
    if (!text.empty() && text.front() != '\n') __builtin_trap();
    if (!text.empty()) text.remove_prefix(1);
  }
  if (all && !text.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const Choice choice{data[0], data[1], data[2], data[3], data[4]};
  const LineOptions options = options_of(choice);
  const std::string_view text(reinterpret_cast<const char*>(data) + 5, size - 5);
  const sluice::flow::Context context = sluice::flow::background();
  sluice::testing::RecordingEmitter emitter(options.batch_bytes);
  LineReader lines(options, emitter);
  lines.begin_stream(1, 0);
  for (std::size_t at = 0; at < text.size(); at += 1U + choice.read) {
    if (!sluice::test::feed(context, lines, text.substr(at, 1U + choice.read))) __builtin_trap();
    if (lines.taken() > text.size()) __builtin_trap();
  }
  if (!sluice::test::finish(context, lines)) __builtin_trap();
  if (text != "\xef\xbb\xbf" && emitter.bytes_in() != text.size()) __builtin_trap();
  if (!emitter.marks().empty() && emitter.marks().back().offset != text.size()) __builtin_trap();
  check(text, emitter.lines(), options, emitter.rejections().empty());
  return 0;
}
