// Several lines as one record: what LineReader makes of them, and the option `multiline`.
#include <gmock/gmock.h>

#include <random>

#include "flow/context.hpp"
#include "stages/generate/line_reader.hpp"
#include "tests/support/event_lines.hpp"
#include "tests/support/recording_emitter.hpp"
#include "tests/support/run_stage.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {
namespace {

using std::chrono::milliseconds;
using test::events_of;
using test::feed;
using test::finish;
using test::options_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingEmitter;
using TimePoint = LineReader::TimePoint;

const LineOptions kIndent = options_of(test::indented());

TEST(Multiline, JoinsIndentedLinesToTheLineBefore) {
  EXPECT_THAT(events_of("a\n b\n\tc\nd\n e", kIndent), ElementsAre("a\n b\n\tc", "d\n e"));
}

TEST(Multiline, BeginsARecordAtEachLineThatMatches) {
  const LineOptions options = options_of(test::starts_with(R"(^\d{4}-)"));
  EXPECT_THAT(events_of("tail of the day before\n2026-1\nmore\n\nand more\n2026-2\n", options),
              ElementsAre("tail of the day before", "2026-1\nmore\n\nand more", "2026-2"));
}

TEST(Multiline, KeepsInnerLineEndsAndCutsTheLast) {
  EXPECT_THAT(events_of("a\r\n b\r\r\n c\r\nd\r\n", kIndent), ElementsAre("a\r\n b\r\r\n c", "d"));
}

TEST(Multiline, LeavesBlankLinesAtTheEndOfARecordOut) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines(kIndent, emitter);
  const std::string text = "\n\na\n\n b\n\n \t\r\nc\n\n";
  ASSERT_TRUE(feed(context, lines, text));
  ASSERT_TRUE(finish(context, lines));
  EXPECT_THAT(emitter.lines(), ElementsAre("a\n\n b", "c"));
  EXPECT_EQ(emitter.filtered(), 5u);
  EXPECT_EQ(emitter.bytes_in(), text.size());
}

TEST(Multiline, KeepsBlankLinesOnRequest) {
  LineOptions options = kIndent;
  options.keep_blank = true;
  EXPECT_THAT(events_of("\na\n\n b\n\nc", options), ElementsAre("", "a\n\n b\n", "c"));
}

TEST(Multiline, LetsBlankLinesSeparateRecords) {
  EXPECT_THAT(events_of("a\nb\n\nc\nd\n", options_of(test::starts_with("^$"))), ElementsAre("a\nb", "c\nd"));
}

TEST(Multiline, SkipsAByteOrderMark) {
  EXPECT_THAT(events_of("\xef\xbb\xbf"
                        "a\n b\n",
                        kIndent),
              ElementsAre("a\n b"));
  EXPECT_THAT(events_of("\xef\xbb\xbf", kIndent), ElementsAre());
}

TEST(Multiline, EndsARecordAtMaxLines) {
  Multiline rules = test::indented();
  rules.max_lines = 2;
  EXPECT_THAT(events_of("a\n b\n c\n d\n e\nf\n", options_of(std::move(rules))),
              ElementsAre("a\n b", " c\n d", " e", "f"));
}

TEST(Multiline, EndsARecordBeforeTheLineThatWouldMakeItTooLong) {
  LineOptions options = kIndent;
  options.max_line = 10;
  EXPECT_THAT(events_of("12345\n 123\n 1\n 12345678\nx\n", options),
              ElementsAre("12345\n 123", " 1", " 12345678", "x"));
}

TEST(Multiline, EndsARecordAtALineThatIsTooLongByItself) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter(64);
  LineOptions options = kIndent;
  options.batch_bytes = 64;
  options.max_line = 20;
  LineReader lines(options, emitter);
  ASSERT_TRUE(feed(context, lines, "a\n b\n " + std::string(300, 'x') + "\n c\n" + std::string(21, 'y') + "\n d\n"));
  ASSERT_TRUE(finish(context, lines));
  EXPECT_THAT(emitter.lines(), ElementsAre("a\n b", " c", " d"));
  EXPECT_EQ(emitter.rejections().size(), 2u);
}

