#include "record/base64.hpp"

#include <cstdint>

namespace sluice::record {

void write_base64(Buffer& out, std::string_view octets) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < octets.size() ? static_cast<unsigned char>(octets[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = k > octets.size() - i;
      out.push_back(padding ? '=' : kAlphabet[group >> (18 - 6 * k) & 63]);
    }
  }
}

}  // namespace sluice::record
