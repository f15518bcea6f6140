#include "stages/parse/klog.hpp"

#include <charconv>
#include <memory>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"
#include "stages/parse/syslog_message.hpp"

namespace sluice::stages {

using record::Value;

namespace {

std::string_view level_of(char letter) {
  switch (letter) {
    case 'I':
      return "info";
    case 'W':
      return "warning";
    case 'E':
      return "error";
    case 'F':
      return "fatal";
    default:
      return {};
  }
}

// Exactly `count` digits.
bool take_digits(const char*& p, const char* end, int count, int& number) {
  number = 0;
  if (end - p < count) return false;
  for (int i = 0; i < count; ++i, ++p) {
    if (!is_digit(*p)) return false;
    number = number * 10 + (*p - '0');
  }
  return true;
}

bool take(const char*& p, const char* end, char c) {
  if (p == end || *p != c) return false;
  ++p;
  return true;
}

bool take_time(const char*& p, const char* end, WrittenTime& time) {
  std::ptrdiff_t digits = 0;
  while (digits < end - p && is_digit(p[digits])) ++digits;
  if (digits == 8) {
    int year = 0;
    if (!take_digits(p, end, 4, year)) return false;
    time.year = year;
    time.has_year = true;
  }
  int fraction = 0;
  if (!take_digits(p, end, 2, time.month) || !take_digits(p, end, 2, time.day) || !take(p, end, ' ') ||
      !take_digits(p, end, 2, time.hour) || !take(p, end, ':') || !take_digits(p, end, 2, time.minute) ||
      !take(p, end, ':') || !take_digits(p, end, 2, time.second) || !take(p, end, '.') ||
      !take_digits(p, end, 6, fraction)) {
    return false;
  }
  time.nanoseconds = static_cast<std::uint32_t>(fraction) * 1000;
  return take(p, end, ' ');
}

}  // namespace

ParseFailure KlogFormat::parse(std::string_view text, record::Arena&, FieldsBuilder& fields) const {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto expected = [&](std::string_view what) -> ParseFailure {
    return {"invalid_klog", "byte " + std::to_string(p - text.data() + 1) + ": expected " + std::string(what)};
  };
  const std::string_view level = text.empty() ? "" : level_of(*p);
  if (level.empty()) return expected("I, W, E or F");
  ++p;
  WrittenTime written;
  if (!take_time(p, end, written)) return expected("a time such as 1124 10:00:00.000000");
  const std::optional<record::Timestamp> time = written.instant(times_);
  if (!time) return expected("a time that exists");
  while (p != end && *p == ' ') ++p;
  std::int64_t thread = 0;
  const auto [after, error] = std::from_chars(p, end, thread);
  if (error != std::errc()) return expected("the number of the thread");
  p = after;
  if (!take(p, end, ' ')) return expected("a space");
  const char* const bracket = find_byte(p, end, ']');
  const char* colon = bracket;
  while (colon != p && *colon != ':') --colon;
  std::int64_t line = 0;
  if (bracket == end || colon == p) return expected("the file, a colon, the line and `]`");
  const auto [line_end, line_error] = std::from_chars(colon + 1, bracket, line);
  if (line_error != std::errc() || line_end != bracket) return expected("the file, a colon, the line and `]`");

  fields.add(field_name("\"level\""), Value::string(level));
  fields.add(field_name("\"time\""), Value::timestamp(*time));
  fields.add(field_name("\"thread\""), Value::int64(thread));
  fields.add(field_name("\"file\""), Value::string(between(p, colon)));
  fields.add(field_name("\"line\""), Value::int64(line));
  p = bracket + 1;
  if (p != end && *p == ' ') ++p;
  fields.add(field_name("\"message\""), Value::string(between(p, end)));
  return {};
}

Definition parse_klog() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "klog";
  spec.summary = "Logs of Kubernetes' klog and of glog.";
  spec.description =
      "Finds `level` (`info`, `warning`, `error`, `fatal`), `time` (a timestamp), `thread`, `file`, `line` and "
      "`message`. "
      "The zone of the time is `time: {zone: ...}`. Other lines, such as those that continue a message, are rejected "
      "(`invalid_klog`).";
  spec.options = {year_option()};
  spec.examples = {
      {"A line of the kubelet",
       "- parse: {format: klog, year: 2026}",
       {"E1124 10:11:12.419000    8740 pod_workers.go:191] Error syncing pod", "goroutine 1 [running]:"},
       {R"({"level":"error","time":"2026-11-24T10:11:12.419Z","thread":8740,"file":"pod_workers.go","line":191,)"
        R"("message":"Error syncing pod"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            TimeContext times = time_context(settings, workshop);
            if (settings.has("year")) times.years.fixed = settings.integer("year");
            return make_parse_stage(std::make_unique<KlogFormat>(std::move(times)), settings, workshop);
          }};
}

}  // namespace sluice::stages
