// Base64, RFC 4648 section 4, for bytes that no text format can hold.
#pragma once

#include <string_view>

#include "record/buffer.hpp"

namespace sluice::record {

// Appends `octets` in base64, padded with '='.
void write_base64(Buffer& out, std::string_view octets);

}  // namespace sluice::record
