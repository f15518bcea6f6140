#include "daemon/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

#include "fmt/chrono.h"
#include "fmt/format.h"
#include "record/buffer.hpp"
#include "record/json_writer.hpp"

namespace sluice::daemon {
namespace {

void append(spdlog::memory_buf_t& to, std::string_view text) { to.append(text.data(), text.data() + text.size()); }

void write_time(spdlog::memory_buf_t& to, spdlog::log_clock::time_point time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::tm local = fmt::localtime(static_cast<std::time_t>(milliseconds / 1000));
  const std::string zone = fmt::format("{:%z}", local);  // +0100
  fmt::format_to(std::back_inserter(to), "{:%Y-%m-%dT%H:%M:%S}.{:03}{}:{}", local, milliseconds % 1000,
                 zone.substr(0, 3), zone.substr(3));
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
    case spdlog::level::critical:
      return "error";
    default:
      return "info";
  }
}

class TextFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    write_time(to, message.time);
    append(to, " ");
    append(to, level_name(message.level));
    append(to, " ");
    for (const char byte : message.payload) {  // one message is one line, whatever is in it
      if (byte == '\n') {
        append(to, "\\n");
      } else {
        to.push_back(byte);
      }
    }
    append(to, "\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(); }
};

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    append(to, R"({"time": ")");
    write_time(to, message.time);
    append(to, R"(", "level": ")");
    append(to, level_name(message.level));
    append(to, R"(", "message": )");
    record::Buffer text;
    record::write_json_string(text, {message.payload.data(), message.payload.size()});
    append(to, text.view());
    append(to, "}\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

}  // namespace

std::shared_ptr<spdlog::logger> make_log(spdlog::level::level_enum level, LogFormat format, spdlog::sink_ptr sink) {
  if (format == LogFormat::json) {
    sink->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    sink->set_formatter(std::make_unique<TextFormatter>());
  }
  auto log = std::make_shared<spdlog::logger>("sluice", std::move(sink));
  log->set_level(level);
  log->flush_on(spdlog::level::trace);
  // A log that cannot be written (stderr closed) must not stop the data.
  log->set_error_handler([](const std::string&) {});
  return log;
}

std::shared_ptr<spdlog::logger> make_log(spdlog::level::level_enum level, LogFormat format) {
  return make_log(level, format, std::make_shared<spdlog::sinks::stderr_sink_mt>());
}

RepeatedMessages::RepeatedMessages(spdlog::logger& log, std::function<Clock::time_point()> now)
    : log_(log), now_(std::move(now)) {}

RepeatedMessages::~RepeatedMessages() { flush(); }

void RepeatedMessages::log(spdlog::level::level_enum level, const std::string& kind, std::string_view text,
                           std::uint64_t count) {
  if (count == 0 || !log_.should_log(level)) return;
  const Clock::time_point now = now_();
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = kinds_.try_emplace(kind, Kind{level, std::string(text), now, 0});
  Kind& known = place->second;
  if (is_new) {
    known.held_back = count - 1;
    log_.log(level, "{}", text);
    return;
  }
  known.held_back += count;
  if (now - known.logged < kInterval) return;
  const auto past = std::chrono::duration_cast<std::chrono::seconds>(now - known.logged).count();
  log_.log(level, "{} ({} more in the last {} s)", text, known.held_back, past);
  known.logged = now;
  known.held_back = 0;
}

void RepeatedMessages::flush() {
  const std::lock_guard lock(mutex_);
  for (auto& [kind, known] : kinds_) {
    if (known.held_back == 0) continue;
    log_.log(known.level, "{} ({} more)", known.text, known.held_back);
    known.held_back = 0;
  }
}

}  // namespace sluice::daemon
