#include "daemon/admin/table_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "config/text.hpp"

namespace sluice::daemon {

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) columns += config::display_width(config::next_code_point(text, at));
  return columns;
}

std::string cut(std::string_view text, std::size_t width) {
  const std::string shown = config::printable(text);
  if (columns_of(shown) <= width) return shown;
  if (width == 0) return {};
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < shown.size()) {
    std::size_t next = end;
    columns += config::display_width(config::next_code_point(shown, next));
    if (columns > width - 1) break;
    end = next;
  }
  return shown.substr(0, end) + "~";
}

std::string left(std::string_view text, std::size_t width) {
  const std::string fitting = cut(text, width);
  return fitting + std::string(width - columns_of(fitting), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  const std::string fitting = cut(text, width);
  return std::string(width - columns_of(fitting), ' ') + fitting;
}

std::string short_number(double value) {
  constexpr std::array<std::string_view, 6> kUnits{"", "k", "M", "G", "T", "P"};
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < kUnits.size(); value /= 1000) ++unit;
  const int digits = value == 0 || value >= 99.95 ? 0 : value >= 9.995 || unit == 0 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, digits, kUnits[unit]);
}

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string long_duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 60) return fmt::format("{:.0f} s", std::floor(seconds));
  const auto minutes = static_cast<std::uint64_t>(seconds / 60);
  if (minutes < 60) return fmt::format("{} min", minutes);
  const std::uint64_t hours = minutes / 60;
  return hours < 48 ? fmt::format("{} h {} min", hours, minutes % 60)
                    : fmt::format("{} d {} h", hours / 24, hours % 24);
}

}  // namespace sluice::daemon