TEST(Multiline, NeedsNoMoreMemoryThanOneLongLine) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter(1024);
  LineOptions options = kIndent;
  options.batch_bytes = 1024;
  options.max_line = 10'000;
  Multiline rules = test::indented();
  rules.max_lines = 1'000'000;
  options.multiline = std::make_shared<const Multiline>(std::move(rules));
  LineReader lines(options, emitter);
  for (std::size_t i = 0; i < test::scaled(20'000); ++i) ASSERT_TRUE(feed(context, lines, " some line\n\n\n"));
  ASSERT_TRUE(finish(context, lines));
  EXPECT_LE(emitter.largest_slab(), 12'000u);
  EXPECT_EQ(emitter.bytes_in(), 13 * test::scaled(20'000));
}

TEST(MultilineTimeout, LetsARecordGoWhenNothingMoreComes) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  emitter.is_idle = true;  // must not cut it
  LineReader lines(kIndent, emitter);
  const TimePoint start = std::chrono::steady_clock::now();
  ASSERT_TRUE(feed(context, lines, "a\n b\n", start));
  EXPECT_FALSE(lines.due(start + milliseconds(999)));
  EXPECT_EQ(lines.wake_time(start), start + milliseconds(1000));
  ASSERT_TRUE(feed(context, lines, " c\n", start + milliseconds(999)));
  EXPECT_FALSE(lines.due(start + milliseconds(1998)));
  EXPECT_TRUE(lines.holds_event());
  EXPECT_TRUE(lines.due(start + milliseconds(1999)));
  ASSERT_FALSE(lines.flush(context));
  EXPECT_FALSE(lines.holds_event());
  EXPECT_EQ(lines.wake_time(start), std::nullopt);
  ASSERT_TRUE(feed(context, lines, " d\n", start + milliseconds(3000)));
  ASSERT_TRUE(finish(context, lines));
  EXPECT_THAT(emitter.lines(), ElementsAre("a\n b\n c", " d"));
}

TEST(MultilineTimeout, HoldsForARecordThatABatchHasLeftBehind) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines(kIndent, emitter);
  const TimePoint start = std::chrono::steady_clock::now();
  ASSERT_TRUE(feed(context, lines, "whole\na\n b\nunfinis", start));
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("whole"));
  EXPECT_TRUE(lines.due(start + milliseconds(1000)));
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("whole", "a\n b"));
  ASSERT_TRUE(feed(context, lines, "hed\n", start));
  ASSERT_TRUE(finish(context, lines));
  EXPECT_THAT(emitter.lines(), ElementsAre("whole", "a\n b", "unfinished"));
}

TEST(MultilineTimeout, DoesNotDelayLinesThatNothingCanFollow) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  emitter.is_idle = true;
  LineReader lines(options_of(test::presets({"java", "python", "go", "nodejs"})), emitter);
  const TimePoint start = std::chrono::steady_clock::now();
  ASSERT_TRUE(feed(context, lines, "an ordinary line\n", start));
  EXPECT_TRUE(lines.due(start));
}

TEST(Multiline, LetsGoOnRequest) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines(kIndent, emitter);
  ASSERT_TRUE(feed(context, lines, "a\n b\nhal"));
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre());
  ASSERT_FALSE(lines.let_go(context));
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a\n b"));
}

TEST(Multiline, CountsARecordThatMayGrowAsUnfinished) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines(kIndent, emitter);
  lines.begin_stream(1, 10);
  ASSERT_TRUE(feed(context, lines, "whole\na\n b\nhal"));
  EXPECT_EQ(lines.taken(), 16u);
  ASSERT_FALSE(lines.flush(context));
  EXPECT_EQ(lines.leave_stream(), 16u);
  lines.begin_stream(2, 0);
  ASSERT_TRUE(feed(context, lines, " belongs to nothing\nc\n"));
  EXPECT_EQ(lines.leave_stream(), 20u);
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("whole", " belongs to nothing"));
  EXPECT_EQ(emitter.bytes_in(), 26u);
}

// What the records of a text are, line by line, said as simply as possible.
std::vector<std::string> expected_events(const std::string& text, const LineOptions& options) {
  std::vector<std::string> events;
  std::string event;
  std::size_t lines = 0;
  std::size_t end = 0;  // of the event without blank lines at its end
  LineGrouping grouping(*options.multiline);
  const auto finish_event = [&] {
    if (lines > 0) events.push_back(event.substr(0, end));
    event.clear();
    lines = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, newline - at);
    const std::string whole = text.substr(at, newline + 1 - at);
    if (newline < text.size() && line.ends_with('\r')) line.pop_back();
    at = newline + 1;
    if (event.size() + line.size() > options.max_line) finish_event();
    if (line.size() > options.max_line) {
      grouping.reset();
      continue;
    }
    const LineGrouping::Step step = grouping.step(line);
    if (!step.continues) finish_event();
    const bool blank = is_blank_line(line) && !options.keep_blank;
    if (lines == 0 && blank) continue;
    if (!blank) end = event.size() + line.size();
    event += whole;
    if (++lines >= options.multiline->max_lines || !step.open) finish_event();
  }
  finish_event();
  return events;
}

