#include "stages/parse/rfc3164.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "stages/parse/scan.hpp"
#include "stages/parse/syslog_message.hpp"

namespace sluice::stages {

using record::Value;

namespace {

constexpr std::string_view kReason = "invalid_rfc3164";
constexpr Value kTime = field_name("\"time\"");
constexpr Value kHostname = field_name("\"hostname\"");
constexpr Value kAppname = field_name("\"appname\"");
constexpr Value kProcid = field_name("\"procid\"");
constexpr Value kMessage = field_name("\"message\"");

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// One or two digits; false if there is none or a third follows.
bool take_number(std::string_view& text, int& number) {
  std::size_t length = 0;
  number = 0;
  while (length < text.size() && length < 3 && is_digit(text[length])) number = number * 10 + (text[length++] - '0');
  if (length == 0 || length > 2) return false;
  text.remove_prefix(length);
  return true;
}

// Four digits that can be a year, and a blank or a colon (which stays) or the end behind them.
bool take_year(std::string_view& text, WrittenTime& time) {
  if (text.size() < 4) return false;
  int year = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (!is_digit(text[i])) return false;
    year = year * 10 + (text[i] - '0');
  }
  if (year < 1970 || year > 2199 || (text.size() > 4 && text[4] != ' ' && text[4] != ':')) return false;
  time.year = year;
  time.has_year = true;
  text.remove_prefix(4);
  return true;
}

bool take_clock(std::string_view& text, WrittenTime& time) {
  if (!take_number(text, time.hour) || text.empty() || text.front() != ':') return false;
  text.remove_prefix(1);
  if (!take_number(text, time.minute) || text.empty() || text.front() != ':') return false;
  text.remove_prefix(1);
  if (!take_number(text, time.second)) return false;
  if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
    std::size_t length = 1;
    std::uint32_t unit = 100'000'000;
    for (; length < text.size() && is_digit(text[length]); ++length, unit /= 10) {
      time.nanoseconds += static_cast<std::uint32_t>(text[length] - '0') * unit;
    }
    text.remove_prefix(length);
  }
  return true;
}

// TIMESTAMP of RFC 3164 section 4.1.2, "Mmm dd hh:mm:ss", and what Cisco's devices make of it: `*` or `.` before it (a
// clock that is not set or not synchronized), a year, a fraction, the zone's name, a colon behind.
std::optional<WrittenTime> take_bsd_time(std::string_view& text) {
  std::string_view rest = text;
  if (!rest.empty() && (rest.front() == '*' || rest.front() == '.')) rest.remove_prefix(1);
  if (rest.size() < 4) return std::nullopt;
  WrittenTime time;
  time.month = month_from_name(rest.data());
  if (time.month == 0 || rest[3] != ' ') return std::nullopt;
  rest.remove_prefix(4);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (!take_number(rest, time.day) || rest.empty() || rest.front() != ' ') return std::nullopt;
  rest.remove_prefix(1);
  if (take_year(rest, time)) {
    if (rest.empty() || rest.front() != ' ') return std::nullopt;
    rest.remove_prefix(1);
  }
  if (!take_clock(rest, time)) return std::nullopt;
  if (!time.has_year && !rest.empty() && rest.front() == ' ') {
    std::string_view after = rest.substr(1);
    if (take_year(after, time)) rest = after;
  }
  // " UTC:"; a name without the colon is a hostname.
  std::size_t letters = 1;
  while (letters < rest.size() && is_upper(rest[letters])) ++letters;
  if (letters > 3 && letters < 7 && letters < rest.size() && rest[0] == ' ' && rest[letters] == ':') {
    const std::string_view zone = rest.substr(1, letters - 1);
    time.has_offset = zone == "UTC" || zone == "GMT";  // others are in the zone that the configuration names
    rest.remove_prefix(letters);
  }
  if (!rest.empty() && rest.front() == ':') rest.remove_prefix(1);
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  text = rest;
  return time;
}

class Reader {
 public:
  Reader(std::string_view text, const SyslogSettings& settings, FieldsBuilder& fields)
      : rest_(text), settings_(settings), fields_(fields) {}

  ParseFailure read() {
    int priority = 0;
    const bool has_priority = take_priority(rest_, priority);
    if (has_priority) add_priority(priority, settings_.priority, fields_);
    skip_spaces();
    take_sequence_number();
    bool has_host = false;
    if (!read_time(has_host)) {
      if (!has_priority) return {kReason, "expected a priority such as <13> or a time such as Oct 11 22:14:15"};
      // Section 4.3.3: without a time there is no hostname either.
    }
    if (time_is_wrong_) return {kReason, "the time does not exist"};
    skip_spaces();
    if (has_host && !rest_.empty()) read_hostname();
    read_tag();
    if (!rest_.empty()) fields_.add(kMessage, Value::string(rest_));
    return {};
  }

