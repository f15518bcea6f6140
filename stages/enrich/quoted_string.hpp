// Strings that writers can take over with their quotes.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// A copy of a text that JSON writes as it stands: without quotes, backslashes and control characters, and valid UTF-8.
// It is kept between quotes, so that it is written in one go.
inline record::Value keep_plain(std::string_view text, record::Arena& arena) {
  char* const kept = static_cast<char*>(arena.allocate(text.size() + 2, 1));
  kept[0] = '"';
  if (!text.empty()) std::memcpy(kept + 1, text.data(), text.size());
  kept[text.size() + 1] = '"';
  return record::Value::quoted_string({kept + 1, text.size()});
}

// A copy of any text that is valid UTF-8.
inline record::Value keep_string(std::string_view text, record::Arena& arena) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; });
  return plain ? keep_plain(text, arena) : record::Value::string(arena.copy(text));
}

}  // namespace sluice::stages
