// The hash behind `sample`, and a compact form of keys for tables.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::stages {

// XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): the same on every machine and in every version of sluice,
// because `sample` promises that.
std::uint64_t key_hash(std::string_view key, std::uint64_t seed = 0);

// SHA-256 into 32 bytes, for keys that are too long to be kept.
void key_digest(std::string_view key, unsigned char (&digest)[32]);

}  // namespace sluice::stages
