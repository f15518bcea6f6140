#include "record/time_zone.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "record/civil.hpp"

namespace sluice::record {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::int64_t kDay = 86400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Big-endian integers (RFC 8536 section 3.1).
std::int64_t read_big_endian(const char* bytes, int size) {
  std::uint64_t value = static_cast<unsigned char>(bytes[0]) & 0x80 ? ~std::uint64_t{0} : 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(value);
}

// The counts of a TZif header (RFC 8536 section 3.1).
struct Header {
  static constexpr std::size_t kSize = 44;
  char version = 0;
  std::size_t ut_indicators = 0, standard_indicators = 0, leaps = 0, transitions = 0, types = 0, characters = 0;

  static bool read(std::string_view bytes, Header& header) {
    if (bytes.size() < kSize || bytes.substr(0, 4) != "TZif") return false;
    const auto count = [&](std::size_t index) {
      return static_cast<std::size_t>(read_big_endian(bytes.data() + 20 + 4 * index, 4) & 0xffffffff);
    };
    header = {bytes[4], count(0), count(1), count(2), count(3), count(4), count(5)};
    for (std::size_t index = 0; index < 6; ++index) {
      if (count(index) > kMaxFile) return false;
    }
    return true;
  }
  std::size_t body(std::size_t time_size) const {
    return transitions * (time_size + 1) + types * 6 + characters + leaps * (time_size + 4) + standard_indicators +
           ut_indicators;
  }
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::string bytes;
  char block[4096];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    bytes.append(block, static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > kMaxFile) return {};
  }
  return bytes;
}

// Names come from configuration and data: none may leave the directory.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '/' || name.front() == '.') return false;
  if (name.find("..") != std::string_view::npos || name.find("//") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+' || c == '.';
  });
}

}  // namespace

bool parse_offset(std::string_view text, std::int32_t& seconds) {
  if (text == "Z" || text == "z") {
    seconds = 0;
    return true;
  }
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return false;
  const auto two_digits = [&](std::size_t at, int& value) {
    if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return false;
    value = (text[at] - '0') * 10 + (text[at + 1] - '0');
    return true;
  };
  int hours = 0;
  int minutes = 0;
  if (!two_digits(1, hours)) return false;
  if (text.size() > 3) {
    const std::size_t at = text[3] == ':' ? 4 : 3;
    if (!two_digits(at, minutes) || text.size() != at + 2) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  seconds = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
  return true;
}

// Reads the TZ string of a footer: `CET-1CEST,M3.5.0,M10.5.0/3`.
class TimeZone::RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool read(Rule& rule) {
    if (!name() || !offset(rule.standard)) return false;
    rule.standard = -rule.standard;  // POSIX counts seconds west of Greenwich
    rule.has_daylight = false;
    if (text_.empty()) return true;
    if (!name()) return false;
    rule.daylight = rule.standard + 3600;
    if (!text_.empty() && text_.front() != ',') {
      if (!offset(rule.daylight)) return false;
      rule.daylight = -rule.daylight;
    }
    rule.has_daylight = true;
    return change(rule.start) && change(rule.end) && text_.empty();
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool name() {
    std::size_t length = 0;
    if (take('<')) {
      length = text_.find('>');
      if (length == std::string_view::npos || length < 1) return false;
      text_.remove_prefix(length + 1);
      return true;
    }
    while (length < text_.size() && is_letter(text_[length])) ++length;
    text_.remove_prefix(length);
    return length >= 3;
  }
  bool number(int& value) {
    std::size_t length = 0;
    value = 0;
    while (length < text_.size() && length < 4 && is_digit(text_[length])) value = value * 10 + (text_[length++] - '0');
    text_.remove_prefix(length);
    return length > 0;
  }
  // hh[:mm[:ss]] with a sign; RFC 8536 section 3.3.1 allows hours up to 167.
  bool offset(std::int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(hours) || hours > 167) return false;
    if (take(':') && (!number(minutes) || (take(':') && !number(rest)))) return false;
    if (minutes > 59 || rest > 59) return false;
    seconds = (hours * 3600 + minutes * 60 + rest) * (negative ? -1 : 1);
    return true;
  }
  bool change(Change& change) {
    if (!take(',')) return false;
    if (take('M')) {
      change.kind = Change::Kind::month_week_day;
      if (!number(change.month) || !take('.') || !number(change.week) || !take('.') || !number(change.day))
        return false;
      if (change.month < 1 || change.month > 12 || change.week < 1 || change.week > 5 || change.day > 6) return false;
    } else {
      change.kind = take('J') ? Change::Kind::julian : Change::Kind::zero_based;
      if (!number(change.day) || change.day > 365) return false;
      if (change.kind == Change::Kind::julian && change.day < 1) return false;
    }
    change.time = 7200;
    return !take('/') || offset(change.time);
  }

  std::string_view text_;
};

bool TimeZone::parse_rule(std::string_view text, Rule& rule) { return RuleReader(text).read(rule); }

