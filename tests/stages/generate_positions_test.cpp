// The positions of LineReader: what a mark says, and that reading again from a mark loses and doubles nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "flow/context.hpp"
#include "stages/generate/line_reader.hpp"
#include "tests/support/recording_emitter.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {

bool operator==(const Mark& a, const Mark& b) { return a.source == b.source && a.offset == b.offset; }

namespace {

using ::testing::ElementsAre;
using testing::RecordingEmitter;

constexpr auto kNever = std::chrono::hours(1);
const LineOptions kOptions{.linger = kNever};

void feed(const flow::Context& context, LineReader& lines, std::string_view chunk) {
  while (!chunk.empty()) {
    ASSERT_FALSE(lines.make_room(context));
    const std::span<char> room = lines.room();
    const std::size_t count = std::min(room.size(), chunk.size());
    std::memcpy(room.data(), chunk.data(), count);
    lines.commit(count, {});
    chunk.remove_prefix(count);
  }
}

struct Positions : ::testing::Test {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines{kOptions, emitter};
};

TEST_F(Positions, AreNotKeptForStreamsThatHaveNone) {
  feed(context, lines, "a\nb\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.marks(), ElementsAre());
}

TEST_F(Positions, CountCompleteLinesFromTheOffsetOn) {
  lines.begin_stream(7, 100);
  EXPECT_EQ(lines.taken(), 100u);
  feed(context, lines, "a\r\n\nhal");
  EXPECT_EQ(lines.taken(), 104u);
  ASSERT_FALSE(lines.flush(context));
  feed(context, lines, "f\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_EQ(lines.taken(), 109u);
  EXPECT_THAT(emitter.marks(), ElementsAre(Mark{7, 104}, Mark{7, 109}));
}

TEST_F(Positions, AreOneMarkForEachSourceOfABatch) {
  lines.begin_stream(2, 0);
  feed(context, lines, "a\n");
  EXPECT_EQ(lines.leave_stream(), 2u);
  lines.begin_stream(1, 50);
  feed(context, lines, "b\n");
  lines.begin_stream(2, 2);
  feed(context, lines, "c\n");
  lines.begin_stream(3, 0);
  feed(context, lines, "unfinished");
  EXPECT_EQ(lines.leave_stream(), 0u);
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(emitter.marks(), ElementsAre(Mark{1, 52}, Mark{2, 4}));
  EXPECT_EQ(emitter.bytes_in(), 6u);
}

TEST_F(Positions, ForgetTheUnfinishedLineOfAStreamThatIsLeft) {
  lines.begin_stream(1, 0);
  feed(context, lines, "a\nforgotten \xe2\x82");
  EXPECT_EQ(lines.leave_stream(), 2u);
  lines.begin_stream(2, 10);
  feed(context, lines, "\xac b\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "\xac b"));
  EXPECT_FALSE(emitter.all_utf8());
  EXPECT_EQ(emitter.bytes_in(), 6u);
}

TEST_F(Positions, ForgetWhatIsCarriedOverToTheNextBatch) {
  lines.begin_stream(1, 0);
  feed(context, lines, "a\nhal");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_EQ(lines.leave_stream(), 2u);
  lines.begin_stream(1, 2);
  feed(context, lines, "half\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "half"));
}

TEST(PositionsOfLongLines, AreBeforeThemUntilTheyEnd) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever, .max_line = 10}, emitter);
  lines.begin_stream(1, 0);
  feed(context, lines, "a\n" + std::string(100, 'x'));
  EXPECT_EQ(lines.leave_stream(), 2u);
  lines.begin_stream(2, 0);
  feed(context, lines, std::string(20, 'y') + "\nb\n");
  EXPECT_EQ(lines.leave_stream(), 23u);
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "b"));
  EXPECT_EQ(emitter.rejections().size(), 1u);
}

TEST_F(Positions, GoToTheEndWithTheLastLine) {
  lines.begin_stream(1, 0);
  feed(context, lines, "a\nlast");
  lines.end_of_stream({});
  lines.begin_stream(2, 0);
  feed(context, lines, "b");
  lines.end_of_stream({});
  feed(context, lines, "without positions\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a", "last", "b", "without positions"));
  EXPECT_THAT(emitter.marks(), ElementsAre(Mark{1, 6}, Mark{2, 1}));
}

