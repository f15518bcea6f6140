#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::config {
namespace {

constexpr std::size_t kMaxQuoted = 60;  // characters

struct Range {
  char32_t first;
  char32_t last;
};

// Wide and fullwidth blocks of Unicode's EastAsianWidth.txt, coarsely.
constexpr std::array<Range, 11> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0xA4CF},
                                       {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F},
                                       {0x1F900, 0x1F9FF},
                                       {0x20000, 0x3FFFD}}};

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& offset) {
  constexpr char32_t kInvalid = 0xFFFD;
  const auto lead = static_cast<unsigned char>(text[offset]);
  const std::size_t length = sequence_length(lead);
  if (length == 0 || offset + length > text.size()) {
    ++offset;
    return kInvalid;
  }
  if (length == 1) {
    ++offset;
    return lead;
  }
  auto code = static_cast<char32_t>(lead & (0x7F >> length));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[offset + i]);
    if ((byte & 0xC0) != 0x80) {
      ++offset;
      return kInvalid;
    }
    code = (code << 6) | (byte & 0x3F);
  }
  // Overlong forms, surrogates and values above U+10FFFF are no UTF-8 (RFC 3629, section 3).
  const bool valid = (length == 2) || (length == 3 && code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) ||
                     (length == 4 && code >= 0x10000 && code <= 0x10FFFF);
  offset += valid ? length : 1;
  return valid ? code : kInvalid;
}

std::size_t display_width(char32_t code_point) {
  if ((code_point >= 0x300 && code_point <= 0x36F) || (code_point >= 0x200B && code_point <= 0x200F)) return 0;
  const bool wide = std::any_of(kWide.begin(), kWide.end(), [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
  return wide ? 2 : 1;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t start = offset;
    const char32_t code = next_code_point(text, offset);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || (code == 0xFFFD && offset - start == 1) ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    if (code == '\t') {
      result += ' ';
    } else if (control) {
      result += '?';
    } else {
      result += text.substr(start, offset - start);
    }
  }
  return result;
}

std::string quote(std::string_view text) {
  const std::size_t line_end = text.find_first_of("\r\n");
  std::string_view head = text.substr(0, line_end);
  bool cut = line_end != std::string_view::npos;
  std::size_t characters = 0;
  for (std::size_t offset = 0; offset < head.size(); ++characters) {
    if (characters == kMaxQuoted) {
      head = head.substr(0, offset);
      cut = true;
      break;
    }
    next_code_point(head, offset);
  }
  return "`" + printable(head) + (cut ? "…`" : "`");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string alternatives(std::span<const std::string> names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " or " : ", ";
    result += quote(names[i]);
  }
  return result;
}

}  // namespace sluice::config
