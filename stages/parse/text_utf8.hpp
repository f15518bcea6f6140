// Whether a text is UTF-8, for the few that a format has to look at.
#pragma once

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

}  // namespace sluice::stages
