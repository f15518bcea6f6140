// compress: gzip | zstd
//
// Each batch becomes a member of a gzip file (RFC 1952, section 2.2) or a frame of a zstd file (RFC 8878, section 3) of
// its own; files of many members or frames are what `zcat` and `zstdcat` read as one text. So a file is whole after
// every batch, and work is done by the workers that encode. Each gzip member tells its size in an extra field (RFC
// 1952, section 2.3.1.1) named "SL", so that the last whole one can be found without unpacking the file.
#pragma once

#include <cstdint>
#include <string_view>

#include "flow/error.hpp"
#include "record/buffer.hpp"

namespace sluice::stages {

enum class Compression { none, gzip, zstd };

// Appends `text`, compressed, to `out`. Thread-safe. Fails only for want of memory.
flow::Error compress(record::Buffer& out, std::string_view text, Compression compression);

// How much of a file, given by a descriptor to read from and its size, is whole members or frames: all of it, unless
// something that was written last has been cut off. What another program wrote counts as whole where it cannot be told.
std::uint64_t whole_compressed(int fd, std::uint64_t size, Compression compression);

}  // namespace sluice::stages
