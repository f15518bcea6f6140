#include <gmock/gmock.h>

#include <algorithm>

#include "flow/context.hpp"
#include "flow/error_group.hpp"
#include "record/json.hpp"
#include "stages/generate/demo.hpp"
#include "tests/support/recording_emitter.hpp"

namespace sluice::stages {
namespace {

using testing::RecordingEmitter;

std::vector<std::string> make(const DemoGenerator::Options& options) {
  RecordingEmitter emitter;
  EXPECT_FALSE(DemoGenerator(options).run(flow::background(), emitter));
  return emitter.lines();
}

TEST(Demo, MakesSoManyJsonRecords) {
  const std::vector<std::string> lines = make({.rate = {}, .count = 5000});
  ASSERT_EQ(lines.size(), 5000u);
  for (const std::string& line : lines) ASSERT_TRUE(record::is_valid_json(line)) << line;
}

TEST(Demo, MakesTheSameRecordsForTheSameSeed) {
  const std::vector<std::string> lines = make({.rate = {}, .count = 100, .seed = 7});
  EXPECT_EQ(lines, make({.rate = {}, .count = 100, .seed = 7}));
  EXPECT_NE(lines, make({.rate = {}, .count = 100, .seed = 8}));
  // The very bytes, so that every compiler makes them.
  EXPECT_EQ(
      make({.rate = {}, .count = 1}).front(),
      R"({"time":"2026-01-01T00:00:00Z","level":"warn","host":"web-1","client_ip":"203.0.113.84","method":"GET",)"
      R"~("path":"/api/search","status":404,"bytes":30981,"duration_ms":0.999,"user_agent":"Mozilla/5.0 (iPhone)"})~");
}

TEST(Demo, HasRecordsOfEveryLevel) {
  const std::vector<std::string> lines = make({.rate = {}, .count = 1000});
  for (const char* level : {R"("level":"info")", R"("level":"warn")", R"("level":"error")"}) {
    EXPECT_TRUE(std::ranges::any_of(lines, [&](const std::string& line) { return line.find(level) != line.npos; }));
  }
}

TEST(Demo, KeepsToTheRate) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<std::string> lines =
      make({.rate = config::Rate{.count = 100}, .count = 11, .linger = std::chrono::milliseconds(1)});
  EXPECT_EQ(lines.size(), 11u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
}

TEST(Demo, StopsWhenCancelled) {
  for (const std::optional<config::Rate>& rate : {std::optional<config::Rate>(), {config::Rate{.count = 10}}}) {
    RecordingEmitter emitter;
    flow::ErrorGroup group{flow::background()};
    flow::Cancellable scope = flow::with_cancel(flow::background());
    group.go(
        [&](const flow::Context&) { return DemoGenerator({.rate = rate, .count = {}}).run(scope.context, emitter); });
    EXPECT_TRUE(emitter.wait_for_lines(1));
    scope.cancel();
    EXPECT_FALSE(group.wait());
  }
}

}  // namespace
}  // namespace sluice::stages
