// Reading times: the texts and numbers that logs use for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "record/time_zone.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// Seconds since 1970 by the system's clock, to about a jiffy.
std::int64_t current_second();

// How a time gets its year when its text has none (RFC 3164, klog). Either it is told, or it is guessed: the latest
// year that puts the time no more than kAhead after the present. So in the first days of January "Dec 31" is last year,
// and on December 31 a clock that runs ahead may say "Jan  1" of the next; a log that is up to a year old comes out
// right.
struct YearSource {
  static constexpr std::int64_t kAhead = std::int64_t{7} * 86400;  // seconds
  std::int64_t fixed = 0;                                          // the year; 0 = guess it
  std::function<std::int64_t()> now = current_second;

  // The year for a time of which month, day and second of the day are known; 0 when no year near has that date.
  std::int64_t year(int month, int day, std::int64_t second_of_day) const;
};

// What is needed to turn a local time without offset or year into an instant. A null zone is UTC.
struct TimeContext {
  std::shared_ptr<const record::TimeZone> zone;
  YearSource years;
};

// A time as written, before it is an instant.
struct WrittenTime {
  std::int64_t year = 0;
  int month = 0;  // 0: not written
  int day = 0;
  int day_of_year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;  // up to 60
  std::uint32_t nanoseconds = 0;
  std::int32_t offset = 0;  // seconds east of UTC
  bool has_year = false;
  bool has_offset = false;

  // Nothing when the date does not exist or lies outside of the years 1 to 9999. A leap second counts as the next one.
  std::optional<record::Timestamp> instant(const TimeContext& context) const;
};

// RFC 3339 section 5.6 and its relatives of ISO 8601: `T`, `t` or a space before the time, fraction of any precision
// (beyond nanoseconds it is cut off) after `.` or `,`, an offset `Z`, `+hh:mm`, `+hhmm`, `+hh` (a space may precede it)
// or none; `/` instead of `-` in the date, and seconds left out. Reads from the front of `text` and removes what it
// read; on failure nothing is returned and `text` is unspecified.
std::optional<WrittenTime> read_iso_time(std::string_view& text);

// `10/Oct/2000:13:55:36 -0700`, as web servers write it (strftime's %d/%b/%Y:%H:%M:%S %z); the whole text.
std::optional<record::Timestamp> read_access_log_time(std::string_view text);

// "Oct", "oct": 1 to 12, 0 for other texts. Reads three bytes.
int month_from_name(const char* text);

// A count of units since 1970, as a decimal text with an optional fraction, such as "1700000000.25".
enum class EpochUnit { detected, seconds, milliseconds, microseconds, nanoseconds };
// `detected` decides by size: up to 11 digits are seconds (until the year 5138), 14 milliseconds, 17 microseconds.
std::optional<record::Timestamp> read_epoch(std::string_view text, EpochUnit unit);

// One way to write times, compiled from its name or from a strptime format. Immutable; many threads may use it.
class TimeFormat {
 public:
  struct Error {
    std::string message;
    std::size_t offset = 0;  // in the format's text
  };

  // `auto`, UTC.
  TimeFormat() = default;

  // `format` is one of names(), or a text with `%` in it: the directives of strptime in the C locale (a A b B h c d D e
  // F H I j k l m M n p P r R s S t T v y Y %), with %f %L %N for a fraction of a second, %3f %6f %9f for one of that
  // many digits, %.f for one that begins with its point and may be missing, %z and %:z for an offset, %Z for a zone's
  // name (UTC, GMT, Z, those of RFC 2822, some of Europe). White space matches any white space or none.
  static std::variant<TimeFormat, Error> compile(std::string_view format, TimeContext context);
  static const std::vector<std::string>& names();

  // The time that `text` writes, if it has this format, from beginning to end.
  std::optional<record::Timestamp> parse(std::string_view text) const;

  // The same for any value: texts are parsed, numbers counted from 1970 (in the format's unit, or detected),
  // timestamps are kept.
  std::optional<record::Timestamp> convert(const record::Value& value) const;

  // What was compiled, for messages.
  const std::string& text() const { return text_; }

  // How convert() reads a value, for `sluice explain`: "read as `%b %d %H:%M:%S`, which states no year and no zone".
  // Empty if it does not read it.
  std::string reading(const record::Value& value) const;

 private:
  enum class Kind { automatic, iso, epoch, pattern };
  struct Step {
    char directive;  // ' ' = white space, '\'' = the literal, else as after '%'
    char literal = 0;
    signed char digits = 0;  // of a fraction: exactly that many; 0 any
  };
  class Compiler;
  class Reader;

  // The pattern that `auto` takes for a text that is neither ISO 8601 nor a number, and its steps.
  struct Guess {
    std::string_view format;
    std::vector<Step> steps;
  };
  static const std::vector<Guess>& guesses();

  std::optional<record::Timestamp> parse_automatically(std::string_view text) const;
  static std::optional<record::Timestamp> run(const std::vector<Step>& steps, std::string_view text,
                                              const TimeContext& context);
  std::string reading_of(std::string_view text) const;

  Kind kind_ = Kind::automatic;
  EpochUnit unit_ = EpochUnit::detected;
  std::vector<Step> steps_;
  TimeContext context_;
  std::string text_ = "auto";
};

}  // namespace sluice::stages