std::string random_text(std::mt19937& random) {
  const std::vector<std::string> pieces = {"\n", "\n", "\n ", "\r\n",     "\r",
                                           " ",  "a",  "bc",  "\n\tat x", "\nException: y"};
  std::string text;
  for (std::size_t count = random() % 150; count > 0; --count) {
    text += random() % 40 == 0 ? std::string(random() % 200, 'x') : pieces[random() % pieces.size()];
  }
  return text;
}

TEST(MultilineProperty, RecordsDoNotDependOnHowTheBytesWereCut) {
  const flow::Context context = flow::background();
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < test::scaled(2000); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    Multiline rules = random() % 3 == 0   ? test::indented()
                      : random() % 2 == 0 ? test::starts_with("^[a-z]|^$")
                                          : test::all_presets();
    rules.max_lines = 1 + random() % (random() % 2 == 0 ? 4 : 100);
    LineOptions options = options_of(std::move(rules));
    options.batch_bytes = 1 + random() % (random() % 2 == 0 ? 50 : 2000);
    options.max_line = 1 + random() % (random() % 2 == 0 ? 20 : 1000);
    options.keep_blank = random() % 2 == 0;
    const std::string text = random_text(random);
    RecordingEmitter emitter(options.batch_bytes);
    LineReader lines(options, emitter);
    const std::size_t most = 1 + random() % (random() % 2 == 0 ? 4 : 500);
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view chunk = std::string_view(text).substr(at, 1 + random() % most);
      ASSERT_TRUE(feed(context, lines, chunk));
      at += chunk.size();
      if (random() % 10 == 0) {
        ASSERT_FALSE(lines.flush(context));
      }
    }
    ASSERT_TRUE(finish(context, lines));
    ASSERT_EQ(emitter.lines(), expected_events(text, options)) << "text: " << text;
    ASSERT_EQ(emitter.bytes_in(), text.size());
  }
}

// What `check` says of a value of `multiline`; empty if it is right.
std::string complaints(const std::string& value) {
  return test::StageUnderTest("- generate: {from: stdin, multiline: " + value + "}").complaints();
}

TEST(MultilineOption, TakesPresetsAndRules) {
  for (const char* value : {"java", "[java, python, go]", "{preset: nodejs, timeout: 5s}", "{preset: [ruby, php]}",
                            "{start: '^\\d', max_lines: 10}", "{indent: true}"}) {
    EXPECT_EQ(complaints(value), "") << value;
  }
}

TEST(MultilineOption, PointsIntoARegularExpressionThatIsWrong) {
  const std::string text = complaints("{start: '^a(b'}");
  EXPECT_THAT(text, HasSubstr("in `start`: missing )"));
  EXPECT_THAT(text, HasSubstr("^"));
}

TEST(MultilineOption, SaysWhatIsWrong) {
  EXPECT_THAT(complaints("jav"), HasSubstr("did you mean `java`?"));
  EXPECT_THAT(complaints("[java, pyton]"), HasSubstr("did you mean `python`?"));
  EXPECT_THAT(complaints("{preset: rubby}"), HasSubstr("did you mean `ruby`?"));
  EXPECT_THAT(complaints("{strat: a}"), HasSubstr("did you mean `start`?"));
  EXPECT_THAT(complaints("{timeout: 1s}"), HasSubstr("add `start`, `indent: true` or `preset`"));
  EXPECT_THAT(complaints("{indent: false}"), HasSubstr("does not say which lines belong together"));
  EXPECT_THAT(complaints("{start: a, preset: go}"), HasSubstr("`start` cannot be combined with `preset`"));
  EXPECT_THAT(complaints("{indent: true, max_lines: 0}"), HasSubstr("too small"));
  EXPECT_THAT(complaints("[]"), HasSubstr("empty"));
}

}  // namespace
}  // namespace sluice::stages
