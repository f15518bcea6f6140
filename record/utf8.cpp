#include "record/utf8.hpp"

namespace sluice::record {

namespace {

struct Lead {
  std::size_t length;       // 0: no lead byte
  unsigned char low, high;  // the range of the second byte
};

Lead lead(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xc2 && byte <= 0xdf) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8_sequence(std::string_view text, std::size_t& broken) {
  const Lead first = lead(static_cast<unsigned char>(text[0]));
  broken = 1;
  if (first.length <= 1) return first.length;
  for (std::size_t i = 1; i < first.length; ++i) {
    const auto byte = static_cast<unsigned char>(i < text.size() ? text[i] : 0);
    const bool fits = i == 1 ? byte >= first.low && byte <= first.high : (byte & 0xc0) == 0x80;
    if (!fits) return 0;
    broken = i + 1;
  }
  return first.length;
}

}  // namespace sluice::record
