#include "expression/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace sluice::expression {

namespace {
constexpr bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

std::size_t code_point_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::size_t code_point_offset(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  while (at < text.size() && is_continuation(text[at])) ++at;
  while (index > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
    --index;
  }
  return index == 0 ? at : std::string_view::npos;
}

CodePoint decode_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const CodePoint invalid{0xfffd, 1, false};
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return invalid;
  char32_t value = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return invalid;
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return invalid;
  return {value, length, true};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_code_point(text.substr(at));
    if (!point.valid) return false;
    at += point.length;
  }
  return true;
}

std::size_t encode_code_point(char32_t value, char* out) {
  const auto put = [&](std::size_t i, char32_t bits) { out[i] = static_cast<char>(bits); };
  if (value < 0x80) return put(0, value), 1;
  if (value < 0x800) return put(0, 0xc0 | (value >> 6)), put(1, 0x80 | (value & 0x3f)), 2;
  if (value < 0x10000) {
    return put(0, 0xe0 | (value >> 12)), put(1, 0x80 | ((value >> 6) & 0x3f)), put(2, 0x80 | (value & 0x3f)), 3;
  }
  put(0, 0xf0 | (value >> 18)), put(1, 0x80 | ((value >> 12) & 0x3f));
  return put(2, 0x80 | ((value >> 6) & 0x3f)), put(3, 0x80 | (value & 0x3f)), 4;
}

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

namespace {
std::optional<double> parse_special(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::string folded(text.substr(0, 9));
  if (text.size() > 8) return std::nullopt;
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  if (folded == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (folded != "inf" && folded != "infinity") return std::nullopt;
  const double infinity = std::numeric_limits<double>::infinity();
  return negative ? -infinity : infinity;
}
}  // namespace

std::optional<double> parse_double(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  const std::size_t sign = !digits.empty() && digits[0] == '-' ? 1 : 0;
  if (digits.size() <= sign || !((digits[sign] >= '0' && digits[sign] <= '9') || digits[sign] == '.')) {
    return parse_special(text);
  }
  if (sign == 1 && digits.size() != text.size()) return std::nullopt;  // "+-1"
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too small or too large: the exponent that is left after the first digit that counts tells which.
    const std::size_t exponent_at = digits.find_first_of("eE");
    const bool negative_exponent = exponent_at != std::string_view::npos && digits[exponent_at + 1] == '-';
    const bool small = negative_exponent || (exponent_at == std::string_view::npos && digits[sign] == '0') ||
                       (exponent_at == std::string_view::npos && digits[sign] == '.');
    value = small ? 0.0 : std::numeric_limits<double>::infinity();
    return sign == 1 ? -value : value;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_uint(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::size_t write_double_text(double value, char* out) {
  const auto put = [&](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return text.size();
  };
  if (std::isnan(value)) return put("NaN");
  if (std::isinf(value)) return put(value < 0 ? "-Infinity" : "Infinity");
  // Exponents only where plain digits would be long, as ECMAScript (and so JSON's readers) have it.
  const double magnitude = std::fabs(value);
  const bool plain = value == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  return static_cast<std::size_t>(std::to_chars(out, out + 32, value, format).ptr - out);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > 64 || b.size() > 64) return 64;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t change = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace sluice::expression
