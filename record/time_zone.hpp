// Time zones by their IANA names, from the system's zone files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::record {

// The rules of one zone. Immutable, so many threads may read it.
class TimeZone {
 public:
  static constexpr const char* kDirectory = "/usr/share/zoneinfo";

  // UTC.
  TimeZone() = default;
  // A fixed number of seconds east of UTC.
  static TimeZone fixed(std::int32_t offset);

  // The zone that `name` means: an IANA name ("Europe/Berlin"), "UTC", "GMT", "Z", an offset ("+02:00", "-0330",
  // "+05"), or "local" (the host's zone, /etc/localtime). Null when there is none of that name or its file cannot be
  // read. Reads a file: keep the result.
  static std::shared_ptr<const TimeZone> load(std::string_view name, const std::string& directory = kDirectory);

  // The zone that the bytes of a TZif file describe (RFC 8536); null when they are not well formed.
  static std::shared_ptr<const TimeZone> parse(std::string_view bytes);

  // Seconds east of UTC at an instant.
  std::int32_t offset_at(std::int64_t utc_seconds) const;

  // The instant at which the zone's clocks show `local_seconds` (counted as if they were UTC). A time that the clocks
  // show twice means the first; one that they skip is taken by the offset before the gap, so 02:30 becomes 03:30.
  std::int64_t to_utc(std::int64_t local_seconds) const;

  bool is_fixed() const { return transitions_.empty() && !rule_.has_daylight; }

 private:
  struct Transition {
    std::int64_t at;      // UTC
    std::int32_t offset;  // from then on
  };
  // A day of the year at which clocks change (RFC 8536 section 3.3, POSIX TZ).
  struct Change {
    enum class Kind : char { month_week_day, julian, zero_based };
    Kind kind = Kind::month_week_day;
    int month = 0;
    int week = 0;
    int day = 0;
    std::int32_t time = 7200;  // seconds after midnight, local time before the change
    std::int64_t in_year(std::int64_t year) const;
  };
  // What holds after the last transition.
  struct Rule {
    std::int32_t standard = 0;
    std::int32_t daylight = 0;
    bool has_daylight = false;
    Change start;
    Change end;
    std::int32_t offset_at(std::int64_t utc_seconds) const;
  };
  class RuleReader;

  static bool parse_rule(std::string_view text, Rule& rule);

  std::vector<Transition> transitions_;
  std::int32_t before_ = 0;  // the offset before the first transition
  Rule rule_;
  bool has_rule_ = true;
};

// "+02:00", "-0330", "+05", "Z": seconds east of UTC. False when it is no such offset or 24 hours or more.
bool parse_offset(std::string_view text, std::int32_t& seconds);

}  // namespace sluice::record
