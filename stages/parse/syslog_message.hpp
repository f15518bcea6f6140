// The two shapes of syslog messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stages/parse/format.hpp"
#include "stages/parse/parse_options.hpp"
#include "stages/parse/time.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// Whether facility and severity are written as the numbers of RFC 5424 section 6.2.1 or as their usual names.
enum class PriorityNames : bool { numbers, words };

// What all syslog formats share.
struct SyslogSettings {
  PriorityNames priority = PriorityNames::numbers;
  TimeContext times;  // zone and year of times that state none (RFC 3164)
};

// `facility`, `severity`, `time`, `hostname`, `appname`, `procid`, `msgid`, `structured_data` (a map of maps) and
// `message` of a message as RFC 5424 section 6 defines it; what is nil (`-`) is left out. A parameter that comes
// several times in an element (section 6.3.3) becomes a list; elements of one id are one.
ParseFailure read_rfc5424(std::string_view text, const SyslogSettings& settings, record::Arena& arena,
                          FieldsBuilder& fields);

// `facility`, `severity`, `time`, `hostname`, `appname`, `procid` and `message` of a message in the older way, which
// RFC 3164 describes rather than defines. Accepted besides: no PRI; blanks after it; a year after the day or the time;
// a fraction of a second; an RFC 3339 time; Cisco's sequence number, `*` or `.` before and zone or colon after the
// time; no hostname; no time, if there is a PRI.
ParseFailure read_rfc3164(std::string_view text, const SyslogSettings& settings, record::Arena& arena,
                          FieldsBuilder& fields);

// Whether the text begins as RFC 5424 demands: a PRI, the version 1, and a time or `-`.
bool looks_like_rfc5424(std::string_view text);

// The options of the three formats. `year` is an option of those that read RFC 3164.
std::vector<config::Option> syslog_options();
config::Option year_option();

// What tells the three formats apart. `which` says how it would read a text, if there is more than one way.
struct SyslogReader {
  ParseFailure (*read)(std::string_view text, const SyslogSettings& settings, record::Arena& arena,
                       FieldsBuilder& fields);
  bool has_year = false;  // the variant declares year_option()
  std::string (*which)(std::string_view text) = nullptr;
};
// The stage for one of them, with the options above.
AnyStage make_syslog_stage(SyslogReader reader, const config::Settings& settings, Workshop& workshop);

// `<191>` at the front, which is removed. False if there is none, or its number is above 191 (RFC 5424 section 6.2.1).
bool take_priority(std::string_view& text, int& priority);
void add_priority(int priority, PriorityNames names, FieldsBuilder& fields);

}  // namespace sluice::stages
