// filter: lets some records go on.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

// - filter: status >= 500 && !path.startsWith("/health")
// - filter: {where: 'level == "error"', on_error: keep}
// - filter: {sample: 0.1, key: user_id}
// - filter: {limit: 100/s, key: client_ip}
// - filter: {dedupe: {key: message, window: 1m}}
Definition filter();

}  // namespace sluice::stages
