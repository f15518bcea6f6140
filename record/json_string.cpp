#include "record/json_string.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

namespace sluice::record {

namespace {

constexpr char32_t kReplacement = 0xfffd;

std::uint32_t hex4(const char* p) {
  std::uint32_t code = 0;
  std::from_chars(p, p + 4, code, 16);
  return code;
}

bool is_high_surrogate(char32_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low_surrogate(char32_t code) { return code >= 0xdc00 && code < 0xe000; }

// `p` behind "\u"; moves it behind the escape, or behind both escapes of a surrogate pair.
char32_t unicode_escape(const char*& p, const char* end) {
  const char32_t code = hex4(p);
  p += 4;
  if (is_low_surrogate(code)) return kReplacement;
  if (!is_high_surrogate(code)) return code;
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return kReplacement;
  const char32_t low = hex4(p + 2);
  if (!is_low_surrogate(low)) return kReplacement;
  p += 6;
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;  // the quote, the backslash and the slash stand for themselves
  }
}

}  // namespace

std::size_t write_utf8(char* to, char32_t code) {
  if (code < 0x80) {
    to[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    to[0] = static_cast<char>(0xc0 | (code >> 6));
    to[1] = static_cast<char>(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    to[0] = static_cast<char>(0xe0 | (code >> 12));
    to[1] = static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    to[2] = static_cast<char>(0x80 | (code & 0x3f));
    return 3;
  }
  to[0] = static_cast<char>(0xf0 | (code >> 18));
  to[1] = static_cast<char>(0x80 | ((code >> 12) & 0x3f));
  to[2] = static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  to[3] = static_cast<char>(0x80 | (code & 0x3f));
  return 4;
}

std::string_view unescape_json(std::string_view text, Arena& arena) {
  // Never longer than the text: the shortest escape of n bytes of UTF-8 has more than n bytes.
  char* const start = static_cast<char*>(arena.allocate(text.size() + 1, 1));
  char* to = start;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    if (*p != '\\') {
      *to++ = *p++;
    } else if (p[1] == 'u') {
      p += 2;
      to += write_utf8(to, unicode_escape(p, end));
    } else {
      *to++ = simple_escape(p[1]);
      p += 2;
    }
  }
  return {start, static_cast<std::size_t>(to - start)};
}

double parse_json_double(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ec != std::errc::result_out_of_range) return value;
  // Too large or too small? from_chars does not say. The exponent decides in all but contrived cases: compare the
  // decimal magnitude of the first non-zero digit.
  const bool negative = text.front() == '-';
  long magnitude = 0;
  bool seen_digit = false;
  bool seen_point = false;
  std::size_t i = negative ? 1 : 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      seen_point = true;
    } else if (seen_digit || text[i] != '0') {
      seen_digit = true;
      if (!seen_point) ++magnitude;
    } else if (seen_point) {
      --magnitude;
    }
  }
  if (i < text.size()) {
    long exponent = 0;
    ++i;
    const bool below = text[i] == '-';
    if (text[i] == '+' || text[i] == '-') ++i;
    const auto parsed = std::from_chars(text.data() + i, end, exponent);
    if (parsed.ec != std::errc()) exponent = std::numeric_limits<long>::max() / 2;
    magnitude += below ? -exponent : exponent;
  }
  value = magnitude > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return negative ? -value : value;
}

}  // namespace sluice::record