TEST_F(Positions, LookForAByteOrderMarkAtTheStartOnly) {
  lines.begin_stream(1, 0);
  feed(context, lines,
       "\xef\xbb\xbf"
       "a\n");
  EXPECT_EQ(lines.leave_stream(), 5u);
  lines.begin_stream(1, 5);
  feed(context, lines,
       "\xef\xbb\xbf"
       "b\n");
  ASSERT_FALSE(lines.flush(context));
  EXPECT_THAT(emitter.lines(), ElementsAre("a",
                                           "\xef\xbb\xbf"
                                           "b"));
}

struct Source {
  std::string text;
  char letter = 0;
  std::size_t at = 0;        // read up to here
  std::uint64_t marked = 0;  // what a crash would leave
};

// A source's text holds one letter that no other source has, so that its lines can be told from theirs.
std::string random_text(std::mt19937& random, char letter) {
  std::string text = random() % 4 == 0 ? "\xef\xbb\xbf" : "";
  const std::vector<std::string> pieces = {"\n", "\n", "\r\n", "\r", " ", "\t", std::string(1, letter)};
  for (std::size_t count = random() % 100; count > 0; --count) {
    text += random() % 20 == 0 ? std::string(random() % 300, letter) : pieces[random() % pieces.size()];
  }
  return text;
}

std::vector<std::string> only(const std::vector<std::string>& lines, char letter) {
  std::vector<std::string> found;
  std::ranges::copy_if(lines, std::back_inserter(found),
                       [letter](const std::string& line) { return line.find(letter) != std::string::npos; });
  return found;
}

// The source's lines from `offset` on, those that are too long included, those of white space not.
std::vector<std::string> lines_from(const Source& source, std::uint64_t offset, std::size_t max_line) {
  const flow::Context context = flow::background();
  RecordingEmitter emitter;
  LineReader lines({.linger = kNever, .max_line = max_line}, emitter);
  lines.begin_stream(0, offset);
  feed(context, lines, std::string_view(source.text).substr(offset));
  EXPECT_FALSE(lines.make_room(context));
  lines.end_of_stream({});
  EXPECT_FALSE(lines.flush(context));
  std::vector<std::string> all = emitter.lines();
  for (const Rejection& each : emitter.rejections()) all.push_back(each.raw);
  all = only(all, source.letter);
  std::ranges::sort(all);  // rejections come beside the lines
  return all;
}

// Whatever was emitted and what a reader finds from the last mark on are together all lines, each once.
void expect_consistent(const RecordingEmitter& emitter, const Source& source, std::size_t max_line) {
  std::vector<std::string> all = emitter.lines();
  for (const Rejection& each : emitter.rejections()) all.push_back(each.raw);
  all = only(all, source.letter);
  const std::vector<std::string> rest = lines_from(source, source.marked, max_line);
  all.insert(all.end(), rest.begin(), rest.end());
  std::ranges::sort(all);
  ASSERT_EQ(all, lines_from(source, 0, max_line)) << source.letter << " at " << source.marked;
}

TEST(PositionsProperty, NothingIsLostOrDoubledWhereverReadingStopsAndGoesOn) {
  const flow::Context context = flow::background();
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < test::scaled(500); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    const LineOptions options{.batch_bytes = 2 + random() % (random() % 2 == 0 ? 50 : 1000),
                              .linger = kNever,
                              .max_line = 1 + random() % (random() % 2 == 0 ? 20 : 300)};
    std::map<std::uint64_t, Source> sources;
    for (char letter = 'a'; letter < 'd'; ++letter) {
      sources[static_cast<std::uint64_t>(letter)] = {random_text(random, letter), letter};
    }
    RecordingEmitter emitter(options.batch_bytes);
    emitter.on_marks = [&](std::span<const Mark> marks) {
      for (const Mark& mark : marks) sources[mark.source].marked = mark.offset;
      for (const auto& [key, source] : sources) expect_consistent(emitter, source, options.max_line);
    };
    LineReader lines(options, emitter);
    for (int visit = 0; visit < 30 && !HasFatalFailure(); ++visit) {
      const std::uint64_t key = 'a' + random() % 3;
      Source& source = sources[key];
      lines.begin_stream(key, source.at);
      while (source.at < source.text.size() && random() % 4 != 0) {
        const std::string_view chunk = std::string_view(source.text).substr(source.at, 1 + random() % 40);
        feed(context, lines, chunk);
        source.at += chunk.size();
        if (random() % 5 == 0) {
          ASSERT_FALSE(lines.flush(context));
        }
      }
      source.at = lines.leave_stream();
    }
    ASSERT_FALSE(lines.flush(context));
    for (const auto& [key, source] : sources) {
      expect_consistent(emitter, source, options.max_line);
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sluice::stages
