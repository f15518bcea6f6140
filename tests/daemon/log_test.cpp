#include "daemon/log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>
#include <string>
#include <string_view>

#include "record/json.hpp"

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;

struct Captured {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> log;

  explicit Captured(LogFormat format, spdlog::level::level_enum level = spdlog::level::info)
      : log(make_log(level, format, std::make_shared<spdlog::sinks::ostream_sink_mt>(text))) {}
  // With TIME in the place of "2026-01-02T03:04:05.678+01:00", which ends in the first space or quote after its start.
  std::string messages() const {
    std::string all;
    std::istringstream lines(text.str());
    for (std::string line; std::getline(lines, line);) {
      const std::size_t start = line.starts_with("{") ? std::string_view(R"({"time": ")").size() : 0;
      const std::size_t end = line.find_first_of(" \"", start);
      EXPECT_EQ(end - start, 29u) << line;
      all += line.replace(start, end - start, "TIME") + "\n";
    }
    return all;
  }
};

TEST(Log, WritesALineForEachMessage) {
  Captured captured(LogFormat::text);
  captured.log->info("hello {}", 1);
  captured.log->debug("not this");
  captured.log->error("two\nlines");
  EXPECT_EQ(captured.messages(), "TIME info hello 1\nTIME error two\\nlines\n");
}

TEST(Log, WritesJsonThatIsJson) {
  Captured captured(LogFormat::json);
  captured.log->warn("a \"quoted\"\n\x01 thing");
  std::string line = captured.text.str();
  ASSERT_TRUE(line.ends_with("}\n"));
  line.pop_back();
  EXPECT_TRUE(record::is_valid_json(line)) << line;
  EXPECT_EQ(captured.messages(),
            "{\"time\": \"TIME\", \"level\": \"warn\", \"message\": \"a \\\"quoted\\\"\\n\\u0001 thing\"}\n");
}

TEST(RepeatedMessages, AreLoggedOnceInAnIntervalWithACount) {
  Captured captured(LogFormat::text);
  auto now = RepeatedMessages::Clock::time_point(1h);
  RepeatedMessages messages(*captured.log, [&] { return now; });
  for (int i = 0; i < 124; ++i) messages.log(spdlog::level::warn, "kind", "bad line");
  messages.log(spdlog::level::warn, "other", "bad file");
  EXPECT_EQ(captured.messages(), "TIME warn bad line\nTIME warn bad file\n");
  now += 10s;
  messages.log(spdlog::level::warn, "kind", "bad line");
  EXPECT_EQ(captured.messages(),
            "TIME warn bad line\nTIME warn bad file\nTIME warn bad line (124 more in the last 10 s)\n");
}

TEST(RepeatedMessages, TellAtTheEndWhatTheyHeldBack) {
  Captured captured(LogFormat::text);
  { RepeatedMessages(*captured.log).log(spdlog::level::warn, "kind", "bad line", 5); }
  EXPECT_EQ(captured.messages(), "TIME warn bad line\nTIME warn bad line (4 more)\n");
}

}  // namespace
}  // namespace sluice::daemon
