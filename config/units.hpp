// Sizes, durations and rates as they are written in a configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// So many events in so long a time. `count` may be fractional ("0.5/s"); `period` is positive.
struct Rate {
  double count = 0;
  std::chrono::nanoseconds period = std::chrono::seconds(1);

  double per_second() const { return count * 1e9 / static_cast<double>(period.count()); }
  bool operator==(const Rate&) const = default;
};

// "512", "512B", "64KiB", "1MB", "1.5GiB": bytes; kB, MB, GB, TB are powers of 1000 and KiB, MiB, GiB, TiB powers of
// 1024, in any case. Nothing when it is no size or more than 2^63 - 1 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "0", "250ms", "5s", "1.5s", "2m", "1h30m", "7d"; units ns us ms s m h d, largest first, each at most once. Only zero
// goes without a unit. Nothing when it is no duration, negative, or does not fit 64 bits of nanoseconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// "100/s", "5/m", "1000/h", "20/500ms": a number, a slash, a unit or a duration.
std::optional<Rate> parse_rate(std::string_view text);

// A short exact spelling that the parser above reads back to the same value: "256KiB", "1500ms", "100/s".
std::string format_size(std::uint64_t bytes);
std::string format_duration(std::chrono::nanoseconds duration);
std::string format_rate(Rate rate);

// For reports, where a few digits are enough: "999 B", "1.3 GB".
std::string format_rough_size(double bytes);

double in_seconds(std::chrono::nanoseconds duration);

}  // namespace sluice::config
