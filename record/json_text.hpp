// Moving about in JSON text that is known to be valid: no checks, no allocation. Private to record/.
#pragma once

#include <cstring>
#include <string_view>

namespace sluice::record::json_text {

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

inline const char* skip_space(const char* p) {
  while (is_space(*p)) ++p;
  return p;
}

// `p` at the opening quote; returns the place after the closing one.
inline const char* skip_string(const char* p, const char* end) {
  ++p;
  for (;;) {
    const char* quote = static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(end - p)));
    const char* backslash = quote;
    while (backslash[-1] == '\\') --backslash;
    // An even run of backslashes before the quote are escaped backslashes; p is never preceded by half of one.
    if ((quote - backslash) % 2 == 0) return quote + 1;
    p = quote + 1;
  }
}

inline const char* skip_container(const char* p, const char* end) {
  std::size_t depth = 0;
  for (;;) {
    switch (*p) {
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return p + 1;
        break;
      case '"':
        p = skip_string(p, end);
        continue;
      default:
        break;
    }
    ++p;
  }
}

// `p` at the first byte of a value inside of an object or array; returns the place after its last byte.
inline const char* skip_value(const char* p, const char* end) {
  if (*p == '"') return skip_string(p, end);
  if (*p == '{' || *p == '[') return skip_container(p, end);
  while (p != end && *p != ',' && *p != '}' && *p != ']' && !is_space(*p)) ++p;
  return p;
}

inline std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

}  // namespace sluice::record::json_text
