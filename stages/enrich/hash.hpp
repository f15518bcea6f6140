// enrich: {hash: {fields: [user], key: "${HASH_KEY}"}}: replaces values by pseudonyms.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option hash_option();

// Never fails on account of the settings. Null, with an error, if OpenSSL has no HMAC-SHA-256.
std::unique_ptr<Operation> make_hash(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
