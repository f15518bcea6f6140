#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "flow/context.hpp"
#include "stages/generate/line_reader.hpp"
#include "tests/support/recording_emitter.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingEmitter;
using TimePoint = LineReader::TimePoint;

constexpr auto kNever = std::chrono::hours(1);

// Hands `chunk` to the reader as reads would bring it.
void feed(const flow::Context& context, LineReader& lines, std::string_view chunk, TimePoint now = {}) {
  while (!chunk.empty()) {
    ASSERT_FALSE(lines.make_room(context));
    const std::span<char> room = lines.room();
    ASSERT_FALSE(room.empty());
    const std::size_t count = std::min(room.size(), chunk.size());
    std::memcpy(room.data(), chunk.data(), count);
    lines.commit(count, now);
    chunk.remove_prefix(count);
  }
}

void finish(const flow::Context& context, LineReader& lines) {
  ASSERT_FALSE(lines.make_room(context));
  lines.end_of_stream({});
  ASSERT_FALSE(lines.flush(context));
}

std::vector<std::string> lines_of(std::string_view text, LineOptions options = {.linger = kNever}) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter(options.batch_bytes);
  LineReader lines(options, emitter);
  feed(context, lines, text);
  finish(context, lines);
  return emitter.lines();
}

TEST(LineReader, EndsLinesAtLineFeeds) {
  EXPECT_THAT(lines_of("one\ntwo\nthree\n"), ElementsAre("one", "two", "three"));
}

TEST(LineReader, KeepsALastLineWithoutLineFeed) { EXPECT_THAT(lines_of("one\ntwo"), ElementsAre("one", "two")); }

TEST(LineReader, TakesOneCarriageReturnBeforeALineFeedAsPartOfTheLineEnd) {
  EXPECT_THAT(lines_of("a\r\nb\r\r\nc\rd\ne\r"), ElementsAre("a", "b\r", "c\rd", "e\r"));
}

TEST(LineReader, MakesNothingOfNothing) { EXPECT_THAT(lines_of(""), ElementsAre()); }

TEST(LineReader, KeepsNulBytesAndBrokenUtf8) {
  EXPECT_THAT(lines_of(std::string("a\0b\n\xff\xfe\n", 7)), ElementsAre(std::string("a\0b", 3), "\xff\xfe"));
}

TEST(LineReader, SkipsAByteOrderMarkAtTheStartAndNowhereElse) {
  EXPECT_THAT(lines_of("\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n"), ElementsAre("{}", "\xef\xbb\xbf{}"));
  EXPECT_THAT(lines_of("\xef\xbb\xbf"), ElementsAre());
  EXPECT_THAT(lines_of("\xef\xbb"), ElementsAre("\xef\xbb"));
}

TEST(LineReader, CountsBlankLinesAsFiltered) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever}, emitter);
  feed(context, lines, "a\n\n \t\v\f\r\n b\n\r\n");
  finish(context, lines);
  EXPECT_THAT(emitter.lines(), ElementsAre("a", " b"));
  EXPECT_EQ(emitter.filtered(), 3u);
  EXPECT_EQ(emitter.bytes_in(), 14u);
}

TEST(LineReader, KeepsBlankLinesOnRequest) {
  EXPECT_THAT(lines_of("a\n\n \r\n", {.linger = kNever, .keep_blank = true}), ElementsAre("a", "", " "));
}

TEST(LineReader, SendsOffWhatItHasEvenIfAllOfItIsFiltered) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever}, emitter);
  feed(context, lines, "\n\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_EQ(emitter.filtered(), 2u);
}

TEST(LineReader, TakesALineOfExactlyTheLimit) {
  const LineOptions options{.linger = kNever, .max_line = 5};
  EXPECT_THAT(lines_of("12345\n12345\r\n12345", options), ElementsAre("12345", "12345", "12345"));
}

