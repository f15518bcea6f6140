// How times are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "record/buffer.hpp"
#include "record/json_writer.hpp"
#include "stages/parse/time.hpp"

namespace sluice::stages {
namespace {

std::int64_t in_november_2026() { return 1795515072; }           // 2026-11-24T10:11:12Z
std::int64_t on_new_years_morning() { return 1798761600 + 60; }  // 2027-01-01T00:01:00Z
std::int64_t on_new_years_eve() { return 1798761600 - 60; }      // 2026-12-31T23:59:00Z

std::string written(const std::optional<record::Timestamp>& time) {
  if (!time) return "none";
  record::Buffer out;
  record::write_timestamp(out, *time);
  return std::string(out.view());
}

std::string read_as(const std::string& format, const std::string& text, const std::string& zone = "UTC",
                    std::int64_t (*now)() = in_november_2026) {
  auto compiled = TimeFormat::compile(format, {record::TimeZone::load(zone), {0, now}});
  if (auto* error = std::get_if<TimeFormat::Error>(&compiled)) return error->message;
  return written(std::get<TimeFormat>(compiled).parse(text));
}

TEST(Time, Rfc3339OfEveryPrecision) {
  EXPECT_EQ(read_as("rfc3339", "2026-11-24T10:11:12Z"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24T10:11:12.5Z"), "2026-11-24T10:11:12.500Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24t10:11:12.123456789z"), "2026-11-24T10:11:12.123456789Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24T10:11:12.1234567891234Z"), "2026-11-24T10:11:12.123456789Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24T10:11:12.000001+05:30"), "2026-11-24T04:41:12.000001Z");
  EXPECT_EQ(read_as("rfc3339", "2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
  EXPECT_EQ(read_as("rfc3339", "0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
}

TEST(Time, IsoVariantsWithSpaceCommaAndWithoutOffset) {
  EXPECT_EQ(read_as("rfc3339", "2026-11-24 10:11:12,678"), "2026-11-24T10:11:12.678Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24 10:11:12 +0200"), "2026-11-24T08:11:12Z");
  EXPECT_EQ(read_as("rfc3339", "2026-11-24T10:11-03"), "2026-11-24T13:11:00Z");
  EXPECT_EQ(read_as("rfc3339", "2026/11/24 10:11:12"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("rfc3339", "2026-07-01 12:00:00", "Europe/Berlin"), "2026-07-01T10:00:00Z");
}

TEST(Time, WhatIsNoTimeIsRefused) {
  for (const char* text : {"", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24",
                           "2026-11-24T10:11:12+24:00", "2026-11-24T10:60:12Z", "2026-11-24T10:11:61Z", "2026-11-2",
                           "2026-11-24T10:11:12Zx", "0000-01-01T00:00:00Z", "x026-11-24T10:11:12Z"}) {
    EXPECT_EQ(read_as("rfc3339", text), "none") << text;
  }
}

TEST(Time, EpochInStatedAndDetectedUnits) {
  EXPECT_EQ(read_as("unix", "1700000000"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(read_as("unix", "1700000000.123456789"), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(read_as("unix", "-0.5"), "1969-12-31T23:59:59.500Z");
  EXPECT_EQ(read_as("unix_ms", "1700000000123"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(read_as("unix_us", "1700000000123456"), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(read_as("unix_ns", "1700000000123456789"), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(read_as("auto", "1700000000"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(read_as("auto", "1700000000123"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(read_as("auto", "1700000000123456"), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(read_as("auto", "1700000000123456789"), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(read_as("unix", "99999999999999"), "none");
  EXPECT_EQ(read_as("unix", "12x"), "none");
}

TEST(Time, NumbersAreConvertedAsTheirTexts) {
  const TimeFormat format;
  EXPECT_EQ(written(format.convert(record::Value::int64(1700000000))), "2023-11-14T22:13:20Z");
  EXPECT_EQ(written(format.convert(record::Value::float64(1700000000.123))), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(written(format.convert(record::Value::float64(1e300))), "none");
  EXPECT_EQ(written(format.convert(record::Value::boolean(true))), "none");
}

TEST(Time, StrptimeFormats) {
  EXPECT_EQ(read_as("%d.%m.%Y %H:%M:%S", "24.11.2026 10:11:12"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("%d/%b/%Y:%T %z", "24/nov/2026:10:11:12 -0130"), "2026-11-24T11:41:12Z");
  EXPECT_EQ(read_as("%A, %d-%b-%y %r", "Tuesday, 24-November-26 12:30:00 am"), "2026-11-24T00:30:00Z");
  EXPECT_EQ(read_as("%F %T.%f", "2026-11-24 10:11:12.25"), "2026-11-24T10:11:12.250Z");
  EXPECT_EQ(read_as("%F %T%.f", "2026-11-24 10:11:12"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("%F %T,%3f", "2026-11-24 10:11:12,250"), "2026-11-24T10:11:12.250Z");
  EXPECT_EQ(read_as("%F %T,%3f", "2026-11-24 10:11:12,25"), "none");
  EXPECT_EQ(read_as("%y%m%d %H%M%S", "081109 203615"), "2008-11-09T20:36:15Z");
  EXPECT_EQ(read_as("%Y-%j", "2024-366"), "2024-12-31T00:00:00Z");
  EXPECT_EQ(read_as("%s", "1700000000"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(read_as("%a %b %e %T %Z %Y", "Tue Nov  3 10:11:12 CET 2026"), "2026-11-03T09:11:12Z");
  EXPECT_EQ(read_as("%F", "2026-11-24 trailing"), "none");
}

TEST(Time, AFormatThatCannotWorkIsAnError) {
  EXPECT_THAT(read_as("%Q", ""), testing::HasSubstr("unknown directive `%Q`"));
  EXPECT_THAT(read_as("%H:%M", ""), testing::HasSubstr("no date"));
  EXPECT_THAT(read_as("%F %", ""), testing::HasSubstr("missing after `%`"));
  EXPECT_THAT(read_as("iso", ""), testing::HasSubstr("unknown time format `iso`"));
}

TEST(Time, AutoKnowsWhatLogsWrite) {
  EXPECT_EQ(read_as("auto", "24/Nov/2026:10:11:12 +0100"), "2026-11-24T09:11:12Z");
  EXPECT_EQ(read_as("auto", "Tue, 24 Nov 2026 10:11:12 GMT"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("auto", "Tue Nov 24 10:11:12.123456 2026"), "2026-11-24T10:11:12.123456Z");
  EXPECT_EQ(read_as("auto", "Nov  3 10:11:12"), "2026-11-03T10:11:12Z");
  EXPECT_EQ(read_as("auto", "20261124T101112Z"), "2026-11-24T10:11:12Z");
  EXPECT_EQ(read_as("auto", "2026-11-24"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(read_as("auto", "yesterday"), "none");
}

TEST(Time, LocalTimesAcrossTheChangesOfTheClock) {
  EXPECT_EQ(read_as("auto", "2026-03-29 02:30:00", "Europe/Berlin"), "2026-03-29T01:30:00Z");  // does not exist
  EXPECT_EQ(read_as("auto", "2026-10-25 02:30:00", "Europe/Berlin"), "2026-10-25T00:30:00Z");  // the first of two
  EXPECT_EQ(read_as("auto", "2060-07-01 12:00:00", "Europe/Berlin"), "2060-07-01T10:00:00Z");  // beyond the table
  EXPECT_EQ(read_as("auto", "2026-01-01 00:00:00", "Australia/Sydney"), "2025-12-31T13:00:00Z");
  EXPECT_EQ(read_as("auto", "2026-01-01 00:00:00", "-03:30"), "2026-01-01T03:30:00Z");
}

TEST(Time, TheYearIsGuessedAroundTheTurnOfTheYear) {
  EXPECT_EQ(read_as("rfc3164", "Dec 31 23:59:58", "UTC", on_new_years_morning), "2026-12-31T23:59:58Z");
  EXPECT_EQ(read_as("rfc3164", "Jan  1 00:00:30", "UTC", on_new_years_morning), "2027-01-01T00:00:30Z");
  EXPECT_EQ(read_as("rfc3164", "Jan  1 00:00:30", "UTC", on_new_years_eve), "2027-01-01T00:00:30Z");
  EXPECT_EQ(read_as("rfc3164", "Dec 31 23:58:00", "UTC", on_new_years_eve), "2026-12-31T23:58:00Z");
  EXPECT_EQ(read_as("rfc3164", "Feb 29 12:00:00", "UTC", on_new_years_eve), "2024-02-29T12:00:00Z");
  EXPECT_EQ(read_as("rfc3164", "Feb 30 12:00:00", "UTC", on_new_years_eve), "none");
}

TEST(Time, AccessLogTimesAreCheckedByteByByte) {
  const std::string good = "10/Oct/2000:13:55:36 -0700";
  EXPECT_EQ(written(read_access_log_time(good)), "2000-10-10T20:55:36Z");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = '~';
    EXPECT_EQ(written(read_access_log_time(bad)), "none") << bad;
  }
  EXPECT_EQ(written(read_access_log_time("31/Feb/2000:13:55:36 -0700")), "none");
  EXPECT_EQ(written(read_access_log_time("00/Feb/2000:13:55:36 -0700")), "none");
}

TEST(Zone, UnknownNamesAndPathsAreRefused) {
  for (const char* name :
       {"", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "+25:00", "Europe//Berlin"}) {
    EXPECT_EQ(record::TimeZone::load(name), nullptr) << name;
  }
}

TEST(Zone, BrokenFilesAreRefused) {
  EXPECT_EQ(record::TimeZone::parse(""), nullptr);
  EXPECT_EQ(record::TimeZone::parse("TZif2"), nullptr);
  std::string huge = "TZif" + std::string(40, '\x7f');
  EXPECT_EQ(record::TimeZone::parse(huge), nullptr);
}

}  // namespace
}  // namespace sluice::stages
