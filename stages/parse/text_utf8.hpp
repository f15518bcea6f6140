// Whether a text is UTF-8, for the few that a format has to look at.
#pragma once

#include <string>
#include <string_view>

#include "record/utf8.hpp"

namespace sluice::stages {

inline bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t broken = 0;
    const std::size_t length = record::utf8_sequence(text, broken);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The text with U+FFFD in place of each ill-formed sequence.
inline std::string repaired_utf8(std::string_view text) {
  std::string repaired;
  record::for_each_utf8_piece(text, [&](std::string_view piece) { repaired.append(piece); });
  return repaired;
}

}  // namespace sluice::stages
