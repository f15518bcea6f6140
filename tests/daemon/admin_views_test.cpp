// What clients of the admin endpoint make of what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "daemon/admin/figures.hpp"
#include "daemon/admin/json.hpp"
#include "daemon/admin/table_text.hpp"
#include "daemon/admin/views.hpp"

namespace sluice::daemon {
namespace {

using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// stdin, then parse and filter in one chain, then a writer.
Observation pipeline() {
  Observation seen;
  seen.config = "/etc/sluice/p.yaml";
  seen.state = RunState::running;
  seen.started = seen.loaded = std::chrono::system_clock::time_point(std::chrono::seconds(1'795'515'300));
  seen.workers = 2;
  seen.stages.resize(4);
  const char* const kinds[] = {"generate", "parse", "filter", "write"};
  const std::string_view roles[] = {"generator", "transform", "transform", "writer"};
  for (std::size_t i = 0; i < 4; ++i) {
    StageFigures& stage = seen.stages[i];
    stage.name = std::string(kinds[i]) + "-" + std::to_string(i + 1);
    stage.kind = kinds[i];
    stage.role = roles[i];
    if (i > 0) stage.from.push_back({seen.stages[i - 1].name, ""});
  }
  seen.stages[1].queue = QueueFigures{16, 16};
  seen.stages[2].fused_into = "parse-2";
  seen.stages[3].queue = QueueFigures{0, 16};
  seen.rejects.target = "stderr";
  seen.ledger.balanced = true;
  return seen;
}

// The same two seconds later: 1000 records a second came in, one in ten was rejected.
Observation later() {
  Observation seen = pipeline();
  seen.ledger.elapsed = std::chrono::seconds(2);
  seen.stages[0].counts = {.in = 2000, .out = 2000, .bytes_in = 80'000};
  seen.stages[0].blocked = milliseconds(1500);
  seen.stages[1].counts = {.in = 2000, .out = 1800, .rejected = 200, .busy = milliseconds(1960)};
  seen.stages[1].errors = {{"invalid_json", 200}};
  seen.stages[2].counts = {.in = 1800, .out = 300, .filtered = 1500, .busy = milliseconds(40)};
  seen.stages[3].counts = {.in = 300, .out = 300, .bytes_out = 12'000, .busy = milliseconds(20)};
  seen.ledger.received = 2000, seen.ledger.written = 300, seen.ledger.filtered = 1500, seen.ledger.rejected = 200;
  return seen;
}

Sighting sight(const Observation& seen) { return parse_pipeline(pipeline_json(seen)).value(); }

TEST(AdminFigures, ReadWhatTheDaemonSays) {
  const Observation told = later();
  const Sighting sighting = sight(told);
  EXPECT_EQ(sighting.state, "running");
  EXPECT_EQ(sighting.rejects_target, "stderr");
  // All but what a client keeps elsewhere comes back.
  Observation seen = sighting.seen;
  seen.state = told.state;
  seen.rejects.target = told.rejects.target;
  EXPECT_EQ(pipeline_json(seen), pipeline_json(told));
  EXPECT_FALSE(parse_pipeline("{}"));
  EXPECT_FALSE(parse_pipeline("<html>"));
}

TEST(AdminFigures, GiveRatesBetweenTwoLooksAtOneRun) {
  const auto rates = rates_between(pipeline(), later());
  ASSERT_TRUE(rates);
  EXPECT_DOUBLE_EQ((*rates)[0].in, 1000);
  EXPECT_DOUBLE_EQ((*rates)[0].blocked, 0.75);
  EXPECT_DOUBLE_EQ((*rates)[1].rejected, 100);
  EXPECT_DOUBLE_EQ((*rates)[1].busy, 0.98);
  EXPECT_FALSE(rates_between(later(), later()));
  Observation restarted = later();
  restarted.started += std::chrono::seconds(1);
  EXPECT_FALSE(rates_between(pipeline(), restarted));
  Observation reloaded = later();
  reloaded.stages[2].name = "other";
  EXPECT_FALSE(rates_between(pipeline(), reloaded));
}

TEST(AdminFigures, NameTheStageThatHoldsTheOthersUp) {
  const Observation now = later();
  EXPECT_EQ(judge(now, *rates_between(pipeline(), now)).stage, "parse-2");

  // When the chain waits as much for the writer, its own full queue is a symptom only.
  Observation slow_writer = now;
  slow_writer.stages[2].blocked = milliseconds(1400);
  slow_writer.stages[0].blocked = milliseconds(1410);
  const Verdict verdict = judge(slow_writer, *rates_between(pipeline(), slow_writer));
  EXPECT_EQ(verdict.stage, "write-4");
  EXPECT_THAT(verdict.text, HasSubstr("filter-3 waits for it 70% of the time"));

  Observation calm = now;
  calm.stages[0].blocked = {};
  EXPECT_THAT(judge(calm, *rates_between(pipeline(), calm)).text, StartsWith("no stage waits for another"));
  Observation idle = pipeline();
  idle.ledger.elapsed = std::chrono::seconds(2);
  EXPECT_EQ(judge(idle, *rates_between(pipeline(), idle)).text, "idle");
}

TEST(TopScreen, FitsInto80ColumnsAnd24Lines) {
  const auto rates = rates_between(pipeline(), later());
  Screen screen;
  const std::vector<std::string> lines = top_screen(sight(later()), rates, screen);
  EXPECT_LE(lines.size(), 24U);
  for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  EXPECT_THAT(text, HasSubstr("> parse-2"));
  EXPECT_THAT(text, HasSubstr("###### 16/16"));
  EXPECT_THAT(text, HasSubstr("in parse-2"));
  EXPECT_THAT(text, HasSubstr("bottleneck: parse-2"));
  EXPECT_THAT(text, HasSubstr("received 2,000 = written 300 + filtered 1,500 + rejected 200  balanced"));
  EXPECT_THAT(lines, Each(Not(HasSubstr("\x1b"))));
}

TEST(TopScreen, ShowsSomeOfManyStagesAndWhichOnes) {
  Observation many = pipeline();
  for (int i = 0; i < 40; ++i) {
    many.stages.push_back(many.stages[1]);
    many.stages.back().name = "a-stage-with-a-name-that-is-far-too-long-" + std::to_string(i);
  }
  Screen screen;
  screen.first = 1000;
  const std::vector<std::string> lines = top_screen(sight(many), std::nullopt, screen);
  EXPECT_LE(lines.size(), 24U);
  for (const std::string& line : lines) EXPECT_LE(columns_of(line), 80U) << line;
  EXPECT_LT(screen.first, 44U);
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("to 44 of 44")));
}

TEST(TopScreen, SaysWhenTheBooksDoNotBalance) {
  Observation wrong = later();
  wrong.ledger.written -= 1;
  EXPECT_THAT(top_table(sight(wrong), std::nullopt), HasSubstr("DOES NOT BALANCE"));
}

TEST(StatusText, HasTheCountersInFull) {
  const std::string text = status_text(sight(later()));
  EXPECT_THAT(text, HasSubstr("/etc/sluice/p.yaml"));
  EXPECT_THAT(text, HasSubstr("1,800"));
  EXPECT_THAT(text, HasSubstr("200 x invalid_json"));
}

TEST(TableText, CutsByColumnsAndKeepsControlsOut) {
  EXPECT_EQ(cut("parse", 5), "parse");
  EXPECT_EQ(cut("parse-2", 5), "pars~");
  EXPECT_EQ(left("ab", 4), "ab  ");
  EXPECT_EQ(right("ab", 4), "  ab");
  EXPECT_EQ(columns_of(cut("日本語日本語", 5)), 5U);
  EXPECT_THAT(cut("a\x1b[31m", 10), Not(HasSubstr("\x1b")));
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(3.24), "3.2");
  EXPECT_EQ(short_number(312), "312");
  EXPECT_EQ(short_number(999.6), "1.00k");
  EXPECT_EQ(short_number(12'345), "12.3k");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(12), "12");
  EXPECT_EQ(long_duration(75 * 60), "1 h 15 min");
}

}  // namespace
}  // namespace sluice::daemon
