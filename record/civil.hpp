// Days and dates of the proleptic Gregorian calendar, small enough to inline into parsers.
#pragma once

#include <cstdint>

namespace sluice::record {

constexpr bool is_leap_year(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// `month` is 1 to 12.
constexpr int days_in_month(std::int64_t year, int month) {
  constexpr signed char kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[month - 1];
}

// Days from 1970-01-01 to that date; any year that fits, months 1 to 12, days 1 to 31 (not checked).
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  constexpr std::int16_t kBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const std::int64_t last = year - 1;
  const std::int64_t floor4 = last >= 0 ? last / 4 : -((3 - last) / 4);
  const std::int64_t floor100 = last >= 0 ? last / 100 : -((99 - last) / 100);
  const std::int64_t floor400 = last >= 0 ? last / 400 : -((399 - last) / 400);
  return 365 * last + floor4 - floor100 + floor400 - 719162 + kBefore[month - 1] + (month > 2 && is_leap_year(year)) +
         day - 1;
}

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
};

// The date of the day that lies that many days after 1970-01-01.
constexpr CivilDate civil_from_days(std::int64_t days) {
  // Years are counted from March, so that the leap day is the last of its year; 146,097 days are 400 years.
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const auto day_of_year = static_cast<int>(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
  const int shifted = (5 * day_of_year + 2) / 153;  // months since March
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1};
}

// 0 is Sunday.
constexpr int weekday_from_days(std::int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }

}  // namespace sluice::record
