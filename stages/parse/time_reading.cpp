// How a time was understood, in words.
#include <algorithm>
#include <utility>

#include "record/json_writer.hpp"
#include "stages/parse/time.hpp"

namespace sluice::stages {
namespace {

std::string read_as(std::string_view format, bool states_year, bool states_zone) {
  std::string text = "read as `" + std::string(format) + "`";
  if (!states_year || !states_zone) text += ", which states ";
  if (!states_year) text += "no year";
  if (!states_year && !states_zone) text += " and ";
  if (!states_zone) text += "no zone";
  return text;
}

std::string read_as_epoch(std::string_view text, EpochUnit unit) {
  constexpr std::pair<EpochUnit, std::string_view> kNames[] = {{EpochUnit::seconds, "unix"},
                                                               {EpochUnit::milliseconds, "unix_ms"},
                                                               {EpochUnit::microseconds, "unix_us"},
                                                               {EpochUnit::nanoseconds, "unix_ns"}};
  const std::optional<record::Timestamp> time = read_epoch(text, unit);
  if (!time) return {};
  for (const auto& [candidate, name] : kNames) {
    const std::optional<record::Timestamp> other = read_epoch(text, candidate);
    if (other && other->seconds == time->seconds && other->nanoseconds == time->nanoseconds) {
      return read_as(name, true, true);
    }
  }
  return {};
}

std::string read_as_iso(std::string_view text, const TimeContext& context) {
  const std::optional<WrittenTime> time = read_iso_time(text);
  if (!time || !text.empty() || !time->instant(context)) return {};
  return time->has_offset ? read_as("rfc3339", true, true) : read_as("ISO 8601", true, false);
}

}  // namespace

std::string TimeFormat::reading_of(std::string_view text) const {
  const auto read_as_pattern = [&](std::string_view format, const std::vector<Step>& steps) -> std::string {
    if (!run(steps, text, context_)) return {};
    const auto has = [&](std::string_view directives) {
      return std::any_of(steps.begin(), steps.end(),
                         [&](const Step& step) { return directives.find(step.directive) != std::string_view::npos; });
    };
    return read_as(format, has("Yys"), has("zZs"));
  };
  if (kind_ == Kind::pattern) return read_as_pattern(text_, steps_);
  if (kind_ == Kind::epoch) return read_as_epoch(text, unit_);
  if (kind_ == Kind::iso) return read_as_iso(text, context_);
  if (text.find_first_not_of("-0123456789.") == std::string_view::npos) {
    if (std::string found = read_as_epoch(text, EpochUnit::detected); !found.empty()) return found;
  }
  if (std::string found = read_as_iso(text, context_); !found.empty()) return found;
  for (const Guess& guess : guesses()) {
    if (std::string found = read_as_pattern(guess.format, guess.steps); !found.empty()) return found;
  }
  return {};
}

std::string TimeFormat::reading(const record::Value& value) const {
  if (value.is(record::Type::string)) return reading_of(value.text());
  if (value.is(record::Type::timestamp) || !convert(value)) return {};
  record::Buffer text;
  record::write_text(text, value);
  return read_as_epoch(text.view(), unit_);
}

}  // namespace sluice::stages
