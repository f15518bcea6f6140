// Timestamps and durations (langdef.md "Timestamps", "Durations").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "record/value.hpp"

namespace sluice::expression {

// RFC 3339; more than nine digits of a fraction are cut. The result may be out of range.
std::optional<record::Timestamp> parse_timestamp(std::string_view text);
// Years 1 to 9999.
bool in_range(const record::Timestamp& time);

// [+-] { number unit } with the units h m s ms us µs ns, or "0". Absent and `range` set when it does not fit 64 bits of
// nanoseconds.
std::optional<record::Duration> parse_duration(std::string_view text, bool& range);

// Nanoseconds, absent if they do not fit.
std::optional<std::int64_t> to_nanoseconds(const record::Duration& duration);
record::Duration from_nanoseconds(std::int64_t nanoseconds);

// Absent when out of range.
std::optional<record::Timestamp> add(const record::Timestamp& time, std::int64_t nanoseconds);
std::optional<std::int64_t> subtract(const record::Timestamp& a, const record::Timestamp& b);

}  // namespace sluice::expression
