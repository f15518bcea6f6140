// Text that fits into columns of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::daemon {

// Columns that a text without control characters takes.
std::size_t columns_of(std::string_view text);
// Cut to `width` columns (the last one is then `~`); printable.
std::string cut(std::string_view text, std::size_t width);
// The same, and blanks up to that width: behind it, or before it.
std::string left(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);

// Three digits and a unit: 0, 3.2, 312, 12.4k, 1.20M.
std::string short_number(double value);
// 1,234,567
std::string grouped(std::uint64_t value);
// "3.2 s", "42 s", "17 min", "5 h 10 min", "3 d 4 h"
std::string long_duration(double seconds);

}  // namespace sluice::daemon
