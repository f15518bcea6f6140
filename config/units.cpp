#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace sluice::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Binary units first: format_size prefers them where both are equally short.
constexpr std::array<Unit, 9> kSizeUnits{{{"TiB", 1ULL << 40},
                                          {"GiB", 1ULL << 30},
                                          {"MiB", 1ULL << 20},
                                          {"KiB", 1ULL << 10},
                                          {"TB", 1'000'000'000'000ULL},
                                          {"GB", 1'000'000'000ULL},
                                          {"MB", 1'000'000ULL},
                                          {"kB", 1000ULL},
                                          {"B", 1ULL}}};

// Largest first, as they must follow one another in a text.
constexpr std::array<Unit, 7> kDurationUnits{{{"d", 86'400'000'000'000ULL},
                                              {"h", 3'600'000'000'000ULL},
                                              {"m", 60'000'000'000ULL},
                                              {"s", 1'000'000'000ULL},
                                              {"ms", 1'000'000ULL},
                                              {"us", 1000ULL},
                                              {"ns", 1ULL}}};

constexpr std::uint64_t kMaximum = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

// A decimal number without sign, cut off the front of `text`.
struct Decimal {
  std::uint64_t whole = 0;
  long double fraction = 0;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.whole);
  if (error != std::errc() || text.empty() || !is_digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.size() > 1 && text[0] == '.' && is_digit(text[1])) {
    text.remove_prefix(1);
    long double place = 0.1L;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), place /= 10) {
      result.fraction += place * static_cast<long double>(text.front() - '0');
    }
  }
  return result;
}

std::optional<std::uint64_t> scale(const Decimal& number, std::uint64_t factor) {
  if (number.whole > kMaximum / factor) return std::nullopt;
  const auto part = static_cast<std::uint64_t>(std::round(number.fraction * static_cast<long double>(factor)));
  const std::uint64_t whole = number.whole * factor;
  if (part > kMaximum - whole) return std::nullopt;
  return whole + part;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Cuts the letters of a unit off the front.
std::string_view take_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length])) ++length;
  const std::string_view unit = text.substr(0, length);
  text.remove_prefix(length);
  return unit;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  text = trim(text);
  const auto number = take_decimal(text);
  if (!number) return std::nullopt;
  text = trim(text);
  if (text.empty()) return number->fraction == 0 ? scale(*number, 1) : std::nullopt;
  for (const Unit& unit : kSizeUnits) {
    if (equal_ignoring_case(text, unit.name)) return scale(*number, unit.factor);
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  text = trim(text);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto number = take_decimal(text);
    if (!number) return std::nullopt;
    std::string_view name = take_unit(text);
    if (name == "µs" || name == "μs") name = "us";
    const auto unit = std::find_if(kDurationUnits.begin() + static_cast<std::ptrdiff_t>(next_unit),
                                   kDurationUnits.end(), [name](const Unit& known) { return known.name == name; });
    if (unit == kDurationUnits.end()) return std::nullopt;
    next_unit = static_cast<std::size_t>(unit - kDurationUnits.begin()) + 1;
    const auto part = scale(*number, unit->factor);
    if (!part || *part > kMaximum - total) return std::nullopt;
    total += *part;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::optional<Rate> parse_rate(std::string_view text) {
  text = trim(text);
  const auto number = take_decimal(text);
  if (!number || number->whole > kMaximum) return std::nullopt;
  text = trim(text);
  if (text.empty() || text.front() != '/') return std::nullopt;
  text = trim(text.substr(1));
  if (text.empty()) return std::nullopt;
  const auto period = is_digit(text.front()) ? parse_duration(text) : parse_duration("1" + std::string(text));
  if (!period || period->count() <= 0) return std::nullopt;
  return Rate{static_cast<double>(static_cast<long double>(number->whole) + number->fraction), *period};
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  std::string best = fmt::format("{}B", bytes);
  for (const Unit& unit : kSizeUnits) {
    if (bytes % unit.factor != 0) continue;
    std::string text = fmt::format("{}{}", bytes / unit.factor, unit.name);
    if (text.size() < best.size()) best = std::move(text);
  }
  return best;
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0";
  for (const Unit& unit : kDurationUnits) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (count % factor == 0) return fmt::format("{}{}", count / factor, unit.name);
  }
  return fmt::format("{}ns", count);
}

std::string format_rate(Rate rate) {
  const std::string period = format_duration(rate.period);
  // "1s" is written "s": one of a unit needs no number.
  const bool one = period.size() > 1 && period[0] == '1' && !is_digit(period[1]);
  return fmt::format("{}/{}", rate.count, one ? period.substr(1) : period);
}

std::string format_rough_size(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; bytes >= 999.95 && unit < 6; bytes /= 1000) ++unit;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

double in_seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace sluice::config
