#include "stages/enrich/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/json_writer.hpp"
#include "stages/enrich/field_editor.hpp"
#include "stages/enrich/quoted_string.hpp"
#include "stages/write/field_path.hpp"

namespace sluice::stages {
namespace {

using record::Type;
using record::Value;

constexpr std::size_t kDigestBytes = 32;

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// HMAC-SHA-256 (RFC 2104) under one key. For one thread; a copy for each.
class KeyedHash {
 public:
  explicit KeyedHash(std::string_view key) {
    const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    context_.reset(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac.get()));
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_end()};
    check(context_ != nullptr && EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()),
                                              key.size(), parameters.data()) == 1);
  }
  KeyedHash(const KeyedHash& other) : context_(EVP_MAC_CTX_dup(other.context_.get())) { check(context_ != nullptr); }
  KeyedHash& operator=(const KeyedHash&) = delete;
  ~KeyedHash() = default;

  std::array<unsigned char, kDigestBytes> of(std::string_view text) {
    std::array<unsigned char, kDigestBytes> digest;
    std::size_t size = 0;
    // Without a key, init() begins anew under the one that is there.
    check(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1 &&
          EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size());
    return digest;
  }

 private:
  static void check(bool good) {
    if (!good)
      throw std::runtime_error("OpenSSL cannot compute HMAC-SHA-256: install libssl with its default provider");
  }

  std::unique_ptr<EVP_MAC_CTX, FreeMac> context_;
};

class Hash final : public Operation {
 public:
  Hash(std::vector<FieldEditor> fields, std::string_view key, std::size_t length)
      : fields_(std::move(fields)), keyed_(key), length_(length) {}

  void apply(const flow::Context&, record::Batch& batch, Tally&) const override {
    KeyedHash keyed = keyed_;
    record::Arena& arena = batch.arena();
    record::Buffer scratch;
    const Edit pseudonym = [&](const Value& value) -> Value {
      const Value decoded = decode_string(value, arena);
      if (decoded.is(Type::null) || (decoded.is(Type::json) && decoded.text() == "null")) return {};
      std::string_view text = decoded.text();
      if (!decoded.is(Type::string)) {
        scratch.clear();
        record::write_text(scratch, decoded);
        text = scratch.view();
      }
      return pseudonym_of(keyed.of(text), arena);
    };
    for (record::Record& record : batch.records()) {
      for (const FieldEditor& field : fields_) field.edit(record, arena, pseudonym);
    }
  }

 private:
  Value pseudonym_of(const std::array<unsigned char, kDigestBytes>& digest, record::Arena& arena) const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 2 * kDigestBytes> text;
    for (std::size_t i = 0; i < digest.size(); ++i) {
      text[2 * i] = kDigits[digest[i] >> 4];
      text[2 * i + 1] = kDigits[digest[i] & 15];
    }
    return keep_plain({text.data(), length_}, arena);
  }

  const std::vector<FieldEditor> fields_;
  const KeyedHash keyed_;
  const std::size_t length_;  // in hexadecimal digits
};

}  // namespace

config::Option hash_option() {
  using config::Option;
  return Option::mapping("hash",
                         {Option::list("fields", Option::string().not_empty())
                              .or_single()
                              .required()
                              .not_empty()
                              .example("[user, client.ip]")
                              .doc("the fields to replace, `a.b` for a nested one; lists and maps as their JSON text"),
                          Option::string("key")
                              .required()
                              .not_empty()
                              .example("\"${HASH_KEY}\"")
                              .doc("the secret; who knows it can find out what a pseudonym stands for by trying"),
                          Option::integer("length").at_least(8).at_most(64).defaults("64").doc(
                              "how many of the 64 hexadecimal digits to keep; 16 are enough for a million values")})
      .example("{fields: [user], key: \"${HASH_KEY}\"}")
      .doc("replace values by pseudonyms: HMAC-SHA-256 in hexadecimal; null stays null");
}

std::unique_ptr<Operation> make_hash(const config::Settings& settings, Workshop& workshop) {
  const config::Settings& section = settings.section("hash");
  std::vector<FieldEditor> fields;
  for (const std::string& name : section.strings("fields")) fields.emplace_back(name, workshop.fields);
  const std::string key = section.string("key");
  return std::make_unique<Hash>(std::move(fields), key, static_cast<std::size_t>(section.integer("length")));
}

}  // namespace sluice::stages
