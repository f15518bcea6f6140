#include "stages/filter/key_hash.hpp"

#include <openssl/evp.h>
#include <xxhash.h>

#include <stdexcept>

namespace sluice::stages {

std::uint64_t key_hash(std::string_view key, std::uint64_t seed) { return XXH64(key.data(), key.size(), seed); }

void key_digest(std::string_view key, unsigned char (&digest)[32]) {
  if (EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256: install libssl with its default provider");
  }
}

}  // namespace sluice::stages
