#include "stages/parse/time.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "record/civil.hpp"
#include "stages/parse/scan.hpp"

namespace sluice::stages {

using record::Timestamp;
using record::Value;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// The value of two digits, or something above 99.
unsigned two_digits(const char* p) {
  const unsigned high = static_cast<unsigned char>(p[0]) - unsigned{'0'};
  const unsigned low = static_cast<unsigned char>(p[1]) - unsigned{'0'};
  return high > 9 || low > 9 ? 100 : high * 10 + low;
}

bool in_range(std::int64_t seconds) { return seconds >= kFirstSecond && seconds <= kLastSecond; }

// Digits after the point as nanoseconds; digits beyond the ninth are dropped. Removes them.
std::optional<std::uint32_t> take_fraction(std::string_view& text, std::size_t at_most = std::string_view::npos) {
  std::uint32_t value = 0;
  std::size_t count = 0;
  for (; count < text.size() && count < at_most && is_digit(text[count]); ++count) {
    if (count < 9) value = value * 10 + static_cast<std::uint32_t>(text[count] - '0');
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  for (; count < 9; ++count) value *= 10;
  return value;
}

// "Z", "+02:00", "+0200", "+02" at the front. False when there is no offset, and nothing is removed then.
bool take_offset(std::string_view& text, std::int32_t& offset) {
  if (text.empty()) return false;
  if (text.front() == 'Z' || text.front() == 'z') {
    offset = 0;
    text.remove_prefix(1);
    return true;
  }
  if (text.size() < 3 || (text.front() != '+' && text.front() != '-') || !is_digit(text[1])) return false;
  std::size_t length = 3;
  if (text.size() >= 6 && text[3] == ':') {
    length = 6;
  } else if (text.size() >= 5 && is_digit(text[3])) {
    length = 5;
  }
  if (!record::parse_offset(text.substr(0, length), offset)) return false;
  text.remove_prefix(length);
  return true;
}

struct NamedOffset {
  std::string_view name;
  int hours;
};
// RFC 2822 section 4.3, and what European systems print.
constexpr NamedOffset kNamedOffsets[] = {{"UTC", 0},  {"GMT", 0},  {"UT", 0},   {"Z", 0},    {"EST", -5}, {"EDT", -4},
                                         {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
                                         {"WET", 0},  {"WEST", 1}, {"CET", 1},  {"CEST", 2}, {"EET", 2},  {"EEST", 3}};

bool take_zone_name(std::string_view& text, std::int32_t& offset) {
  std::size_t length = 0;
  while (length < text.size() && lower(text[length]) >= 'a' && lower(text[length]) <= 'z') ++length;
  for (const NamedOffset& named : kNamedOffsets) {
    if (named.name != text.substr(0, length)) continue;
    offset = named.hours * 3600;
    text.remove_prefix(length);
    return true;
  }
  return false;
}

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

// A full or three-letter name at the front: its index, or -1.
template <std::size_t size>
int take_name(std::string_view& text, const std::array<std::string_view, size>& names) {
  const auto begins_with = [&](std::string_view name) {
    if (text.size() < name.size()) return false;
    return std::equal(name.begin(), name.end(), text.begin(), [](char a, char b) { return a == lower(b); });
  };
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view name = names[i];
    if (!begins_with(name.substr(0, 3))) continue;
    text.remove_prefix(begins_with(name) ? name.size() : 3);
    return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

std::int64_t current_second() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

std::int64_t YearSource::year(int month, int day, std::int64_t second_of_day) const {
  if (fixed != 0) return fixed;
  const std::int64_t latest = now() + kAhead;
  const std::int64_t this_year = record::civil_from_days((latest >= 0 ? latest : latest - kDay + 1) / kDay).year;
  for (std::int64_t year = this_year; year > this_year - 9; --year) {  // February 29 may be eight years away
    if (day > record::days_in_month(year, month)) continue;
    if (record::days_from_civil(year, month, day) * kDay + second_of_day <= latest) return year;
  }
  return 0;
}

std::optional<Timestamp> WrittenTime::instant(const TimeContext& context) const {
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t second_of_day = hour * 3600 + minute * 60 + second;
  std::int64_t full_year = year;
  std::int64_t days = 0;
  if (day_of_year > 0) {
    if (!has_year) full_year = context.years.year(1, 1, second_of_day);
    if (day_of_year > 365 + record::is_leap_year(full_year)) return std::nullopt;
    days = record::days_from_civil(full_year, 1, 1) + day_of_year - 1;
  } else {
    if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
    if (!has_year) full_year = context.years.year(month, day, second_of_day);
    if (full_year < 1 || full_year > 9999 || day > record::days_in_month(full_year, month)) return std::nullopt;
    days = record::days_from_civil(full_year, month, day);
  }
  std::int64_t seconds = days * kDay + second_of_day;
  if (has_offset) {
    seconds -= offset;
  } else if (context.zone) {
    seconds = context.zone->to_utc(seconds);
  }
  if (!in_range(seconds)) return std::nullopt;
  return Timestamp{seconds, nanoseconds};
}

std::optional<WrittenTime> read_iso_time(std::string_view& text) {
  constexpr std::size_t kShortest = 16;  // 2026-11-24T10:11
  if (text.size() < kShortest) return std::nullopt;
  const char* p = text.data();
  const unsigned century = two_digits(p);
  const unsigned years = two_digits(p + 2);
  const unsigned month = two_digits(p + 5);
  const unsigned day = two_digits(p + 8);
  const unsigned hour = two_digits(p + 11);
  const unsigned minute = two_digits(p + 14);
  if (std::max({century, years, month, day, hour, minute}) > 99) return std::nullopt;
  if ((p[4] != '-' && p[4] != '/') || p[7] != p[4] || p[13] != ':') return std::nullopt;
  if (p[10] != 'T' && p[10] != ' ' && p[10] != 't') return std::nullopt;

  WrittenTime time;
  time.year = century * 100 + years;
  time.has_year = true;
  time.month = static_cast<int>(month);
  time.day = static_cast<int>(day);
  time.hour = static_cast<int>(hour);
  time.minute = static_cast<int>(minute);
  text.remove_prefix(kShortest);
  if (text.size() >= 3 && text[0] == ':') {
    const unsigned second = two_digits(text.data() + 1);
    if (second > 60) return std::nullopt;
    time.second = static_cast<int>(second);
    text.remove_prefix(3);
    if (text.size() >= 2 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
      text.remove_prefix(1);
      time.nanoseconds = *take_fraction(text);
    }
  }
  if (take_offset(text, time.offset)) {
    time.has_offset = true;
  } else if (text.size() > 1 && text.front() == ' ' && (text[1] == '+' || text[1] == '-' || text[1] == 'Z')) {
    std::string_view after = text.substr(1);
    // A dash may as well begin the message.
    if (take_offset(after, time.offset) && (after.empty() || after.front() == ' ')) {
      time.has_offset = true;
      text = after;
    }
  }
  return time;
}

int month_from_name(const char* text) {
  // The three letters of each month, in lower case, as one number.
  const auto key = [](char a, char b, char c) {
    return (static_cast<unsigned>(a) | 0x20U) | (static_cast<unsigned>(b) | 0x20U) << 8 |
           (static_cast<unsigned>(c) | 0x20U) << 16;
  };
  const unsigned char a = static_cast<unsigned char>(text[0]);
  const unsigned char b = static_cast<unsigned char>(text[1]);
  const unsigned char c = static_cast<unsigned char>(text[2]);
  if ((a | b | c) & 0x80) return 0;
  const unsigned name = key(text[0], text[1], text[2]);
  // `(a ^ c) + b`-like hashes save little: twelve compares of a register are predicted by the data's own runs.
  static constexpr auto kKeys = [] {
    std::array<unsigned, 12> keys{};
    for (std::size_t i = 0; i < 12; ++i) {
      keys[i] = static_cast<unsigned>(kMonths[i][0]) | static_cast<unsigned>(kMonths[i][1]) << 8 |
                static_cast<unsigned>(kMonths[i][2]) << 16;
    }
    return keys;
  }();
  for (std::size_t i = 0; i < 12; ++i) {
    if (kKeys[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<Timestamp> read_access_log_time(std::string_view text) {
  // 10/Oct/2000:13:55:36 -0700
  if (text.size() != 26) return std::nullopt;
  const char* p = text.data();
  const unsigned day = two_digits(p);
  const int month = month_from_name(p + 3);
  const unsigned century = two_digits(p + 7);
  const unsigned years = two_digits(p + 9);
  const unsigned hour = two_digits(p + 12);
  const unsigned minute = two_digits(p + 15);
  const unsigned second = two_digits(p + 18);
  const unsigned offset_hours = two_digits(p + 22);
  const unsigned offset_minutes = two_digits(p + 24);
  if (hour > 23 || minute > 59 || second > 60 || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
  if (century > 99 || years > 99 || month == 0 || day < 1) return std::nullopt;
  if (p[2] != '/' || p[6] != '/' || p[11] != ':' || p[14] != ':' || p[17] != ':' || p[20] != ' ') return std::nullopt;
  if (p[21] != '+' && p[21] != '-') return std::nullopt;
  const std::int64_t year = century * 100 + years;
  if (year < 1 || static_cast<int>(day) > record::days_in_month(year, month)) return std::nullopt;
  const std::int64_t offset = static_cast<std::int64_t>(offset_hours * 3600 + offset_minutes * 60);
  const std::int64_t local = record::days_from_civil(year, month, static_cast<int>(day)) * kDay +
                             static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
  const std::int64_t seconds = p[21] == '+' ? local - offset : local + offset;
  if (!in_range(seconds)) return std::nullopt;
  return Timestamp{seconds, 0};
}

std::optional<Timestamp> read_epoch(std::string_view text, EpochUnit unit) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  std::uint64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc() || whole > std::uint64_t{1} << 62) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (unit == EpochUnit::detected) {
    unit = whole < 100'000'000'000ULL           ? EpochUnit::seconds
           : whole < 100'000'000'000'000ULL     ? EpochUnit::milliseconds
           : whole < 100'000'000'000'000'000ULL ? EpochUnit::microseconds
                                                : EpochUnit::nanoseconds;
  }
  const std::uint64_t per_second = unit == EpochUnit::seconds        ? 1
                                   : unit == EpochUnit::milliseconds ? 1'000
                                   : unit == EpochUnit::microseconds ? 1'000'000
                                                                     : 1'000'000'000;
  const std::uint64_t nanoseconds_each = 1'000'000'000 / per_second;
  auto seconds = static_cast<std::int64_t>(whole / per_second);
  std::uint64_t nanoseconds = whole % per_second * nanoseconds_each;
  if (!text.empty()) {
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
    const std::optional<std::uint32_t> fraction = take_fraction(text);
    if (!fraction || !text.empty()) return std::nullopt;
    nanoseconds += *fraction / per_second;
  }
  if (negative) {
    seconds = -seconds;
    if (nanoseconds > 0) --seconds, nanoseconds = 1'000'000'000 - nanoseconds;
  }
  if (!in_range(seconds)) return std::nullopt;
  return Timestamp{seconds, static_cast<std::uint32_t>(nanoseconds)};
}

// From the format's text to steps.
class TimeFormat::Compiler {
 public:
  explicit Compiler(std::string_view format) : format_(format) {}

  std::optional<Error> compile(std::vector<Step>& steps) {
    for (at_ = 0; at_ < format_.size(); ++at_) {
      const char c = format_[at_];
      if (is_space(c)) {
        steps.push_back({' '});
      } else if (c != '%') {
        steps.push_back({'\'', c});
      } else if (std::optional<Error> error = directive(steps)) {
        return error;
      }
    }
    const auto has = [&](char wanted) {
      return std::any_of(steps.begin(), steps.end(), [&](const Step& step) { return step.directive == wanted; });
    };
    if (!has('s') && !has('j') && !(has('d') && (has('m') || has('b')))) {
      return Error{"the format has no date: add %d and %m (or %b), %j, %F or %s", 0};
    }
    return std::nullopt;
  }

 private:
  std::optional<Error> directive(std::vector<Step>& steps) {
    const std::size_t start = at_++;
    signed char digits = 0;
    bool with_point = false;
    if (at_ < format_.size() && (format_[at_] == '-' || format_[at_] == 'E' || format_[at_] == 'O')) ++at_;
    if (at_ < format_.size() && format_[at_] == '.') with_point = true, ++at_;
    if (at_ < format_.size() && format_[at_] >= '1' && format_[at_] <= '9') {
      digits = static_cast<signed char>(format_[at_++] - '0');
    }
    if (at_ + 1 < format_.size() && format_[at_] == ':' && format_[at_ + 1] == 'z') ++at_;
    if (at_ >= format_.size()) return Error{"a directive is missing after `%`; write `%%` for a percent sign", start};
    const char c = format_[at_];
    const bool is_fraction = c == 'f' || c == 'L' || c == 'N';
    if ((digits != 0 || with_point) && !is_fraction) {
      return Error{"only fractions of a second take a point or a number of digits: %f, %3f, %.f", start};
    }
    if (is_fraction) {
      steps.push_back({with_point ? '.' : 'f', 0, digits});
      return std::nullopt;
    }
    if (const std::string_view longer = expansion(c); !longer.empty()) {
      return Compiler(longer).expand(steps);
    }
    const std::string_view known = "YymdHMSjIpsz";
    const std::string_view same = "Z%";
    if (known.find(c) != std::string_view::npos || same.find(c) != std::string_view::npos) {
      steps.push_back({c});
    } else if (c == 'b' || c == 'B' || c == 'h') {
      steps.push_back({'b'});
    } else if (c == 'a' || c == 'A') {
      steps.push_back({'a'});
    } else if (c == 'e') {
      steps.push_back({'d'});
    } else if (c == 'k') {
      steps.push_back({'H'});
    } else if (c == 'l') {
      steps.push_back({'I'});
    } else if (c == 'P') {
      steps.push_back({'p'});
    } else if (c == 'n' || c == 't') {
      steps.push_back({' '});
    } else {
      return Error{"unknown directive `%" + std::string(1, c) + "`", start};
    }
    return std::nullopt;
  }

  std::optional<Error> expand(std::vector<Step>& steps) {
    for (at_ = 0; at_ < format_.size(); ++at_) {
      if (format_[at_] == '%') {
        (void)directive(steps);
      } else {
        steps.push_back(format_[at_] == ' ' ? Step{' '} : Step{'\'', format_[at_]});
      }
    }
    return std::nullopt;
  }

  static std::string_view expansion(char c) {
    switch (c) {
      case 'T':
        return "%H:%M:%S";
      case 'R':
        return "%H:%M";
      case 'r':
        return "%I:%M:%S %p";
      case 'D':
        return "%m/%d/%y";
      case 'F':
        return "%Y-%m-%d";
      case 'c':
        return "%a %b %d %H:%M:%S %Y";
      case 'v':
        return "%d-%b-%Y";
      default:
        return {};
    }
  }

  std::string_view format_;
  std::size_t at_ = 0;
};

// Runs steps over a text.
class TimeFormat::Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool take(const Step& step) {
    switch (step.directive) {
      case ' ':
        skip_spaces();
        return true;
      case '\'':
        return take_literal(step.literal);
      case '%':
        return take_literal('%');
      case 'Y':
        time_.has_year = true;
        return number(4, time_.year) && time_.year > 0;
      case 'y':
        time_.has_year = true;
        if (!number(2, time_.year)) return false;
        time_.year += time_.year < 69 ? 2000 : 1900;  // as POSIX has it
        return true;
      case 'm':
        return small_number(2, time_.month);
      case 'd':
        return small_number(2, time_.day) && time_.day > 0;
      case 'H':
      case 'I':
        return small_number(2, time_.hour) && (step.directive == 'H' || (time_.hour >= 1 && time_.hour <= 12));
      case 'M':
        return small_number(2, time_.minute);
      case 'S':
        return small_number(2, time_.second);
      case 'j':
        return small_number(3, time_.day_of_year) && time_.day_of_year > 0;
      case 'b':
        time_.month = take_name(text_, kMonths) + 1;
        return time_.month > 0;
      case 'a':
        return take_name(text_, kWeekdays) >= 0;
      case 'p':
        return take_half_of_day();
      case 'z':
        time_.has_offset = true;
        return take_offset(text_, time_.offset);
      case 'Z':
        time_.has_offset = true;
        return take_zone_name(text_, time_.offset);
      case '.':
        if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !is_digit(text_[1])) return true;
        text_.remove_prefix(1);
        return take_digits(step);
      case 'f':
        return take_digits(step);
      case 's':
        return take_epoch();
      default:
        return false;
    }
  }

  std::optional<Timestamp> finish(const TimeContext& context) {
    if (!text_.empty()) return std::nullopt;
    if (half_ != Half::none) time_.hour = time_.hour % 12 + (half_ == Half::after_noon ? 12 : 0);
    if (!epoch_) return time_.instant(context);
    if (!in_range(epoch_->seconds)) return std::nullopt;
    return Timestamp{epoch_->seconds, time_.nanoseconds};
  }

 private:
  enum class Half { none, before_noon, after_noon };

  void skip_spaces() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }
  bool take_literal(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool number(std::size_t at_most, std::int64_t& value) {
    skip_spaces();  // numbers may be padded with blanks
    std::size_t count = 0;
    value = 0;
    for (; count < text_.size() && count < at_most && is_digit(text_[count]); ++count) {
      value = value * 10 + (text_[count] - '0');
    }
    text_.remove_prefix(count);
    return count > 0;
  }
  bool small_number(std::size_t at_most, int& value) {
    std::int64_t wide = 0;
    if (!number(at_most, wide)) return false;
    value = static_cast<int>(wide);
    return true;
  }
  bool take_digits(const Step& step) {
    const std::size_t before = text_.size();
    const std::optional<std::uint32_t> fraction =
        take_fraction(text_, step.digits == 0 ? std::string_view::npos : static_cast<std::size_t>(step.digits));
    if (!fraction) return false;
    time_.nanoseconds = *fraction;
    return step.digits == 0 || before - text_.size() == static_cast<std::size_t>(step.digits);
  }
  bool take_half_of_day() {
    if (text_.size() < 2 || lower(text_[1]) != 'm') return false;
    const char c = lower(text_[0]);
    if (c != 'a' && c != 'p') return false;
    half_ = c == 'a' ? Half::before_noon : Half::after_noon;
    text_.remove_prefix(2);
    return true;
  }
  bool take_epoch() {
    std::size_t length = !text_.empty() && text_.front() == '-' ? 1 : 0;
    while (length < text_.size() && is_digit(text_[length])) ++length;
    epoch_ = read_epoch(text_.substr(0, length), EpochUnit::seconds);
    text_.remove_prefix(length);
    return epoch_.has_value();
  }

  std::string_view text_;
  WrittenTime time_;
  Half half_ = Half::none;
  std::optional<Timestamp> epoch_;
};

const std::vector<std::string>& TimeFormat::names() {
  static const std::vector<std::string> names = {"auto",    "rfc3339", "unix",    "unix_ms", "unix_us",
                                                 "unix_ns", "rfc2822", "rfc3164", "clf"};
  return names;
}

std::variant<TimeFormat, TimeFormat::Error> TimeFormat::compile(std::string_view format, TimeContext context) {
  TimeFormat result;
  result.text_ = std::string(format);
  result.context_ = std::move(context);
  constexpr std::pair<std::string_view, EpochUnit> kUnits[] = {{"unix", EpochUnit::seconds},
                                                               {"unix_ms", EpochUnit::milliseconds},
                                                               {"unix_us", EpochUnit::microseconds},
                                                               {"unix_ns", EpochUnit::nanoseconds}};
  if (format == "auto") return result;
  if (format == "rfc3339") {
    result.kind_ = Kind::iso;
    return result;
  }
  for (const auto& [name, unit] : kUnits) {
    if (format != name) continue;
    result.kind_ = Kind::epoch;
    result.unit_ = unit;
    return result;
  }
  result.kind_ = Kind::pattern;
  if (format == "rfc2822") {
    format = "%a, %d %b %Y %H:%M:%S %z";
  } else if (format == "rfc3164") {
    format = "%b %d %H:%M:%S";
  } else if (format == "clf") {
    format = "%d/%b/%Y:%H:%M:%S %z";
  } else if (format.find('%') == std::string_view::npos) {
    return Error{"unknown time format `" + std::string(format) +
                     "`: expected auto, rfc3339, unix, unix_ms, unix_us, unix_ns, rfc2822, rfc3164, clf, or a strptime "
                     "format such as %Y-%m-%d %H:%M:%S",
                 0};
  }
  if (std::optional<Error> error = Compiler(format).compile(result.steps_)) return *error;
  return result;
}

std::optional<Timestamp> TimeFormat::run(const std::vector<Step>& steps, std::string_view text,
                                         const TimeContext& context) {
  Reader reader(text);
  for (const Step& step : steps) {
    if (!reader.take(step)) return std::nullopt;
  }
  return reader.finish(context);
}

namespace {

// What `auto` tries for texts that are neither ISO 8601 nor numbers.
constexpr std::string_view kGuesses[] = {
    "%d/%b/%Y:%H:%M:%S %z",      // web servers
    "%a, %d %b %Y %H:%M:%S %z",  // RFC 2822
    "%a, %d %b %Y %H:%M:%S %Z",  // HTTP
    "%a %b %d %H:%M:%S%.f %Y",   // asctime, Apache's error log
    "%a %b %d %H:%M:%S %Z %Y",   // date(1)
    "%b %d %Y %H:%M:%S%.f",      // Cisco with a year
    "%b %d %H:%M:%S%.f",         // RFC 3164
    "%Y%m%dT%H%M%S%.f%z",        // ISO 8601 basic
    "%Y%m%dT%H%M%S%.f",         "%Y-%m-%d",
};

}  // namespace

const std::vector<TimeFormat::Guess>& TimeFormat::guesses() {
  // Compiled once per process: the formats are constants.
  static const std::vector<Guess> guesses = [] {
    std::vector<Guess> all;
    for (const std::string_view format : kGuesses) {
      all.push_back({format, {}});
      (void)Compiler(format).compile(all.back().steps);
    }
    return all;
  }();
  return guesses;
}

std::optional<Timestamp> TimeFormat::parse_automatically(std::string_view text) const {
  if (text.empty()) return std::nullopt;
  if (text.find_first_not_of("-0123456789.") == std::string_view::npos) {
    if (std::optional<Timestamp> time = read_epoch(text, EpochUnit::detected)) return time;
  }
  std::string_view rest = text;
  if (const std::optional<WrittenTime> time = read_iso_time(rest); time && rest.empty()) return time->instant(context_);
  for (const Guess& guess : guesses()) {
    if (std::optional<Timestamp> time = run(guess.steps, text, context_)) return time;
  }
  return std::nullopt;
}

std::optional<Timestamp> TimeFormat::parse(std::string_view text) const {
  switch (kind_) {
    case Kind::automatic:
      return parse_automatically(text);
    case Kind::iso: {
      const std::optional<WrittenTime> time = read_iso_time(text);
      return time && text.empty() ? time->instant(context_) : std::nullopt;
    }
    case Kind::epoch:
      return read_epoch(text, unit_);
    case Kind::pattern:
      return run(steps_, text, context_);
  }
  return std::nullopt;
}

std::optional<Timestamp> TimeFormat::convert(const Value& value) const {
  char buffer[400];  // a double in full takes up to 309 digits and its sign
  switch (value.type()) {
    case record::Type::timestamp:
      return value.as_timestamp();
    case record::Type::string:
      return parse(value.text());
    case record::Type::int64: {
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, value.as_int64()).ptr;
      return read_epoch({buffer, static_cast<std::size_t>(end - buffer)}, unit_);
    }
    case record::Type::uint64: {
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, value.as_uint64()).ptr;
      return read_epoch({buffer, static_cast<std::size_t>(end - buffer)}, unit_);
    }
    case record::Type::float64: {
      // By way of the shortest text, so that 1700000000.123 gives 123 milliseconds exactly.
      const auto [end, error] =
          std::to_chars(buffer, buffer + sizeof buffer, value.as_float64(), std::chars_format::fixed);
      if (error != std::errc()) return std::nullopt;
      return read_epoch({buffer, static_cast<std::size_t>(end - buffer)}, unit_);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace sluice::stages