// Seconds since the epoch of the change, by the local clock before it.
std::int64_t TimeZone::Change::in_year(std::int64_t year) const {
  std::int64_t days = 0;
  if (kind == Kind::month_week_day) {
    const std::int64_t first = days_from_civil(year, month, 1);
    int offset = (day - weekday_from_days(first) + 7) % 7 + (week - 1) * 7;
    if (offset >= days_in_month(year, month)) offset -= 7;  // week 5 means the last one
    days = first + offset;
  } else if (kind == Kind::julian) {  // day 1 to 365; February 29 is never counted
    days = days_from_civil(year, 1, 1) + day - 1 + (day > 59 && is_leap_year(year));
  } else {
    days = days_from_civil(year, 1, 1) + day;
  }
  return days * kDay + time;
}

std::int32_t TimeZone::Rule::offset_at(std::int64_t utc_seconds) const {
  if (!has_daylight) return standard;
  const std::int64_t local = utc_seconds + standard;
  const std::int64_t year = civil_from_days(local >= 0 ? local / kDay : (local - kDay + 1) / kDay).year;
  const std::int64_t begins = start.in_year(year) - standard;
  const std::int64_t ends = end.in_year(year) - daylight;
  const bool inside = begins <= ends ? utc_seconds >= begins && utc_seconds < ends  // northern hemisphere
                                     : utc_seconds >= begins || utc_seconds < ends;
  return inside ? daylight : standard;
}

TimeZone TimeZone::fixed(std::int32_t offset) {
  TimeZone zone;
  zone.before_ = offset;
  zone.rule_.standard = offset;
  return zone;
}

std::shared_ptr<const TimeZone> TimeZone::parse(std::string_view bytes) {
  Header header;
  if (!Header::read(bytes, header)) return nullptr;
  std::size_t time_size = 4;
  bytes.remove_prefix(Header::kSize);
  if (header.version >= '2') {  // the 64-bit data follow the 32-bit data (RFC 8536 section 3)
    if (bytes.size() < header.body(4)) return nullptr;
    bytes.remove_prefix(header.body(4));
    if (!Header::read(bytes, header)) return nullptr;
    bytes.remove_prefix(Header::kSize);
    time_size = 8;
  }
  if (bytes.size() < header.body(time_size) || header.types == 0) return nullptr;

  const char* times = bytes.data();
  const char* indices = times + header.transitions * time_size;
  const char* types = indices + header.transitions;
  const auto offset_of = [&](std::size_t type) {
    return static_cast<std::int32_t>(read_big_endian(types + 6 * type, 4));
  };
  TimeZone zone;
  zone.before_ = offset_of(0);
  zone.has_rule_ = false;
  zone.transitions_.reserve(header.transitions);
  for (std::size_t i = 0; i < header.transitions; ++i) {
    const std::size_t type = static_cast<unsigned char>(indices[i]);
    if (type >= header.types) return nullptr;
    const std::int64_t at = read_big_endian(times + i * time_size, static_cast<int>(time_size));
    if (i > 0 && at <= zone.transitions_.back().at) return nullptr;
    zone.transitions_.push_back({at, offset_of(type)});
  }
  bytes.remove_prefix(header.body(time_size));
  if (time_size == 8 && bytes.size() >= 2 && bytes.front() == '\n') {  // the footer (section 3.3)
    const std::size_t end = bytes.find('\n', 1);
    if (end == std::string_view::npos) return nullptr;
    if (end > 1) {
      if (!parse_rule(bytes.substr(1, end - 1), zone.rule_)) return nullptr;
      zone.has_rule_ = true;
    }
  }
  return std::make_shared<const TimeZone>(std::move(zone));
}

std::shared_ptr<const TimeZone> TimeZone::load(std::string_view name, const std::string& directory) {
  if (name == "UTC" || name == "GMT" || name == "utc") return std::make_shared<const TimeZone>();
  if (std::int32_t offset = 0; parse_offset(name, offset)) return std::make_shared<const TimeZone>(fixed(offset));
  if (name == "local") {
    const std::string bytes = read_file("/etc/localtime");
    return bytes.empty() ? std::make_shared<const TimeZone>() : parse(bytes);
  }
  if (!is_zone_name(name)) return nullptr;
  return parse(read_file(directory + "/" + std::string(name)));
}

std::int32_t TimeZone::offset_at(std::int64_t utc_seconds) const {
  if (transitions_.empty()) return has_rule_ ? rule_.offset_at(utc_seconds) : before_;
  if (utc_seconds >= transitions_.back().at) {
    return has_rule_ ? rule_.offset_at(utc_seconds) : transitions_.back().offset;
  }
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), utc_seconds,
                                      [](std::int64_t time, const Transition& t) { return time < t.at; });
  return after == transitions_.begin() ? before_ : std::prev(after)->offset;
}

std::int64_t TimeZone::to_utc(std::int64_t local_seconds) const {
  if (is_fixed()) return local_seconds - offset_at(local_seconds);
  // No zone changes its offset twice within two days.
  const std::int32_t before = offset_at(local_seconds - kDay);
  const std::int32_t after = offset_at(local_seconds + kDay);
  if (offset_at(local_seconds - before) == before) return local_seconds - before;
  if (offset_at(local_seconds - after) == after) return local_seconds - after;
  return local_seconds - before;
}

}  // namespace sluice::record
