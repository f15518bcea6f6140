// The checksum of the lines in a state directory.
#pragma once

#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <string_view>

namespace sluice::daemon {

// CRC-32 as in gzip (RFC 1952 section 8), in eight hexadecimal digits.
inline std::string checksum(std::string_view text) {
  return fmt::format("{:08x}", crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

}  // namespace sluice::daemon
