// Looking for bytes in short pieces of text, 16 at a time where the processor can (SSE2, part of every x86-64).
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstddef>
#include <cstring>
#include <string_view>

namespace sluice::stages {

// Texts may end where their memory ends, so blocks are read only if they lie within the text whole.
//
// The first byte from `p` on that `matches` and, with SSE2, whose bit is set in `mask` of its block; else `end`.
#if defined(__SSE2__)
template <class Mask, class Matches>
const char* scan_for(const char* p, const char* end, Mask mask, Matches matches) {
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    if (const auto bits = static_cast<unsigned>(_mm_movemask_epi8(mask(block))); bits != 0) {
      return p + __builtin_ctz(bits);
    }
  }
  while (p != end && !matches(*p)) ++p;
  return p;
}

inline const char* find_byte(const char* p, const char* end, char wanted) {
  const __m128i all = _mm_set1_epi8(wanted);
  return scan_for(
      p, end, [&](__m128i block) { return _mm_cmpeq_epi8(block, all); }, [&](char c) { return c == wanted; });
}

inline const char* find_either(const char* p, const char* end, char first, char second) {
  const __m128i one = _mm_set1_epi8(first);
  const __m128i other = _mm_set1_epi8(second);
  return scan_for(
      p, end, [&](__m128i block) { return _mm_or_si128(_mm_cmpeq_epi8(block, one), _mm_cmpeq_epi8(block, other)); },
      [&](char c) { return c == first || c == second; });
}

// The first byte that a JSON string could not hold as it stands, or that needs a closer look: a quote, a backslash, a
// control character, anything but ASCII.
inline const char* find_special(const char* p, const char* end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  return scan_for(
      p, end,
      [&](__m128i block) {
        // As signed numbers, bytes from 0x80 on are negative and so below the space, like control characters.
        const __m128i odd = _mm_cmplt_epi8(block, space);
        return _mm_or_si128(odd, _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
      },
      [](char c) { return c == '"' || c == '\\' || static_cast<signed char>(c) < ' '; });
}

// The first byte up to and including the space, `=` or `"`: where an unquoted word of logfmt ends.
inline const char* find_word_end(const char* p, const char* end) {
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i equals = _mm_set1_epi8('=');
  const __m128i quote = _mm_set1_epi8('"');
  return scan_for(
      p, end,
      [&](__m128i block) {
        const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(block, space), block);
        return _mm_or_si128(blank, _mm_or_si128(_mm_cmpeq_epi8(block, equals), _mm_cmpeq_epi8(block, quote)));
      },
      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '=' || c == '"'; });
}
#else
template <class Matches>
const char* scan_for(const char* p, const char* end, Matches matches) {
  while (p != end && !matches(*p)) ++p;
  return p;
}
inline const char* find_byte(const char* p, const char* end, char wanted) {
  return scan_for(p, end, [&](char c) { return c == wanted; });
}
inline const char* find_either(const char* p, const char* end, char first, char second) {
  return scan_for(p, end, [&](char c) { return c == first || c == second; });
}
inline const char* find_special(const char* p, const char* end) {
  return scan_for(p, end, [](char c) { return c == '"' || c == '\\' || static_cast<signed char>(c) < ' '; });
}
inline const char* find_word_end(const char* p, const char* end) {
  return scan_for(p, end, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '=' || c == '"'; });
}
#endif

inline std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace sluice::stages