TEST(LineReader, TakesALineThatIsLongerThanABatch) {
  const std::string line(100'000, 'x');
  const LineOptions options{.batch_bytes = 4096, .linger = kNever};
  EXPECT_THAT(lines_of("a\n" + line + "\nb\n" + line, options), ElementsAre("a", line, "b", line));
}

TEST(LineReader, RejectsATooLongLineWithItsLengthAndItsBeginning) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever, .max_line = 100}, emitter);
  feed(context, lines, "a\n" + std::string(9000, 'x') + "\r\nb\n");
  finish(context, lines);
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "b"));
  ASSERT_EQ(emitter.rejections().size(), 1u);
  const Rejection rejection = emitter.rejections()[0];
  EXPECT_EQ(rejection.reason, "line_too_long");
  EXPECT_EQ(rejection.detail, "the line has 9000 bytes, max_line allows 100; raw is its first 4096 bytes");
  EXPECT_EQ(rejection.raw, std::string(4096, 'x'));
  EXPECT_EQ(emitter.bytes_in(), 9006u);
}

TEST(LineReader, DoesNotCutACharacterInTheBeginningOfATooLongLine) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever, .max_line = 100}, emitter);
  feed(context, lines, std::string(4094, 'x') + "\xe2\x82\xac" + std::string(50, 'y') + "\n");
  finish(context, lines);
  ASSERT_EQ(emitter.rejections().size(), 1u);
  EXPECT_EQ(emitter.rejections()[0].raw, std::string(4094, 'x'));
}

TEST(LineReader, NeverBuffersATooLongLine) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter(4096);
  LineReader lines({.batch_bytes = 4096, .linger = kNever, .max_line = 10'000}, emitter);
  const std::string part(64 * 1024, 'x');
  for (std::size_t i = 0; i < test::scaled(800); ++i) feed(context, lines, part);
  feed(context, lines, "\nafter\n");
  finish(context, lines);
  EXPECT_THAT(emitter.lines(), ElementsAre("after"));
  ASSERT_EQ(emitter.rejections().size(), 1u);
  EXPECT_THAT(emitter.rejections()[0].detail, HasSubstr(std::to_string(test::scaled(800) * part.size())));
  EXPECT_LE(emitter.largest_slab(), 16'000u);
}

TEST(LineReader, LeavesOutALineThatIsNotFinished) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever}, emitter);
  feed(context, lines, "whole\nhal");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("whole"));
  EXPECT_EQ(emitter.bytes_in(), 6u);
  feed(context, lines, "f\n");
  finish(context, lines);
  EXPECT_THAT(emitter.lines(), ElementsAre("whole", "half"));
  EXPECT_EQ(emitter.bytes_in(), 11u);
}

TEST(LineReader, StartsAnewWithEachStream) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever}, emitter);
  feed(context, lines, "first \xe2\x82");  // the second stream must not make this valid UTF-8
  lines.end_of_stream({});
  feed(context, lines, "\xac second\n");
  finish(context, lines);
  EXPECT_THAT(emitter.lines(), ElementsAre("first \xe2\x82", "\xac second"));
  EXPECT_FALSE(emitter.all_utf8());
}

TEST(LineReader, SendsABatchWhenItIsFull) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter(1024);
  LineReader lines({.batch_bytes = 1024, .linger = kNever}, emitter);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a line of 20 bytes.\n";
  feed(context, lines, text);
  EXPECT_GE(emitter.batch_sizes().size(), 18u);
  EXPECT_LE(emitter.batch_sizes().size(), 24u);
}

TEST(LineReader, SendsABatchWhenItsFirstLineHasWaitedLongEnough) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = milliseconds(50)}, emitter);
  const TimePoint start{};
  EXPECT_EQ(lines.wake_time(start), std::nullopt);
  feed(context, lines, "a\n", start);
  feed(context, lines, "b\n", start + milliseconds(40));
  EXPECT_FALSE(lines.due(start + milliseconds(49)));
  EXPECT_TRUE(lines.due(start + milliseconds(50)));
  EXPECT_EQ(lines.wake_time(start + milliseconds(49)), start + milliseconds(50));
}

TEST(LineReader, DoesNotLingerForALineThatIsNotFinished) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = milliseconds(50)}, emitter);
  feed(context, lines, "half", TimePoint());
  EXPECT_FALSE(lines.due(TimePoint() + kNever));
}

TEST(LineReader, SendsEarlyToAnIdlePipelineButNotMoreThanOnceAMillisecond) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  emitter.is_idle = true;
  LineReader lines({.linger = kNever}, emitter);
  const TimePoint start = std::chrono::steady_clock::now();
  feed(context, lines, "a\n", start);
  EXPECT_TRUE(lines.due(start));
  ASSERT_FALSE(lines.flush(context));
  const TimePoint flushed = std::chrono::steady_clock::now();
  feed(context, lines, "b\n", start);
  EXPECT_FALSE(lines.due(start));
  EXPECT_LE(*lines.wake_time(start), flushed + milliseconds(1));
  EXPECT_TRUE(lines.due(flushed + milliseconds(1)));
  emitter.is_idle = false;
  EXPECT_FALSE(lines.due(flushed + milliseconds(1)));
}

