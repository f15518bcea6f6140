// Where the admin endpoint listens.
#pragma once

#include "config/diagnostics.hpp"
#include "config/pipeline.hpp"
#include "config/settings.hpp"

namespace sluice::config {

// From the checked value of `admin:`, which is a text or a mapping. Reads `token_file`. Beyond loopback a token is
// demanded. With errors the result is of the kind `off`.
Admin read_admin(const Value& value, Diagnostics& diagnostics);

// The same for an address alone: a path, `127.0.0.1:PORT`, `[::1]:PORT` or `localhost:PORT`; the kind `off` if it is
// none of these.
Admin parse_admin_address(std::string_view text);

// The address as it would be written in a configuration.
std::string to_string(const Admin& admin);

}  // namespace sluice::config
