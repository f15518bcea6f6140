// The daemon's own log on stderr. Data never goes there, and the log never goes to stdout.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::daemon {

enum class LogFormat { text, json };

// A logger of its own, registered nowhere: who logs is handed it. Thread-safe. One line for each message: text as
// "2026-01-02T03:04:05.678+01:00 info message" (line ends inside are written as `\n`), or a JSON object with `time`,
// `level` and `message`. `level` is one of trace, debug, info, warn, error, off.
std::shared_ptr<spdlog::logger> make_log(spdlog::level::level_enum level, LogFormat format);
// The same to another sink, for tests.
std::shared_ptr<spdlog::logger> make_log(spdlog::level::level_enum level, LogFormat format, spdlog::sink_ptr sink);

// Logs messages that may come a million times: each kind at once when it is new, then at most once in an interval, with
// how many more there were. Thread-safe.
class RepeatedMessages {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kInterval{10};

  explicit RepeatedMessages(spdlog::logger& log, std::function<Clock::time_point()> now = Clock::now);
  // Logs what is left, as flush().
  ~RepeatedMessages();
  RepeatedMessages(const RepeatedMessages&) = delete;
  RepeatedMessages& operator=(const RepeatedMessages&) = delete;

  // `kind` tells messages apart; `text` is what is logged if it is time to.
  void log(spdlog::level::level_enum level, const std::string& kind, std::string_view text, std::uint64_t count = 1);

  // Logs the counts of what was held back.
  void flush();

 private:
  struct Kind {
    spdlog::level::level_enum level;
    std::string text;
    Clock::time_point logged;
    std::uint64_t held_back = 0;
  };
  spdlog::logger& log_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;  // guards kinds_
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace sluice::daemon
