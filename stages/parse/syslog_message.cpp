#include "stages/parse/syslog_message.hpp"

#include <array>
#include <memory>
#include <utility>

#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr std::array<std::string_view, 24> kFacilities = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                                          "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                                          "ntp",    "audit",  "alert",  "clock",  "local0",   "local1",
                                                          "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                         "warning", "notice", "info", "debug"};

class SyslogFormat final : public Format {
 public:
  SyslogFormat(SyslogReader reader, SyslogSettings settings) : reader_(reader), settings_(std::move(settings)) {}

  ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const override {
    return reader_.read(text, settings_, arena, fields);
  }

  std::string which(std::string_view text) const override {
    return reader_.which == nullptr ? std::string() : reader_.which(text);
  }

 private:
  const SyslogReader reader_;
  const SyslogSettings settings_;
};

}  // namespace

bool take_priority(std::string_view& text, int& priority) {
  constexpr int kHighest = 191;
  if (text.size() < 3 || text[0] != '<') return false;
  std::size_t at = 1;
  int value = 0;
  while (at < text.size() && at < 4 && is_digit(text[at])) value = value * 10 + (text[at++] - '0');
  if (at == 1 || at == text.size() || text[at] != '>' || value > kHighest) return false;
  priority = value;
  text.remove_prefix(at + 1);
  return true;
}

void add_priority(int priority, PriorityNames names, FieldsBuilder& fields) {
  constexpr Value kFacility = field_name("\"facility\"");
  constexpr Value kSeverity = field_name("\"severity\"");
  if (names == PriorityNames::words) {
    fields.add(kFacility, Value::string(kFacilities[static_cast<std::size_t>(priority / 8)]));
    fields.add(kSeverity, Value::string(kSeverities[static_cast<std::size_t>(priority % 8)]));
  } else {
    fields.add(kFacility, Value::int64(priority / 8));
    fields.add(kSeverity, Value::int64(priority % 8));
  }
}

bool looks_like_rfc5424(std::string_view text) {
  int priority = 0;
  if (!take_priority(text, priority) || text.size() < 3 || text[0] != '1' || text[1] != ' ') return false;
  return text[2] == '-' || is_digit(text[2]);
}

config::Option year_option() {
  return config::Option::integer("year").at_least(1).at_most(9999).doc(
      "the year of times that state none; if not given, it is guessed from the present: the latest that puts the time "
      "at "
      "most seven days ahead");
}

std::vector<config::Option> syslog_options() {
  return {config::Option::boolean("names").defaults("false").doc(
      "write `facility` and `severity` by name (`auth`, `err`) instead of by number")};
}

AnyStage make_syslog_stage(SyslogReader reader, const config::Settings& settings, Workshop& workshop) {
  SyslogSettings syslog;
  if (settings.boolean("names")) syslog.priority = PriorityNames::words;
  syslog.times = time_context(settings, workshop);
  if (reader.has_year && settings.has("year")) syslog.times.years.fixed = settings.integer("year");
  return make_parse_stage(std::make_unique<SyslogFormat>(reader, std::move(syslog)), settings, workshop);
}

}  // namespace sluice::stages
