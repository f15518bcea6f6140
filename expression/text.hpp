// UTF-8 and number texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::expression {

// The number of code points: of bytes that do not continue one, so that invalid text has a length too.
std::size_t code_point_count(std::string_view text);
// The byte offset of the code point with this index; text.size() if index is the count, npos if beyond.
std::size_t code_point_offset(std::string_view text, std::size_t index);
// The first code point and its length in bytes; an invalid byte counts as one code point, U+FFFD. `text` is not empty.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;
  bool valid = true;
};
CodePoint decode_code_point(std::string_view text);
bool is_valid_utf8(std::string_view text);
// Appends the UTF-8 form to `out`, which has room for 4 bytes; the number of bytes.
std::size_t encode_code_point(char32_t value, char* out);
// Unicode's White_Space property (PropList.txt).
bool is_white_space(char32_t value);

// Decimal text to double as CEL and strtod in the C locale do: too small is 0, too large is an infinity. Absent if the
// text is not a number as a whole. Takes "NaN", "Infinity" and "inf" with a sign too.
std::optional<double> parse_double(std::string_view text);
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);
// Shortest text that reads back the same; "NaN", "Infinity", "-Infinity". At most 32 bytes are written to `out`.
std::size_t write_double_text(double value, char* out);

// The nearest of `candidates` to `name` if it is near enough to be a slip of the pen, else "".
template <class Range>
std::string_view nearest_name(std::string_view name, const Range& candidates);
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string_view nearest_name(std::string_view name, const Range& candidates) {
  std::string_view best;
  std::size_t best_distance = name.size() < 4 ? 2 : name.size() / 3 + 2;
  for (std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace sluice::expression
