// Scalars of JSON text: strings with escapes, doubles.
#pragma once

#include <cstddef>
#include <string_view>

#include "record/arena.hpp"

namespace sluice::record {

// What valid JSON string text (without its quotes) stands for, RFC 8259 section 7. Lone surrogates become U+FFFD.
std::string_view unescape_json(std::string_view text, Arena& arena);

// Writes `code_point` (a Unicode scalar value) as UTF-8 to `to`, which has room for 4 bytes; returns how many it took.
std::size_t write_utf8(char* to, char32_t code_point);

// A JSON number as the nearest double; beyond the range of double it is an infinity, or zero.
double parse_json_double(std::string_view text);

}  // namespace sluice::record
