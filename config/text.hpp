// Small helpers for the wording of messages.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

// User text in backticks, for a message: control characters and invalid UTF-8 replaced, cut to a readable length.
std::string quote(std::string_view text);

// A text with everything that could disturb a terminal (control characters, invalid UTF-8) replaced by '?'; tabs become
// blanks.
std::string printable(std::string_view text);

// Columns that a code point takes on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji.
std::size_t display_width(char32_t code_point);

// Decodes the code point at `offset` and moves `offset` past it; a byte that is no valid UTF-8 comes back as U+FFFD.
char32_t next_code_point(std::string_view text, std::size_t& offset);

// The lines without their ends; what follows the last line end is a line if it is not empty.
std::vector<std::string_view> lines_of(std::string_view text);

// "a, b or c" with each name in backticks.
std::string alternatives(std::span<const std::string> names);

}  // namespace sluice::config
