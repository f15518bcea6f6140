// Making text valid UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::record {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

// The length of the valid UTF-8 sequence (RFC 3629 section 4) that `text`, not empty, begins with; 0 if there is none.
// `broken` is then how many bytes to replace together: the longest beginning of a sequence, at least 1 (the "maximal
// subpart" of the Unicode Standard, section 3.9).
std::size_t utf8_sequence(std::string_view text, std::size_t& broken);

// Calls `visit` with the longest valid stretches of `text`, and with U+FFFD in place of each ill-formed one.
template <class Visit>
void for_each_utf8_piece(std::string_view text, Visit visit) {
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t broken = 0;
    const std::size_t length = utf8_sequence(text.substr(at), broken);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > begin) visit(text.substr(begin, at - begin));
    visit(kReplacementCharacter);
    at += broken;
    begin = at;
  }
  if (at > begin) visit(text.substr(begin));
}

}  // namespace sluice::record