TEST(LineReader, SendsAtOnceWithoutLinger) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = {}}, emitter);
  feed(context, lines, "a\n", TimePoint());
  EXPECT_TRUE(lines.due(TimePoint()));
}

TEST(LineReader, ReportsThatThePipelineStops) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  emitter.on_emit = [] { return flow::Error(flow::Errc::canceled); };
  LineReader lines({.linger = kNever}, emitter);
  feed(context, lines, "a\n");
  EXPECT_EQ(lines.flush(context).code(), flow::Errc::canceled);
}

// What the lines of a text are, said as simply as possible.
struct Expected {
  std::vector<std::string> lines;
  std::vector<std::string> rejected;  // detail and raw
  std::uint64_t filtered = 0;
};

Expected expected(std::string text, const LineOptions& options) {
  Expected all;
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::string line = text.substr(0, newline);
    text.erase(0, newline == std::string::npos ? newline : newline + 1);
    if (newline != std::string::npos && line.ends_with('\r')) line.pop_back();
    if (line.size() > options.max_line) {
      std::size_t kept = std::min<std::size_t>(line.size(), 4096);
      for (int i = 0; i < 3 && kept < line.size() && (line[kept] & '\xc0') == '\x80'; ++i) --kept;
      const std::string raw = line.substr(0, kept);
      std::string detail =
          "the line has " + std::to_string(line.size()) + " bytes, max_line allows " + std::to_string(options.max_line);
      if (raw.size() < line.size()) detail += "; raw is its first " + std::to_string(raw.size()) + " bytes";
      all.rejected.push_back(detail + "|" + raw);
    } else if (line.find_first_not_of(" \t\v\f\r") == std::string::npos && !options.keep_blank) {
      ++all.filtered;
    } else {
      all.lines.push_back(line);
    }
  }
  return all;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "\n",           "\n",       "\r\n", "\r", " ", "a", "bc", "\t", "\xc3\xa9", "\xff", std::string(1, '\0'),
      "\xef\xbb\xbf", "{\"k\":1}"};
  std::string text = random() % 4 == 0 ? "\xef\xbb\xbf" : "";
  const std::size_t pieces = random() % 200;
  for (std::size_t i = 0; i < pieces; ++i) {
    if (random() % 30 == 0) {
      text.append(random() % 6000, 'x');
    } else {
      text += kPieces[random() % kPieces.size()];
    }
  }
  return text;
}

TEST(LineReader, GivesTheSameRecordsHoweverTheBytesAreCutIntoReads) {
  const flow::Context context = flow::background();
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < test::scaled(2000); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    const LineOptions options{.batch_bytes = 1 + random() % (random() % 2 == 0 ? 50 : 5000),
                              .linger = kNever,
                              .max_line = 1 + random() % (random() % 2 == 0 ? 20 : 6000),
                              .keep_blank = random() % 2 == 0};
    const std::string text = random_text(random);
    RecordingEmitter emitter(options.batch_bytes);
    LineReader lines(options, emitter);
    const std::size_t most = 1 + random() % (random() % 2 == 0 ? 4 : 3000);
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view chunk = std::string_view(text).substr(at, 1 + random() % most);
      feed(context, lines, chunk);
      at += chunk.size();
      if (random() % 10 == 0) {
        ASSERT_FALSE(lines.flush(context));
      }
    }
    finish(context, lines);
    const Expected want = expected(text, options);
    std::vector<std::string> rejected;
    for (const Rejection& each : emitter.rejections()) rejected.push_back(each.detail + "|" + each.raw);
    ASSERT_EQ(emitter.lines(), want.lines);
    ASSERT_EQ(rejected, want.rejected);
    ASSERT_EQ(emitter.filtered(), want.filtered);
    if (text != "\xef\xbb\xbf") {
      ASSERT_EQ(emitter.bytes_in(), text.size());
    }
  }
}

}  // namespace
}  // namespace sluice::stages