 private:
  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  // Cisco: "45: " before the time, or "45: host: ".
  void take_sequence_number() {
    std::size_t digits = 0;
    while (digits < rest_.size() && is_digit(rest_[digits])) ++digits;
    if (digits == 0 || digits + 1 >= rest_.size() || rest_[digits] != ':' || rest_[digits + 1] != ' ') return;
    rest_.remove_prefix(digits + 2);
    skip_spaces();
    // A hostname may come before the time then.
    const std::size_t colon = rest_.find(": ");
    if (colon == std::string_view::npos || colon == 0) return;
    std::string_view after = rest_.substr(colon + 2);
    if (rest_.substr(0, colon).find(' ') == std::string_view::npos && take_bsd_time(after)) {
      early_hostname_ = rest_.substr(0, colon);
      rest_.remove_prefix(colon + 2);
    }
  }

  bool read_time(bool& has_host) {
    std::optional<WrittenTime> time = take_bsd_time(rest_);
    if (!time && !rest_.empty() && is_digit(rest_.front())) {
      std::string_view after = rest_;
      time = read_iso_time(after);
      if (time && (after.empty() || after.front() == ' ')) {
        rest_ = after;
      } else {
        time.reset();
      }
    }
    if (!time) return false;
    const std::optional<record::Timestamp> instant = time->instant(settings_.times);
    time_is_wrong_ = !instant;
    if (instant) fields_.add(kTime, Value::timestamp(*instant));
    has_time_ = true;
    if (!early_hostname_.empty()) fields_.add(kHostname, Value::string(early_hostname_));
    has_host = early_hostname_.empty();
    return true;
  }

  // Names and addresses (section 4.1.2); `_` and `/` occur, too.
  static bool is_hostname_byte(char c) {
    const char lower = static_cast<char>(c | 0x20);
    return is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '.' || c == '-' || c == '_' || c == ':' || c == '/';
  }

  // HOSTNAME (section 4.1.2) is the word behind the time, unless it is a tag: local messages have no hostname.
  void read_hostname() {
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    if (word.back() == ':' || !std::all_of(word.begin(), word.end(), is_hostname_byte)) return;
    fields_.add(kHostname, Value::string(word));
    rest_.remove_prefix(word.size());
    skip_spaces();
  }

  // TAG (section 4.1.3) ends at a colon, a bracket or a space; `[pid]` may follow, and a colon.
  void read_tag() {
    const std::size_t end = std::min(rest_.find_first_of(":[ "), rest_.size());
    if (end == 0) return;
    // A word alone may be a message as well: where there is neither time nor colon, it is.
    const bool is_marked = end < rest_.size() && rest_[end] != ' ';
    if (!is_marked && !has_time_) return;
    const std::string_view tag = rest_.substr(0, end);
    if (rest_.starts_with("last message repeated ") || rest_.starts_with("message repeated ")) return;
    std::string_view rest = rest_.substr(end);
    std::string_view process;
    if (!rest.empty() && rest.front() == '[') {
      const std::size_t closing = rest.find(']');
      const std::size_t space = rest.find(' ');
      if (closing == std::string_view::npos || closing > space) return;
      process = rest.substr(1, closing - 1);
      rest.remove_prefix(closing + 1);
    }
    if (!rest.empty() && rest.front() == ':') rest.remove_prefix(1);
    if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    fields_.add(kAppname, Value::string(tag));
    if (!process.empty()) fields_.add(kProcid, Value::string(process));
    rest_ = rest;
  }

  std::string_view rest_;
  std::string_view early_hostname_;
  const SyslogSettings& settings_;
  FieldsBuilder& fields_;
  bool has_time_ = false;
  bool time_is_wrong_ = false;
};

}  // namespace

ParseFailure read_rfc3164(std::string_view text, const SyslogSettings& settings, record::Arena&,
                          FieldsBuilder& fields) {
  return Reader(text, settings, fields).read();
}

Definition parse_rfc3164() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "rfc3164";
  spec.summary = "Syslog messages of the older kind (BSD, RFC 3164), as in /var/log/messages.";
  spec.description =
      "Finds `facility` and `severity` (numbers, or names; left out if the line has no PRI), `time` (a timestamp), "
      "`hostname`, `appname`, `procid` and `message`. The time may be `Oct 11 22:14:15`, with a year and a fraction of "
      "a "
      "second, or of RFC 3339; its zone is `time: {zone: ...}`. Cisco's sequence numbers and `*Mar  1 18:48:50.483 "
      "UTC:` "
      "are understood. The tag ends at a colon, a bracket or a space, as RFC 3164 has it; `last message repeated` is "
      "no "
      "tag. A line with neither PRI nor time is rejected (`invalid_rfc3164`).";
  spec.options = syslog_options();
  spec.options.push_back(year_option());
  spec.examples = {
      {"A file of syslog",
       "- parse: {format: rfc3164, year: 2026, time: {zone: Europe/Berlin}}",
       {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "Nov  3 09:23:38 veridian sshd[7998]: closed",
        "just text"},
       {R"({"facility":4,"severity":2,"time":"2026-10-11T20:14:15Z","hostname":"mymachine","appname":"su",)"
        R"("message":"'su root' failed"})",
        R"({"time":"2026-11-03T08:23:38Z","hostname":"veridian","appname":"sshd","procid":"7998","message":"closed"})"}}};
  return {std::move(spec), [](const config::Settings& settings, Workshop& workshop) {
            return make_syslog_stage({read_rfc3164, true}, settings, workshop);
          }};
}

}  // namespace sluice::stages
